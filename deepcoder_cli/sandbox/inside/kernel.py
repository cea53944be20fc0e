"""System calls that Python has no function for."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

_fork = ctypes.PyDLL(None).fork


def fork() -> int:
    """Fork, without what Python does in a child for the sake of other threads: there are none.

    That saves a quarter of the cost of a child that does little. The handlers of
    `os.register_at_fork` are not called either.

    Raises:
        OSError: no process is left to be had.
    """
    return _checked(_fork(), "fork")


def system_call(number: int, *arguments: object) -> int:
    """Make system call `number`; integers, bytes or ctypes pointers as arguments.

    Raises:
        OSError: the kernel refused it.
    """
    result = _libc.syscall(ctypes.c_long(number), *map(_word, arguments))
    return _checked(result, f"system call {number}")


def prctl(option: int, *arguments: object) -> int:
    """Change something about this process (see the manual page).

    Raises:
        OSError: the kernel refused it.
    """
    words = [_word(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc.prctl(option, *words), f"prctl {option}")


class Prepared:
    """A call of prctl(2) made ready before a fork: a child that makes it touches little memory.

    Every page that a child touches is copied, at 3 us each, and ctypes touches twenty.
    """

    _address = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]

    def __init__(self, option: int, value: int, pointed: bytes | int = 0) -> None:
        """Keep the arguments; a number must fit 31 bits."""
        self._arguments = (option, value, pointed, 0, 0)

    def call(self) -> None:
        """Make the call.

        Raises:
            OSError: the kernel refused it; it does not say why.
        """
        if _ctypes.call_function(self._address, self._arguments) != 0:
            raise OSError(f"prctl {self._arguments[0]} is refused")


class Filter:
    """A compiled system-call filter (an array of `struct sock_filter`), ready to be taken on."""

    def __init__(self, program: bytes) -> None:
        """Keep `program` at a fixed address; `struct sock_fprog` is its length and that address."""
        self._code = ctypes.create_string_buffer(program, len(program))
        header = bytes((ctypes.c_uint64 * 2)(len(program) // 8, ctypes.addressof(self._code)))
        self._prepared = Prepared(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)

    def take_on(self) -> None:
        """Bind this thread, and all it starts, to the filter for good. Needs no_new_privs."""
        self._prepared.call()


class OwnPidFilter(Filter):
    """A filter with gaps for the id of the process that takes it on, each marked by `mark`."""

    def __init__(self, program: bytes, mark: int) -> None:
        """Find the gaps."""
        super().__init__(program)
        word = mark.to_bytes(4, sys.byteorder)
        self._gaps = [
            slice(n, n + 4) for n in range(0, len(program), 4) if program[n : n + 4] == word
        ]

    def take_on(self) -> None:
        """Bind this thread, and all it starts, to the filter for its own process."""
        own = os.getpid().to_bytes(4, sys.byteorder)
        for gap in self._gaps:
            self._code[gap] = own  # type: ignore[call-overload]
        super().take_on()


def _word(argument: object) -> object:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return int(result)
