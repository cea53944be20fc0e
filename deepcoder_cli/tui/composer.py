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

    # Textual calls the handler of every class in turn, TextArea's after these, unless a handler
    # prevents the default: calling super() as well would do everything twice.

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        if event.key == "enter":
            event.prevent_default().stop()
            self.post_message(self.Sent(self.text))
        elif event.key in _NEWLINE_KEYS:
            event.prevent_default().stop()
            self.insert("\n")

    def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        event.stop()  # the app hands a paste that bubbles up to it back to the focused widget
        if len(event.text) + len(self.text) > MAX_CHARS:
            event.prevent_default()
            self.notify(f"The paste is too long (at most {MAX_CHARS:,} characters).", markup=False)
