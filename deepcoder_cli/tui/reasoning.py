"""The model's reasoning: a line with its length, and the text itself only when opened."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from deepcoder_cli.tui.display import displayable

_TAIL_CHARS = 4000


class ReasoningView(Vertical):
    """Collapsed: hidden reasoning is not written to any widget. Opened: plain text.

    While it streams only its end is shown, so that an hour of reasoning stays cheap.
    """

    def __init__(self) -> None:
        super().__init__()
        self._title = Static("", classes="reasoning-title")
        self._body: Static | None = None
        self._text = ""
        self._seconds = 0.0
        self._tokens = 0
        self._live = False

    @property
    def is_open(self) -> bool:
        """Whether the text is shown."""
        return self._body is not None

    def show(self, text: str, seconds: float, tokens: int, *, live: bool) -> None:
        """Show this much of the reasoning; without any, nothing at all."""
        self._text, self._seconds, self._tokens, self._live = text, seconds, tokens, live
        self.display = bool(text.strip())
        if self.is_mounted:
            self._draw()

    async def on_mount(self) -> None:
        """Draw the title."""
        await self.mount(self._title)
        self._draw()

    async def toggle(self) -> None:
        """Open or close."""
        if self._body is None:
            self._body = Static("", classes="reasoning-body")
            await self.mount(self._body)
        else:
            await self._body.remove()
            self._body = None
        self._draw()

    async def on_click(self) -> None:
        """Open or close, by mouse."""
        await self.toggle()

    def _draw(self) -> None:
        self._title.update(Content(self._heading()))
        if self._body is not None:
            self._body.update(Content(displayable(self._shown_text())))

    def _heading(self) -> str:
        arrow, verb = ("▾", "hides") if self.is_open else ("▸", "shows")
        state = "Reasoning…" if self._live else "Reasoning:"
        return f"{arrow} {state} {self._seconds:.1f} s, {self._tokens:,} tokens (^t {verb})"

    def _shown_text(self) -> str:
        text = self._text.strip("\n")
        if self._live and len(text) > _TAIL_CHARS:
            return "…" + text[-_TAIL_CHARS:]
        return text
