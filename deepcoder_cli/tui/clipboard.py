"""Copying: through the terminal, and through the desktop's own tool where there is one.

The terminal's way (OSC 52) gives no answer, so its success is never claimed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import App

_TIMEOUT_S = 2.0


def native_command(environment: Mapping[str, str]) -> list[str] | None:
    """The desktop's clipboard tool; None where there is no desktop or no tool."""
    choices: list[tuple[bool, list[str]]] = [
        ("WAYLAND_DISPLAY" in environment, ["wl-copy"]),
        ("DISPLAY" in environment, ["xclip", "-selection", "clipboard"]),
        ("DISPLAY" in environment, ["xsel", "--clipboard", "--input"]),
        (True, ["pbcopy"]),
    ]
    for usable, command in choices:
        if usable and shutil.which(command[0]):
            return command
    return None


async def copy(app: App[object], text: str) -> str:
    """Copy `text`; the answer says what is known of it."""
    app.copy_to_clipboard(text)
    command = native_command(os.environ)
    if command is not None and await _feed(command, text):
        return f"Copied with {command[0]}."
    if "TMUX" in os.environ and await _feed(["tmux", "load-buffer", "-w", "-"], text):
        return "Copied to tmux's buffer, and sent to the terminal (it does not confirm)."
    return "Sent to the terminal's clipboard (it does not confirm). ^s saves to a file."


async def _feed(command: list[str], text: str) -> bool:
    """Whether `command` took `text` and ended well."""
    null = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=null, stderr=null
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await process.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0
