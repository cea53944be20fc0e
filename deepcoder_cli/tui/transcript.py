"""The scrolling list of turns. It stays at the bottom until the user scrolls away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from deepcoder_cli.extract import program
from deepcoder_cli.tui.answer import AnswerView
from deepcoder_cli.tui.codeblock import CodeBlockView
from deepcoder_cli.tui.display import displayable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widget import Widget

    from deepcoder_cli.sessions.records import StoredMessage

PAGE = 40
"""Turns mounted at once; older ones come when asked for, so that long sessions stay quick."""


class Transcript(VerticalScroll, can_focus=False):
    """The turns, and which code block the keys act on."""

    def __init__(self) -> None:
        super().__init__(id="transcript")
        self._earlier: list[StoredMessage] = []
        self._chosen: CodeBlockView | None = None

    def on_mount(self) -> None:
        """Follow the end; the user's own scrolling releases it, and returning restores it."""
        self.anchor()

    @property
    def blocks(self) -> list[CodeBlockView]:
        """Every code block shown, from the top."""
        return list(self.query(CodeBlockView))

    @property
    def chosen(self) -> CodeBlockView | None:
        """The block that the keys act on."""
        return self._chosen if self._chosen in self.blocks else None

    async def show(self, messages: Sequence[StoredMessage]) -> None:
        """Show another session from its end."""
        await self.remove_children()
        self._chosen = None
        self._earlier = list(messages[:-PAGE])
        await self._mount_turns(messages[-PAGE:])
        self.choose_last()
        self.anchor()

    async def show_earlier(self) -> None:
        """Mount one more page above."""
        if not self._earlier:
            return
        page, self._earlier = self._earlier[-PAGE:], self._earlier[:-PAGE]
        await self.query("#earlier").remove()
        await self._mount_turns(page, before=0)

    async def add_user(self, text: str) -> None:
        """Show what the user sent, and follow the end again."""
        await self.mount(user_view(text))
        self.anchor()

    async def add_answer(self) -> AnswerView:
        """A view that is ready to stream."""
        view = AnswerView()
        await self.mount(view)
        await view.begin()
        return view

    async def add_note(self, text: str, *, error: bool = False) -> None:
        """Show a line of our own."""
        classes = "note -error" if error else "note"
        await self.mount(Static(Content(displayable(text)), classes=classes))

    def choose(self, view: CodeBlockView | None) -> None:
        """Let the keys act on `view`."""
        for block in self.blocks:
            block.mark(chosen=block is view)
        self._chosen = view

    def choose_last(self) -> None:
        """Let the keys act on the program of the newest answer that has blocks, else its last."""
        blocks = self.blocks
        self.choose(program_block(blocks) if blocks else None)

    def step(self, by: int) -> None:
        """Move the choice up or down and bring it into view."""
        blocks = self.blocks
        if not blocks:
            return
        now = blocks.index(self.chosen) if self.chosen else len(blocks)
        view = blocks[max(0, min(len(blocks) - 1, now + by))]
        self.choose(view)
        self.scroll_to_widget(view, animate=False, top=True)

    async def toggle_reasoning(self) -> None:
        """Open or close the reasoning of the last answer."""
        answers = self.query(AnswerView)
        if answers:
            await answers.last().reasoning.toggle()

    async def _mount_turns(
        self, messages: Sequence[StoredMessage], before: int | None = None
    ) -> None:
        views: list[Widget] = []
        if self._earlier:
            text = f"▴ {len(self._earlier)} earlier messages (^Home shows more)"
            views.append(Static(text, id="earlier", markup=False))
        pairs = [(turn_view(message), message) for message in messages]
        views += [view for view, _ in pairs]
        await self.mount_all(views, before=before if self.children else None)
        for view, message in pairs:
            if isinstance(view, AnswerView):
                await view.freeze(message)


def program_block(blocks: Sequence[CodeBlockView]) -> CodeBlockView:
    """The block that `program` takes from the last block's answer; where it takes none, the last.

    Sample output is often shown in a block of its own after the program.
    """
    last = blocks[-1]
    answer = last.parent
    if not isinstance(answer, AnswerView) or answer.record is None:
        return last
    code = program(answer.record.content)
    siblings = (block for block in reversed(blocks) if block.parent is answer and block.language)
    return next((block for block in siblings if block.block.code == code), last)


def user_view(text: str) -> Static:
    """The user's message, as plain text."""
    return Static(Content(f"❯ {displayable(text.strip())}"), classes="user")


def turn_view(message: StoredMessage) -> Widget:
    """The view of one saved turn, still empty for an answer."""
    return user_view(message.content) if message.role == "user" else AnswerView()
