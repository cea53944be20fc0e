"""One code block of a finished answer, with what happened when it was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from deepcoder_cli.extract import is_python
from deepcoder_cli.sandbox.languages import Language, language_named
from deepcoder_cli.tui.display import displayable
from deepcoder_cli.tui.markdown import highlighted
from deepcoder_cli.tui.runresult import FIRST_BYTES, shown

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from deepcoder_cli.extract import CodeBlock
    from deepcoder_cli.tui.runresult import RunText


class CodeBlockView(Vertical):
    """A block that can be chosen, run, copied and saved; `block.code` is the text as it came."""

    class Chosen(Message):
        """The user clicked the block."""

        def __init__(self, view: CodeBlockView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, block: CodeBlock) -> None:
        super().__init__()
        self.block = block
        self._header = Static("", classes="block-header")
        self._code = Static("", classes="block-code")

    @property
    def language(self) -> Language | None:
        """What the sandbox runs it as; None where it cannot."""
        name = self.block.language
        return Language.PYTHON if not name or is_python(name) else language_named(name)

    def compose(self) -> ComposeResult:
        """The header and the code; a run's output comes below."""
        yield self._header
        yield self._code

    def on_mount(self) -> None:
        """Colour the code."""
        self.mark(chosen=False)
        self.notify_style_update()

    def notify_style_update(self) -> None:
        """Follow a change of the theme."""
        super().notify_style_update()
        app = self.app
        code = displayable(self.block.code).rstrip("\n")
        language = self.language or self.block.language
        dark = app.current_theme.dark
        self._code.update(highlighted(code, language, ansi=app.native_ansi_color, dark=dark))

    def mark(self, *, chosen: bool) -> None:
        """Show whether the keys act on this block: by a sign, words and colour."""
        self.set_class(chosen, "-chosen")
        language = displayable(self.block.language) or "code"
        run = "^r run  ^g with input  " if self.language else ""
        keys = f"  {run}^y copy  ^s save" if chosen else ""
        self._header.update(Content(f"{'▶' if chosen else ' '} {language}{keys}"))

    def on_click(self) -> None:
        """Choose by mouse."""
        self.post_message(self.Chosen(self))

    async def run_pane(self) -> RunPane:
        """The pane below the code, emptied."""
        await self.query(RunPane).remove()
        pane = RunPane()
        await self.mount(pane)
        return pane


class RunPane(Vertical):
    """What a run did; lines of text that never pass through markup."""

    def __init__(self) -> None:
        super().__init__()
        self._fed = bytearray()
        self._live = Static("", classes="run-live")

    def compose(self) -> ComposeResult:
        """One line of summary, then output."""
        yield Static("", classes="run-summary")
        yield self._live

    def feed(self, chunk: bytes) -> None:
        """Show output while the program runs: the beginning, as it will be shown at the end."""
        room = FIRST_BYTES - len(self._fed)
        if room > 0:
            self._fed += chunk[:room]
            self._live.update(Content(shown(bytes(self._fed))))

    async def show_summary(self, text: str, *, ok: bool | None = None) -> None:
        """Show one line; `ok` None: neither good nor bad."""
        self.set_class(ok is True, "-ok")
        self.set_class(ok is False, "-failed")
        self.query_one(".run-summary", Static).update(Content(text))

    async def show_run(self, run: RunText, stdin: str) -> None:
        """Show how the run ended and what it printed."""
        fed = stdin.rstrip("\n").count("\n") + 1 if stdin else 0
        source = f"input: {fed} line{'s' * (fed != 1)}" if fed else "no input (^g gives some)"
        await self.show_summary(f"{run.summary} · {source}", ok=run.ok)
        await self._live.remove()
        for title, text in (("output", run.output), ("compiler", run.compiler)):
            if text:
                await self.mount(Static(Content(title), classes="run-title"))
                await self.mount(Static(Content(text), classes="run-output"))
        if not (run.output or run.compiler):
            await self.mount(Static(Content("(no output)"), classes="run-title"))
