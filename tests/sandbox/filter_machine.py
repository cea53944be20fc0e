"""What the kernel's filter machine answers, for architectures that this machine is not."""

from __future__ import annotations

import errno
import struct
from operator import and_, eq, ge, gt
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.seccomp.syscalls import AUDIT_ARCH, NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOWED, REFUSED, ABSENT, KILLED = "allowed", "refused", "absent", "killed"
PRETENDED = "pretended"
RESULTS = {
    0x7FFF0000: ALLOWED,
    0x00050000 | errno.EPERM: REFUSED,
    0x00050000 | errno.ENOSYS: ABSENT,
    0x00050000: PRETENDED,
    0x80000000: KILLED,
}
STRICTEST_FIRST = (KILLED, REFUSED, ABSENT, ALLOWED)
LONGEST = 4096  # instructions; the kernel's own limit
COMPARISONS = {0x15: eq, 0x25: gt, 0x35: ge, 0x45: and_}


def answer(
    program: bytes, machine: str, call: str | int, arguments: Mapping[int, int] | None = None
) -> str:
    """What the filter `program` says of a system call, by name or number, on `machine`."""
    number = NUMBERS[machine][call] if isinstance(call, str) else call
    return run(program, AUDIT_ARCH[machine], number, arguments or {})


def both(programs: list[bytes], machine: str, call: str | int, arguments: dict[int, int]) -> str:
    """What the kernel does when several filters have been taken on: the strictest answer."""
    answers = [answer(program, machine, call, arguments) for program in programs]
    return min(answers, key=STRICTEST_FIRST.index)


def run(program: bytes, arch: int, number: int, arguments: Mapping[int, int]) -> str:
    """Interpret the filter. An instruction that filters may not hold raises KeyError."""
    words = [arguments.get(at, 0) & (1 << 64) - 1 for at in range(6)]
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, arch, 0, *words)
    code = list(struct.iter_unpack("=HBBI", program))
    assert len(code) <= LONGEST
    loaded = at = 0
    while True:
        operation, if_true, if_false, k = code[at]
        at += 1
        if operation == 0x06:
            return RESULTS[k]
        if operation == 0x20:
            assert k % 4 == 0
            (loaded,) = struct.unpack_from("=I", data, k)
        elif operation == 0x54:
            loaded &= k
        elif operation == 0x05:
            at += k
        else:
            at += if_true if COMPARISONS[operation](loaded, k) else if_false
