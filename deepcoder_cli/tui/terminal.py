"""Textual's terminal driver, made to survive the end of its terminal."""

from __future__ import annotations

import os
import signal
from typing import IO, TYPE_CHECKING, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App


class LastingStream:
    """Writes to `file` until that fails once; from then on to nowhere, after a SIGHUP to us.

    Textual writes in a thread through a bounded queue. When the window is closed a write fails,
    the thread dies, and the app then waits for ever to put its farewell into the full queue.
    The kernel's own SIGHUP goes to the leader of the session alone, which is often a shell.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file: IO[str] | None = file
        self._number = file.fileno()

    def fileno(self) -> int:
        """The descriptor written to."""
        return self._number

    def write(self, text: str) -> None:
        """Write, or drop."""
        if self._file is not None:
            try:
                self._file.write(text)
            except OSError:
                self._gone()

    def flush(self) -> None:
        """Flush, if there is still something to flush to."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError:
                self._gone()

    def _gone(self) -> None:
        self._file = None
        os.kill(os.getpid(), signal.SIGHUP)


class TerminalDriver(LinuxDriver):
    """Textual's own, on a `LastingStream`."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast("TextIOWrapper", LastingStream(cast("IO[str]", self._file)))
