"""A program's source as its runs are given it, and its code, compiled by the first of them.

The caller compiles nothing itself. The first run's child compiles, under all limits and filters and
before anything of the program has run, and leaves the code in a file that the program never holds;
it is only ever loaded in a child that runs the same program.
"""

from __future__ import annotations

import fcntl
import os
import threading

from deepcoder_cli.sandbox.inside.protocol import CODE_HEADER
from deepcoder_cli.sandbox.sealed import SEALS, SealedFile, utf8

MAX_TRIES = 3  # of a program that does not compile, or warns, none leaves any code


class ProgramFile:
    """The sealed source of one program, and what is known of its code."""

    def __init__(self, program: str) -> None:
        """Hold the text `program`."""
        self.code: SealedFile | None = None
        self.source = SealedFile("program", utf8(program))
        self._tries = 0
        self._lock = threading.Lock()

    @property
    def wants_code(self) -> bool:
        """Whether a run should leave its code; after a few that did not, none is asked."""
        self._tries += 1
        return self._tries <= MAX_TRIES

    def reopened(self) -> int:
        """The source, opened anew: no run sees what another did to its descriptor."""
        return os.open(f"/proc/self/fd/{self.source.fd}", os.O_RDONLY | os.O_CLOEXEC)

    def keep_code(self, fd: int) -> None:
        """Keep the code that a run left in the file `fd`, if it is whole and the first to come."""
        header = os.pread(fd, CODE_HEADER.size, 0)
        if len(header) != CODE_HEADER.size:
            return
        whole = CODE_HEADER.unpack(header)[0] + CODE_HEADER.size
        if whole > CODE_HEADER.size and whole == os.fstat(fd).st_size:
            with self._lock:
                if self.code is None:
                    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
                    self.code = SealedFile.of(os.dup(fd))
