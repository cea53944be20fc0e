"""The chat's main screen: sends, streams, stops, and acts on code blocks."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static

from deepcoder_cli.errors import DeepcoderError, SandboxUnavailable, SessionError
from deepcoder_cli.sandbox.runner import RunRequest
from deepcoder_cli.tui import clipboard
from deepcoder_cli.tui.codeblock import CodeBlockView
from deepcoder_cli.tui.composer import Composer
from deepcoder_cli.tui.dialogs import InputDialog, KeysDialog, SaveDialog, SessionPicker
from deepcoder_cli.tui.display import displayable
from deepcoder_cli.tui.runresult import describe
from deepcoder_cli.tui.status import Progress, StatusLine
from deepcoder_cli.tui.transcript import Transcript
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.sessions.conversation import Conversation

NANO_LINE = "nano is a demonstration model trained on generated problems: send a problem."
NANO_HINT = "Paste a problem; each is read on its own. Enter sends, ^J: new line."
HINT = "Ask something. Enter sends, Ctrl+J makes a new line."
QUIT_WITHIN_S = 2.0
READS_INPUT = ("input(", "stdin", "open(0")


class ChatScreen(Screen[None]):
    """Everything the user sees; the conversation does the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="chat.stop"),
        Binding("ctrl+r", "run", "Run", priority=True, id="chat.run"),
        Binding(
            "ctrl+g", "run_with_input", "Run with input", priority=True, show=False, id="chat.input"
        ),
        Binding(
            "ctrl+y", "copy_block", "Copy the block", priority=True, show=False, id="chat.copy"
        ),
        Binding(
            "ctrl+s", "save_block", "Save the block", priority=True, show=False, id="chat.save"
        ),
        Binding(
            "ctrl+up,alt+up",
            "step(-1)",
            "Choose the block above",
            priority=True,
            show=False,
            id="chat.up",
        ),
        Binding(
            "ctrl+down,alt+down",
            "step(1)",
            "Choose the block below",
            priority=True,
            show=False,
            id="chat.down",
        ),
        Binding("ctrl+t", "reasoning", "Reasoning", priority=True, show=False, id="chat.reasoning"),
        Binding("ctrl+n", "new", "New", priority=True, id="chat.new"),
        Binding("ctrl+o", "sessions", "Sessions", priority=True, id="chat.sessions"),
        Binding("pageup", "page(-1)", "Page up", priority=True, show=False, id="chat.pageup"),
        Binding("pagedown", "page(1)", "Page down", priority=True, show=False, id="chat.pagedown"),
        Binding(
            "ctrl+home", "top", "Top, older messages", priority=True, show=False, id="chat.top"
        ),
        Binding("ctrl+end", "bottom", "Bottom", priority=True, show=False, id="chat.bottom"),
        Binding(
            "ctrl+c",
            "interrupt",
            "Copy the selection, stop, quit",
            priority=True,
            show=False,
            id="chat.interrupt",
        ),
        Binding("f1", "help", "Help", id="chat.help"),
    ]

    def __init__(self, conversation: Conversation, open_runner: Callable[[], Runner]) -> None:
        super().__init__()
        self.conversation = conversation
        self.progress = Progress()
        self._open_runner = open_runner
        self._turn: asyncio.Task[None] | None = None
        self.running: asyncio.Task[None] | None = None
        self._stdin = ""
        self._interrupted_at = 0.0

    def compose(self) -> ComposeResult:
        """Turns above, the input and the status below."""
        builtin = self.conversation.model.builtin
        if builtin:
            yield Static(NANO_LINE, id="banner", markup=False)
        yield Transcript()
        yield Composer(NANO_HINT if builtin else HINT)
        yield StatusLine(displayable(self.conversation.model.name))
        yield Footer(compact=True)

    async def on_mount(self) -> None:
        """Show the session; load the model and look for a sandbox meanwhile."""
        await self.transcript.show(self.conversation.messages)
        self.query_one(Composer).focus()
        self.set_interval(0.25, self.draw_status)
        self._load_model()
        self._find_sandbox()

    @property
    def transcript(self) -> Transcript:
        """The turns."""
        return self.query_one(Transcript)

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return self._turn is not None

    def draw_status(self) -> None:
        """Refresh the status line."""
        self.query_one(StatusLine).show(self.progress)

    async def stop_everything(self) -> None:
        """End the answer and the run in progress; what has come is saved."""
        tasks = [task for task in (self._turn, self.running) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- the model ---------------------------------------------------------------------------

    @work
    async def _load_model(self) -> None:
        try:
            backend = await self.conversation.engine.get()
        except DeepcoderError as error:
            self.progress.state = "no model"
            await self.transcript.add_note(f"✗ {error}", error=True)
            return
        self.query_one(StatusLine).context_tokens = backend.context_tokens
        if self.progress.state == "loading":
            self.progress.state = "ready"

    @work
    async def _find_sandbox(self) -> None:
        try:
            runner = await asyncio.to_thread(self._open_runner)
        except SandboxUnavailable:
            self.query_one(StatusLine).sandbox = "none"
        else:
            self.query_one(StatusLine).sandbox = runner.tier.value

    @on(Composer.Sent)
    def _sent(self, event: Composer.Sent) -> None:
        if not event.text.strip():
            return
        if self.busy:
            self.notify("An answer is being written: Esc stops it. Your text is kept.")
            return
        self.query_one(Composer).clear()
        self._turn = asyncio.create_task(self._answer(event.text))

    async def _answer(self, text: str) -> None:
        """One turn, from the user's message to the frozen answer."""
        self.progress.begin()
        self.refresh_bindings()
        await self.transcript.add_user(text)
        view = await self.transcript.add_answer()
        failure: DeepcoderError | None = None
        try:
            async with aclosing(self.conversation.send(text)) as events:
                async for event in events:
                    view.feed(event)
                    self.progress.take(event)
        except DeepcoderError as error:
            failure = error
        finally:
            try:
                await view.freeze(self.conversation.messages[-1])
            finally:
                await self._turn_ended(failure)

    async def _turn_ended(self, failure: DeepcoderError | None) -> None:
        self.progress.state = "engine failed" if failure else "ready"
        self.transcript.choose_last()
        if failure is not None:
            await self.transcript.add_note(f"✗ {failure}", error=True)
        if self.conversation.unsaved is not None:
            await self.transcript.add_note(f"✗ {self.conversation.unsaved}", error=True)
            self.conversation.unsaved = None
        self._turn = None
        self.refresh_bindings()
        self.draw_status()

    def action_stop(self) -> None:
        """Stop the answer; else the run."""
        if self._turn is not None:
            self._turn.cancel()
        elif self.running is not None:
            self.running.cancel()

    # -- code blocks -------------------------------------------------------------------------

    @on(CodeBlockView.Chosen)
    def _chose(self, event: CodeBlockView.Chosen) -> None:
        self.transcript.choose(event.view)

    def action_step(self, by: int) -> None:
        """Choose the block above or below."""
        self.transcript.step(by)

    def action_run(self) -> None:
        """Run the chosen block; ask for input first where it wants some and none is known."""
        view = self._runnable()
        if view is None:
            return
        if not self._stdin and any(sign in view.block.code for sign in READS_INPUT):
            self.action_run_with_input()
        else:
            self._start_run(view)

    def action_run_with_input(self) -> None:
        """Ask for the program's input, then run."""
        view = self._runnable()
        if view is None:
            return

        def given(text: str | None) -> None:
            if text is not None:
                self._stdin = text
                self._start_run(view)

        self.app.push_screen(InputDialog(self._stdin or self.conversation.example_input()), given)

    def _runnable(self) -> CodeBlockView | None:
        view = self._chosen_block()
        if view is not None and not view.is_python:
            language = displayable(view.block.language)
            self.notify(f"Only Python can be run; this block is {language}.", markup=False)
            return None
        if view is not None and self.running is not None:
            self.notify("A program is running: Esc stops it.")
            return None
        return view

    def _chosen_block(self) -> CodeBlockView | None:
        view = self.transcript.chosen
        if view is None:
            self.notify("There is no code block yet.")
        return view

    def _start_run(self, view: CodeBlockView) -> None:
        self.running = asyncio.create_task(self._run_block(view, self._stdin))
        self.refresh_bindings()

    async def _run_block(self, view: CodeBlockView, stdin: str) -> None:
        limits = Limits()
        pane = await view.run_pane()
        await pane.show_summary("… running (Esc stops)")
        view.scroll_visible(animate=False)
        try:
            runner = await asyncio.to_thread(self._open_runner)
            program = RunRequest(view.block.code, stdin.encode("utf-8", "replace"), limits)
            result = await runner.arun(program)
            await pane.show_run(describe(result, limits), stdin)
        except asyncio.CancelledError:
            await pane.show_summary("■ stopped", ok=False)
        except DeepcoderError as error:
            await pane.show_summary(displayable(f"✗ not run: {error}"), ok=False)
        finally:
            self.running = None
            self.refresh_bindings()
            pane.scroll_visible(animate=False)

    @work
    async def action_copy_block(self) -> None:
        """Copy the chosen block as it came."""
        view = self._chosen_block()
        if view is not None:
            self.notify(await clipboard.copy(self.app, view.block.code), markup=False)

    def action_save_block(self) -> None:
        """Ask where, then save the chosen block as it came."""
        view = self._chosen_block()
        if view is None:
            return
        name = "solution.py" if view.is_python else "block.txt"
        self.app.push_screen(
            SaveDialog(view.block.code, name),
            lambda path: self.notify(f"Saved to {path}.", markup=False) if path else None,
        )

    # -- sessions and the rest ---------------------------------------------------------------

    @work
    async def action_new(self) -> None:
        """Begin a new session; the old one stays saved."""
        await self.stop_everything()
        self.conversation.start_anew()
        self.progress = Progress(state="ready")
        await self.transcript.show(())

    @work
    async def action_sessions(self) -> None:
        """Open a saved session."""
        store = self.conversation.store
        if store is None:
            self.notify("Nothing is saved: this chat was started with --no-save.")
            return
        try:
            chosen = await self.app.push_screen_wait(SessionPicker(store.sessions()))
            if chosen is None:
                return
            await self.stop_everything()
            self.conversation.resume(chosen)
        except SessionError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.progress = Progress(state="ready")
        await self.transcript.show(self.conversation.messages)

    async def action_reasoning(self) -> None:
        """Show or hide the reasoning of the last answer."""
        await self.transcript.toggle_reasoning()

    def action_page(self, by: int) -> None:
        """Scroll by a page."""
        if by < 0:
            self.transcript.scroll_page_up(animate=False)
        else:
            self.transcript.scroll_page_down(animate=False)

    async def action_top(self) -> None:
        """Scroll to the top, where a further page of old turns is loaded."""
        if self.transcript.scroll_y <= 0:
            await self.transcript.show_earlier()
        self.transcript.scroll_home(animate=False)

    def action_bottom(self) -> None:
        """Scroll to the end and follow it."""
        self.transcript.anchor()

    async def action_interrupt(self) -> None:
        """Copy what is selected; else stop what runs; else, pressed twice, quit."""
        selected = self.query_one(Composer).selected_text or self.get_selected_text()
        if selected:
            self.notify(await clipboard.copy(self.app, selected), markup=False)
        elif self._turn is not None or self.running is not None:
            self.action_stop()
        elif time.monotonic() - self._interrupted_at < QUIT_WITHIN_S:
            await self.app.action_quit()
        else:
            self._interrupted_at = time.monotonic()
            self.notify("Press Ctrl+C again to quit.")

    def action_help(self) -> None:
        """Show the keys, as they are mapped now."""
        keys: dict[str, list[str]] = {}
        for active in self.active_bindings.values():
            if (active.binding.id or "").startswith(("chat.", "app.")):
                key = self.app.get_key_display(active.binding)
                keys.setdefault(active.binding.description, []).append(key)
        self.app.push_screen(KeysDialog(keys))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The stop key is shown only while there is something to stop."""
        if action == "stop":
            return self._turn is not None or self.running is not None
        return super().check_action(action, parameters)
