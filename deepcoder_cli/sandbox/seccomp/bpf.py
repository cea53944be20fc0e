"""A small assembler for the kernel's classic BPF, as far as system-call filters need it.

A block is a run of packed `struct sock_filter` that ends in a return on every path. Only loads of
the number, the architecture and arguments, AND, comparisons and returns are used: those the kernel
can try out when the filter is taken on, so that calls allowed whatever their arguments skip the
filter from then on (Linux 5.11 and later).
"""

from __future__ import annotations

import struct
from errno import ENOSYS, EPERM
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOAD, AND, JUMP, RETURN = 0x20, 0x54, 0x05, 0x06
JUMP_EQUAL, JUMP_ABOVE, JUMP_AT_LEAST, JUMP_ANY_BIT = 0x15, 0x25, 0x35, 0x45
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16
RESULT_ALLOW, RESULT_KILL, RESULT_ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X32_BIT = 0x40000000
OP_SIZE = 8
LONGEST_JUMP = 255


def op(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One instruction; a conditional jump skips `if_true` or `if_false` instructions."""
    return struct.pack("=HBBI", code, if_true, if_false, k & 0xFFFFFFFF)


ALLOW = op(RETURN, RESULT_ALLOW)
KILL = op(RETURN, RESULT_KILL)
REFUSE = op(RETURN, RESULT_ERRNO | EPERM)
ABSENT = op(RETURN, RESULT_ERRNO | ENOSYS)
PRETEND = op(RETURN, RESULT_ERRNO | 0)  # not done, and said to be done


def argument(index: int) -> bytes:
    """Load the low word of an argument: all that the kernel reads of an `int`, or of flags."""
    return op(LOAD, ARGUMENTS_AT + 8 * index)


def masked(bits: int) -> bytes:
    """Keep only `bits` of the loaded word."""
    return op(AND, bits)


def refuse_if_any(bits: int) -> bytes:
    """Refuse when the loaded word has any of `bits`, else go on."""
    return op(JUMP_ANY_BIT, bits, 0, 1) + REFUSE


def refuse_beyond(bits: int) -> bytes:
    """Refuse when the loaded word has a bit that is not in `bits`, else go on."""
    return refuse_if_any(~bits)


def refuse_if(value: int) -> bytes:
    """Refuse when the loaded word is `value`, else go on."""
    return op(JUMP_EQUAL, value, 0, 1) + REFUSE


def refuse_unless(value: int) -> bytes:
    """Refuse when the loaded word is not `value`, else go on."""
    return op(JUMP_EQUAL, value, 1, 0) + REFUSE


def when(value: int, block: bytes) -> bytes:
    """Run `block` when the loaded word is `value`, else go on."""
    return op(JUMP_EQUAL, value, 0, len(block) // OP_SIZE) + block


def allow_only(*values: int) -> bytes:
    """Allow when the loaded word is one of `values`, refuse it otherwise. Ends the block."""
    tests = [op(JUMP_EQUAL, value, len(values) - at, 0) for at, value in enumerate(values)]
    return b"".join([*tests, REFUSE, ALLOW])


def refuse_only(*values: int) -> bytes:
    """Refuse when the loaded word is one of `values`, allow it otherwise. Ends the block."""
    tests = [op(JUMP_EQUAL, value, len(values) - at, 0) for at, value in enumerate(values)]
    return b"".join([*tests, ALLOW, REFUSE])


def assemble(audit_arch: int, blocks: Mapping[int, bytes], newer: bytes) -> bytes:
    """A whole filter: a foreign architecture kills, x32 numbers are refused, the rest is looked up.

    Args:
        audit_arch: the only architecture whose calls are looked at.
        blocks: what to do for a system call, by number, from 0 without gaps.
        newer: what to do for the numbers above the highest in `blocks`, and in its gaps.
    """
    header = op(LOAD, ARCH_AT) + op(JUMP_EQUAL, audit_arch, 1, 0) + KILL + op(LOAD, NUMBER_AT)
    return header + _search([*_ranges(blocks, newer), (X32_BIT, REFUSE)])


def _ranges(blocks: Mapping[int, bytes], newer: bytes) -> list[tuple[int, bytes]]:
    """First number and block of each run of numbers that are treated alike, in order."""
    ranges: list[tuple[int, bytes]] = []
    for number in range(max(blocks) + 2):
        block = blocks.get(number, newer)
        if not ranges or ranges[-1][1] != block:
            ranges.append((number, block))
    return ranges


def _search(ranges: Sequence[tuple[int, bytes]]) -> bytes:
    """A binary search: the kernel tries each number when the filter is taken on, so depth costs."""
    if len(ranges) == 1:
        return ranges[0][1]
    if len(ranges) == 3 and ranges[0][1] == ranges[2][1] and ranges[1][0] + 1 == ranges[2][0]:
        (_, other), (number, block), _ = ranges
        return when(number, block) + other
    middle = len(ranges) // 2
    low, high = _search(ranges[:middle]), _search(ranges[middle:])
    skip = len(low) // OP_SIZE
    if skip <= LONGEST_JUMP:
        return op(JUMP_AT_LEAST, ranges[middle][0], skip, 0) + low + high
    return op(JUMP_AT_LEAST, ranges[middle][0], 0, 1) + op(JUMP, skip) + low + high
