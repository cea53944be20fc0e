"""What the kernel really does here, tried in processes of its own; run as a script, prints JSON.

Each attempt is a forked child that binds itself for good: the result is what then happened to it,
not what some file says. Nothing of the host is changed. ctypes and the standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from errno import EACCES, EPERM
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CREATE_RULESET, RESTRICT_SELF = 444, 446  # the same on every architecture
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER_MODE = 22, 38, 2
CLONE_NEWUSER, CLONE_NEWPID = 0x10000000, 0x20000000
READ_FILE, ABI_FLAG = 1 << 2, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _call(number: int, *arguments: object) -> int:
    """Make a system call; integers are passed as words."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *words))


def _prctl(option: int, *arguments: object) -> None:
    words = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *words))


def landlock_abi() -> int:
    """The version of Landlock; 0 when there is none."""
    try:
        return _call(CREATE_RULESET, None, 0, ABI_FLAG)
    except OSError:
        return 0


def landlock_refuses() -> str:
    """Open a file, take on a ruleset that allows no reading, and open it again."""
    with open(sys.executable, "rb"):  # noqa: PTH123 - as a program would
        pass
    ruleset = _call(CREATE_RULESET, ctypes.create_string_buffer(struct.pack("=Q", READ_FILE)), 8, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _call(RESTRICT_SELF, ruleset, 0)
    try:
        with open(sys.executable, "rb"):  # noqa: PTH123
            return "a file that no rule allows was opened all the same"
    except OSError as error:
        return "" if error.errno == EACCES else str(error)


def seccomp_refuses() -> str:
    """Take on a filter that refuses every uname with EPERM, and call uname."""
    os.uname()
    number = 63 if os.uname().machine == "x86_64" else 160
    words = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x00050000 | EPERM))
    code = b"".join(struct.pack("=HBBI", *w) for w in (*words, (6, 0, 0, 0x7FFF0000)))
    kept = ctypes.create_string_buffer(code, len(code))
    header = (ctypes.c_uint64 * 2)(len(code) // 8, ctypes.addressof(kept))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(header))
    try:
        os.uname()
    except OSError as error:
        return "" if error.errno == EPERM else str(error)
    return "a call that the filter refuses went through"


def namespaces_work() -> str:
    """Make namespaces as bubblewrap would: of processes as root, else of users first."""
    _checked(_libc.unshare(CLONE_NEWPID if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWPID))
    return ""


def memory_files_work() -> str:
    """Make a memory file."""
    os.memfd_create("proof")
    return ""


def tried(attempt: Callable[[], str]) -> str:
    """What `attempt` says in a child of its own: "" for success, else what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = attempt() or "ok"
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the finding
            said = str(getattr(error, "strerror", None) or error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:  # noqa: PTH123
        said = pipe.read()
    os.waitpid(child, 0)
    return "" if said == "ok" else said or "the attempt was killed"


if __name__ == "__main__":
    found: dict[str, object] = {
        "landlock": tried(landlock_refuses),
        "seccomp": tried(seccomp_refuses),
        "namespaces": tried(namespaces_work),
        "memory_files": tried(memory_files_work),
        "landlock_abi": landlock_abi(),
    }
    print(json.dumps(found))  # noqa: T201 - read by `doctor`
