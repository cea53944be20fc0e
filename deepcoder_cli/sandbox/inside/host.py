"""One program, loaded once and ready to be run by any number of forked children.

The process that holds it (the host) is forked from the zygote, stands in for it while one program
goes through its tests, and ends with the last of them. So a child neither reads nor unmarshals the
program, nor makes ready what is the same for each of its tests: a third of what it touched. The
host never runs a line of the program; it holds no input and no output. Programs that could notice
(their source has words for signals) are not given to a host.
"""

from __future__ import annotations

import marshal
import os
import threading

from . import program
from .protocol import CODE_HEADER, EXTRA_FD, FUNCTION_MODE, MODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Loaded:
    """A program with its code, and what running it has to see to."""

    def __init__(self, mode: int, source: bytes, code: bytes) -> None:
        """Unmarshal `code`, which was made from `source` before anything of that had run."""
        self._code = marshal.loads(code)  # noqa: S302 - left by a run, before its program began
        self._is_function = mode & MODES == FUNCTION_MODE
        self._draws = b"random" in source
        self._names_threads = b"native_id" in source
        self._finalize = program.FINALIZERS.search(source) is not None
        if not self._is_function:
            program.SCRIPT.prepare(source)  # held by nothing but sys.modules, so that it can end

    def run(self) -> NoReturn:
        """In a child: run it, and end as it ends. Limits and filters are in force already."""
        program.become_dumpable()
        if self._draws:
            program.reseed()
        if self._names_threads:
            threading._main_thread._set_native_id()  # type: ignore[attr-defined]
        if self._is_function:
            outcome = program.call_function(lambda: self._code, program.text_of(EXTRA_FD))
        else:
            outcome = program.SCRIPT.play_loaded(self._code)
        program.end(outcome, finalize=self._finalize)


def of(mode: int, fds: list[int]) -> Loaded:
    """Load what lies in the two descriptors, the program's and its code's, and close them."""
    source, code = (_content(fd) for fd in fds)
    return Loaded(mode, source, code[CODE_HEADER.size :])


def _content(fd: int) -> bytes:
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    os.close(fd)
    return data


def own_bytes() -> int:
    """Resident memory of this process, mapped files left out: a fork has to map those anew."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib is a slow import
        resident, shared = file.read().split()[1:3]
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGESIZE")
