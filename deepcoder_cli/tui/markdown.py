"""Markdown twice: a widget that streams cheaply, and a still renderable for finished text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from markdown_it import MarkdownIt
from rich.markdown import Heading
from rich.markdown import Markdown as RichMarkdown
from textual.content import Content
from textual.widgets import Markdown
from textual.widgets._markdown import MarkdownFence

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.markdown import MarkdownElement
    from textual.widgets._markdown import MarkdownBlock


def parser() -> MarkdownIt:
    """Tables and strikethrough; no HTML, so that `vector<int>` stays visible."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@lru_cache(maxsize=64)
def highlighted(code: str, language: str, *, ansi: bool, dark: bool) -> Content:
    """`code` in colours; one block is highlighted once, however often it is drawn."""
    return MarkdownFence.highlight(code, language or "text", ansi=ansi, dark=dark)


def is_closed(token: Token) -> bool:
    """Whether a fence's closing line is there: it then spans two lines more than its code."""
    if token.type != "fence" or token.map is None:
        return True
    first, end = token.map
    return end - first == token.content.count("\n") + 2


class StreamingFence(MarkdownFence):
    """A fence that stays plain while it is open and takes its colours when it closes.

    Highlighting at every flush costs more than all the rest of the screen.
    """

    def __init__(self, markdown: Markdown, token: Token, code: str) -> None:
        super().__init__(markdown, token, "")
        self.code = code
        self.closed = is_closed(token)
        self._highlighted_code = self._content_now()

    def notify_style_update(self) -> None:
        """Follow a change of the theme."""
        super().notify_style_update()
        self._highlighted_code = self._content_now()
        self.set_content(self._highlighted_code)

    def _copy_context(self, block: MarkdownBlock) -> None:
        super()._copy_context(block)
        if isinstance(block, StreamingFence):
            self.closed = block.closed

    def _content_now(self) -> Content:
        if not self.closed:
            return Content(self.code)
        app = self.app
        dark = app.current_theme.dark
        return highlighted(self.code, self.lexer, ansi=app.native_ansi_color, dark=dark)


class StreamingMarkdown(Markdown):
    """An answer while it is written; must start empty. Links are shown, never opened."""

    def __init__(self) -> None:
        super().__init__(parser_factory=parser, open_links=False)

    def get_block_class(self, block_name: str) -> type[MarkdownBlock]:
        """Our own fence in place of Textual's."""
        if block_name in {"fence", "code_block"}:
            return StreamingFence
        return super().get_block_class(block_name)


class _LeftHeading(Heading):
    """A heading at the left, without a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class Prose(RichMarkdown):
    """Finished Markdown as one renderable; sources of links are written out."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **RichMarkdown.elements,
        "heading_open": _LeftHeading,
    }

    def __init__(self, text: str) -> None:
        super().__init__("", code_theme="ansi_dark", hyperlinks=False)
        self.markup = text
        self.parsed = parser().parse(text)
