"""Where the user types: Enter sends, Ctrl+J or Shift+Enter makes a new line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.widgets import TextArea

if TYPE_CHECKING:
    from textual import events

MAX_CHARS = 1_000_000
_NEWLINE_KEYS = frozenset({"shift+enter", "ctrl+j", "alt+enter"})


class Composer(TextArea):
    """The input; what is typed stays until the screen has taken it."""

    class Sent(Message):
        """The user pressed Enter on this text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, id="composer", highlight_cursor_line=False)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default().stop()
            self.post_message(self.Sent(self.text))
        elif event.key in _NEWLINE_KEYS:
            event.prevent_default().stop()
            self.insert("\n")
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        if len(event.text) + len(self.text) > MAX_CHARS:
            event.prevent_default().stop()
            self.notify(f"The paste is too long (at most {MAX_CHARS:,} characters).", markup=False)
            return
        await super()._on_paste(event)
