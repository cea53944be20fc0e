"""System calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def system_call(number: int, *arguments: Any) -> int:
    """Make system call `number`; integers, bytes or ctypes pointers as arguments.

    Raises:
        OSError: the kernel refused it.
    """
    result = _libc.syscall(ctypes.c_long(number), *map(_word, arguments))
    return _checked(result, f"system call {number}")


def prctl(option: int, *arguments: Any) -> int:
    """Change something about this process, as prctl(2).

    Raises:
        OSError: the kernel refused it.
    """
    words = [_word(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc.prctl(option, *words), f"prctl {option}")


class Filter:
    """A compiled system-call filter (an array of `struct sock_filter`), ready to be taken on."""

    def __init__(self, program: bytes) -> None:
        """Keep `program` at a fixed address; `struct sock_fprog` is its length and that address."""
        self._code = ctypes.create_string_buffer(program, len(program))
        self._header = (ctypes.c_uint64 * 2)(len(program) // 8, ctypes.addressof(self._code))

    def take_on(self) -> None:
        """Bind this thread, and all it starts, to the filter for good. Needs no_new_privs."""
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(self._header))


def _word(argument: Any) -> Any:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return int(result)
