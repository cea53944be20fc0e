"""The chat's main screen: sends, streams, stops, and acts on code blocks."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.screen import Screen
from textual.widgets import Footer, Static

from deepcoder_cli.crash import internal_error
from deepcoder_cli.errors import DeepcoderError, InputError, SandboxUnavailable, SessionError
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Terminal
from deepcoder_cli.tui import clipboard
from deepcoder_cli.tui.activity import Activity
from deepcoder_cli.tui.answer import AnswerView
from deepcoder_cli.tui.codeblock import CodeBlockView
from deepcoder_cli.tui.composer import Composer
from deepcoder_cli.tui.dialogs import InputDialog, KeysDialog, SaveDialog, SessionPicker
from deepcoder_cli.tui.display import displayable
from deepcoder_cli.tui.keys import CHAT_KEYS
from deepcoder_cli.tui.runresult import describe
from deepcoder_cli.tui.status import Progress, StatusLine
from deepcoder_cli.tui.transcript import Transcript
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from deepcoder_cli.sandbox.runner import LiveRunner
    from deepcoder_cli.sessions.conversation import Conversation
    from deepcoder_cli.tui.codeblock import RunPane

NANO_LINE = "nano is a demonstration model trained on generated problems: send a problem."
NANO_HINT = "Paste a problem; each is read on its own. Enter sends, ^J: new line."
HINT = "Ask something. Enter sends, Ctrl+J makes a new line."
QUIT_WITHIN_S = 2.0
CATCH_UP_S = 2.0
READS_INPUT = ("input(", "stdin", "open(0", "readFileSync(0", "cin", "scanf", "getline(")
SAVED_AS = {
    Language.PYTHON: "solution.py",
    Language.CPP: "solution.cpp",
    Language.JAVASCRIPT: "solution.js",
}
RUN_ROWS = 24


class ChatScreen(Screen[None]):
    """Everything the user sees; the conversation does the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [*CHAT_KEYS]

    def __init__(self, conversation: Conversation, open_runner: Callable[[], LiveRunner]) -> None:
        super().__init__()
        self.conversation = conversation
        self.progress = Progress()
        self._open_runner = open_runner
        self._turn: Activity | None = None
        self.running: Activity | None = None
        self._inputs: dict[AnswerView, str] = {}  # what programs of an answer were given last
        self._said_unsaved: str | None = None
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
        self.set_interval(CATCH_UP_S, self._catch_up)
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
        for activity in (self._turn, self.running):
            if activity is not None:
                await activity.end()

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
        self.conversation.keep(event.text)
        self.query_one(Composer).clear()
        self._turn = Activity(partial(self._answer, event.text), self._turn_over)
        self.refresh_bindings()

    async def _answer(self, text: str, turn: Activity) -> None:
        """One turn, from the user's message to the frozen answer."""
        self.progress.begin()
        await self.transcript.add_user(text)
        view = await self.transcript.add_answer()
        failure = await _failure_of(turn.stoppable(self._stream_into(view)))
        self.conversation.end_answer()  # where it was stopped before it began
        await view.freeze(self.conversation.messages[-1])
        self.transcript.choose_last()
        await self._show_failure(failure, text)
        await self._show_unsaved()

    async def _stream_into(self, view: AnswerView) -> None:
        async with aclosing(self.conversation.answer()) as events:
            async for event in events:
                view.feed(event)
                self.progress.take(event)

    async def _show_failure(self, failure: DeepcoderError | None, text: str) -> None:
        """Say what went wrong; a message that was refused is given back to be changed."""
        self.progress.state = "ready"
        if failure is None:
            return
        await self.transcript.add_note(f"✗ {failure}", error=True)
        if isinstance(failure, InputError):
            composer = self.query_one(Composer)
            if not composer.text:
                composer.load_text(text)
        else:
            self.progress.state = "engine failed"

    async def _show_unsaved(self) -> None:
        """Say it when saving fails, and when it works again."""
        reason = self.conversation.unsaved
        if reason == self._said_unsaved:
            return
        self._said_unsaved = reason
        if reason is not None:
            await self.transcript.add_note(f"✗ not saved yet: {reason}", error=True)
        else:
            self.notify("Everything is saved again.")

    @work(exclusive=True, group="catch-up")
    async def _catch_up(self) -> None:
        """Save what could not be saved before."""
        if self.conversation.unsaved is not None:
            await self.conversation.save()
        await self._show_unsaved()

    def _turn_over(self, error: BaseException | None) -> None:
        self._turn = None
        self._activity_over(error)

    def _run_over(self, error: BaseException | None) -> None:
        self.running = None
        self._activity_over(error)

    def _activity_over(self, error: BaseException | None) -> None:
        if not self.is_running:
            return
        if error is not None:
            self.notify(str(internal_error(error)), severity="error", markup=False)
        self.refresh_bindings()
        self.draw_status()

    def action_stop(self) -> None:
        """Stop the answer; else the run."""
        activity = self._turn or self.running
        if activity is not None:
            activity.stop()

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
        stdin = self._inputs.get(_answer_of(view))
        if stdin is None and any(sign in view.block.code for sign in READS_INPUT):
            self.action_run_with_input()
        else:
            self._start_run(view, stdin or "")

    def action_run_with_input(self) -> None:
        """Ask for the program's input, then run."""
        view = self._runnable()
        if view is None:
            return

        answer = _answer_of(view)

        def given(text: str | None) -> None:
            if text is not None:
                self._inputs[answer] = text
                self._start_run(view, text)

        offered = self._inputs.get(answer) or self.conversation.example_input(answer.record)
        self.app.push_screen(InputDialog(offered), given)

    def _runnable(self) -> CodeBlockView | None:
        view = self._chosen_block()
        if view is not None and view.language is None:
            language = displayable(view.block.language)
            known = "Python, C++ and JavaScript can"
            self.notify(f"{language} cannot be run; {known}.", markup=False)
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

    def _start_run(self, view: CodeBlockView, stdin: str) -> None:
        self.running = Activity(partial(self._run_block, view, stdin), self._run_over)
        self.refresh_bindings()

    async def _run_block(self, view: CodeBlockView, stdin: str, run: Activity) -> None:
        """One run, from the emptied pane to what came of it."""
        pane = await view.run_pane()
        await pane.show_summary("… running (Esc stops)")
        view.scroll_visible(animate=False)
        failure = await _failure_of(run.stoppable(self._run_into(pane, view, stdin)))
        if failure is not None:
            await pane.show_summary(displayable(f"✗ not run: {failure}"), ok=False)
        elif run.was_cut:
            await pane.show_summary("■ stopped", ok=False)
        pane.scroll_visible(animate=False)

    async def _run_into(self, pane: RunPane, view: CodeBlockView, stdin: str) -> None:
        limits = Limits()
        runner = await asyncio.to_thread(self._open_runner)
        request = RunRequest(
            view.block.code,
            stdin.encode("utf-8", "replace"),
            limits,
            language=view.language or Language.PYTHON,
            profile=Profile.GENERAL,
        )
        terminal = Terminal(max(20, view.size.width - 6), RUN_ROWS)
        result = await runner.arun_live(
            request, terminal=terminal, show=lambda _, chunk: pane.feed(chunk)
        )
        await pane.show_run(describe(result, limits), stdin)

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
        name = "block.txt" if view.language is None else SAVED_AS[view.language]
        self.app.push_screen(
            SaveDialog(view.block.code, name),
            lambda path: self.notify(f"Saved to {path}.", markup=False) if path else None,
        )

    # -- sessions and the rest ---------------------------------------------------------------

    @work
    async def action_new(self) -> None:
        """Begin a new session; the old one stays saved."""
        await self.stop_everything()
        self._inputs.clear()
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
            sessions = await asyncio.to_thread(store.sessions)
            chosen = await self.app.push_screen_wait(SessionPicker(sessions))
            if chosen is None:
                return
            await self.stop_everything()
            await self.conversation.resume(chosen)
        except SessionError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._inputs.clear()
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


async def _failure_of(work: Awaitable[None]) -> DeepcoderError | None:
    """What went wrong in `work`, to be shown; one that nobody foresaw is logged as well."""
    try:
        await work
    except DeepcoderError as error:
        return error
    except Exception as error:  # noqa: BLE001 - shown, and its traceback kept: the chat lives on
        return internal_error(error)
    return None


def _answer_of(view: CodeBlockView) -> AnswerView:
    """The answer that the block is part of."""
    return next(parent for parent in view.ancestors if isinstance(parent, AnswerView))
