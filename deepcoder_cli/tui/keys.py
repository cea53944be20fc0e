"""The chat's keys. Each has an id, so that a later setting can map it anew."""

from __future__ import annotations

from textual.binding import Binding

CHAT_KEYS = [
    Binding("escape", "stop", "Stop", id="chat.stop"),
    Binding("ctrl+r", "run", "Run", priority=True, id="chat.run"),
    Binding(
        "ctrl+g", "run_with_input", "Run with input", priority=True, show=False, id="chat.input"
    ),
    Binding("ctrl+y", "copy_block", "Copy the block", priority=True, show=False, id="chat.copy"),
    Binding("ctrl+s", "save_block", "Save the block", priority=True, show=False, id="chat.save"),
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
    Binding("ctrl+home", "top", "Top, older messages", priority=True, show=False, id="chat.top"),
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
