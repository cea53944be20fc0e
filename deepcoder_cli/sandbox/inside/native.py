"""The forked child of a compiled program: one exec, under the filter, and it is the program."""

from __future__ import annotations

import ctypes
import os
import platform
import signal

from . import kernel
from .protocol import EXTRA_FD, HAS_EXTRA, PROGRAM_FD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

EXECVEAT = {"x86_64": 322, "aarch64": 281}
AT_EMPTY_PATH = 0x1000
NAME = b"main"


def run(mode: int) -> NoReturn:
    """Become the binary at PROGRAM_FD, which closes as that starts, like every other but 0, 1, 2.

    Not covered: scripts (a binary has to be one that the kernel loads by itself).
    """
    arguments = _arguments() if mode & HAS_EXTRA else []
    os.closerange(EXTRA_FD, PROGRAM_FD)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    environment = [f"{name}={value}".encode() for name, value in os.environ.items()]
    try:
        kernel.system_call(
            EXECVEAT[platform.machine()], PROGRAM_FD, b"", _words([NAME, *arguments]),
            _words(environment), AT_EMPTY_PATH,
        )  # fmt: skip
    except OSError as error:
        os.write(2, f"the binary does not start: {error.strerror}\n".encode())
    os._exit(127)


def _arguments() -> list[bytes]:
    return os.pread(EXTRA_FD, os.fstat(EXTRA_FD).st_size, 0).split(b"\0")


def _words(items: list[bytes]) -> object:
    """A C array of strings, ended by a null pointer."""
    return (ctypes.c_char_p * (len(items) + 1))(*items, None)
