"""One line on stderr that is written over, and lines that stay above it."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Self, TextIO

from deepcoder_cli.visible import escaped

_CLEAR = "\r\x1b[K"


class StatusLine:
    """What is going on, on a terminal; use as a context manager, so that the line goes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to `stream`; stderr when None."""
        self.stream = stream if stream is not None else sys.stderr
        self.updates = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, text: str) -> None:
        """Write `text` over the line, cut to the terminal's width."""
        columns = shutil.get_terminal_size().columns
        self.stream.write(_CLEAR + text[: max(1, columns - 1)])
        self.stream.flush()
        self._shown = True

    def line(self, text: str) -> None:
        """A line that stays; it may quote a file, so control characters come out as escapes."""
        self.clear()
        self.stream.write(f"{escaped(text)}\n")
        self.stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self.stream.write(_CLEAR)
            self.stream.flush()
            self._shown = False
