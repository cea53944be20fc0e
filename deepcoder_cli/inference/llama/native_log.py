"""llama.cpp's log: to this process's stderr, which is a file, bounded; never to the screen."""

from __future__ import annotations

import ctypes
import os
import re
import sys

import llama_cpp.llama_cpp as C  # noqa: N812 - the C interface

"""The low-level bindings, here and in this package's other worker modules."""

MAX_BYTES = 1 << 20
_DEBUG, _ERROR, _CONTINUED = 1, 4, 5  # ggml_log_level
_PREFIX = re.compile(r"\A([a-z_0-9~]+: )?(error loading model: )?")  # the function's name


class NativeLog:
    """Receives llama.cpp's log lines and remembers the error that explains a failure."""

    def __init__(self) -> None:
        self._written = 0
        self._level = _DEBUG
        self._errors: list[str] = []
        self._callback = C.llama_log_callback(self._receive)
        C.llama_log_set(self._callback, ctypes.c_void_p(0))

    def take_error(self) -> str:
        """The most telling error line since the last call; empty when there was none."""
        errors, self._errors = self._errors, []
        telling = [line for line in errors if "failed to load model" not in line] or errors
        return _PREFIX.sub("", telling[-1]) if telling else ""

    def write(self, text: str) -> None:
        """Add a line of our own."""
        self._append(f"deepcoder: {text}\n".encode())

    def _receive(self, level: int, text: bytes, _: ctypes.c_void_p) -> None:
        self._level = self._level if level == _CONTINUED else level
        if self._level == _DEBUG:
            return
        if level == _ERROR:
            self._errors.append(text.decode("utf-8", "replace").strip())
        self._append(text)

    def _append(self, data: bytes) -> None:
        if self._written < MAX_BYTES:
            self._written += len(data)
            os.write(sys.stderr.fileno(), data)
