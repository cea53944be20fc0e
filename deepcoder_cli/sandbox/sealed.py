"""Memory files that nobody can change any more: programs and their input."""

from __future__ import annotations

import fcntl
import os
from typing import Self

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class SealedFile:
    """A memory file with a fixed content; closed on leaving its block, or with its last holder.

    Sealed, because a program holds a descriptor of it: it must not change its own source for
    the next test, nor use the file as memory that nobody counts.
    """

    def __init__(self, name: str, content: bytes, *, executable: bool = False) -> None:
        """Hold `content`, rewound. An `executable` one is a binary to run."""
        self.executable = executable
        self.fd = sealed(name, content)

    @classmethod
    def of(cls, fd: int) -> Self:
        """Take over `fd`, a memory file that is sealed already."""
        file = cls.__new__(cls)
        file.fd, file.executable = fd, False
        return file

    def close(self) -> None:
        """Close it; nothing happens the second time."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "fd") and os is not None:  # at the interpreter's end it may be gone
            self.close()


def sealed(name: str, content: bytes) -> int:
    """The descriptor of a sealed memory file with that content, rewound."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        done = 0
        while done < len(content):
            done += os.pwrite(fd, memoryview(content)[done:], done)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd


def utf8(text: str) -> bytes:
    """Any text as bytes; what is no UTF-8 (lone surrogates) is for the program to stumble on."""
    return text.encode("utf-8", "surrogatepass")
