"""The three system-call filters: strict, native and general.

Strict and native are allow lists: one process with threads, nothing written, nothing started,
no memory that the limit on address space does not see. General is a deny list, for programs that
may start others and write files. Every refused call fails with EPERM, or with ENOSYS where the C
library knows another way. Not covered: what a pointer points to (a filter cannot look); paths are
for Landlock and the mount namespace.
"""

from __future__ import annotations

import platform
from functools import lru_cache

from deepcoder_cli.sandbox.seccomp import bpf
from deepcoder_cli.sandbox.seccomp.allowed import NATIVE_NAMES, STRICT_CHECKS, STRICT_NAMES
from deepcoder_cli.sandbox.seccomp.denied import (
    GENERAL_ABSENT,
    GENERAL_CHECKS,
    GENERAL_NAMES,
    GENERAL_PRETENDED,
)
from deepcoder_cli.sandbox.seccomp.syscalls import AUDIT_ARCH, NUMBERS

# From this number on (Linux 5.16) a libc that is refused must be told that the kernel is too old.
FIRST_NEW = 448
AT_EMPTY_PATH = 0x1000
# Stands for the pid in a filter that is built before the pid is known; no pid is as large.
OWN_PID_MARK = 0x7F5EC0DE
_SIGNALS = ("kill", "tkill", "tgkill")


def strict_filter(machine: str | None = None, *, own_pid: int | None = None) -> bytes | None:
    """The allow list for interpreted programs; None for an unknown architecture.

    Args:
        machine: as `platform.machine()` names it; None is this one.
        own_pid: the only process that may be sent signals (as its own PID namespace numbers it).
            None leaves that to the namespaces. Cheap: replaces bytes in a filter built once.

    >>> len(strict_filter("x86_64") or b"") % 8
    0
    """
    return _for_pid(_strict(machine or platform.machine(), own_pid is not None), own_pid)


def native_filter(
    program_fd: int, machine: str | None = None, *, own_pid: int | None = None
) -> bytes | None:
    """As `strict_filter`, for a compiled program that the child executes under the filter.

    Allows execveat(program_fd, ..., AT_EMPTY_PATH) and what the dynamic loader needs. What is
    executed stays under this filter and every limit, so that a second execveat gains nothing.
    """
    built = _native(machine or platform.machine(), own_pid is not None, program_fd)
    return _for_pid(built, own_pid)


@lru_cache(maxsize=4)
def general_filter(machine: str | None = None) -> bytes | None:
    """The deny list for programs that may start others; None for an unknown architecture."""
    machine = machine or platform.machine()
    blocks = dict.fromkeys(GENERAL_NAMES, bpf.REFUSE) | GENERAL_CHECKS
    blocks |= dict.fromkeys(GENERAL_ABSENT, bpf.ABSENT)
    blocks |= dict.fromkeys(GENERAL_PRETENDED, bpf.PRETEND)
    return assembled(machine, blocks, bpf.ALLOW, bpf.ALLOW)


def _for_pid(built: bytes | None, own_pid: int | None) -> bytes | None:
    if built is None or own_pid is None:
        return built
    return built.replace(OWN_PID_MARK.to_bytes(4, "little"), own_pid.to_bytes(4, "little"))


@lru_cache(maxsize=8)
def _strict(machine: str, marked: bool) -> bytes | None:
    return assembled(machine, _strict_blocks(marked), bpf.REFUSE, bpf.ABSENT)


@lru_cache(maxsize=8)
def _native(machine: str, marked: bool, program_fd: int) -> bytes | None:
    program = [bpf.argument(0), bpf.refuse_unless(program_fd)]
    program += [bpf.argument(4), bpf.refuse_unless(AT_EMPTY_PATH), bpf.ALLOW]
    blocks = _strict_blocks(marked) | dict.fromkeys(NATIVE_NAMES, bpf.ALLOW)
    return assembled(machine, blocks | {"execveat": b"".join(program)}, bpf.REFUSE, bpf.ABSENT)


def _strict_blocks(marked: bool) -> dict[str, bytes]:
    signals = bpf.argument(0) + bpf.allow_only(OWN_PID_MARK) if marked else bpf.ALLOW
    blocks = dict.fromkeys(STRICT_NAMES, bpf.ALLOW) | STRICT_CHECKS
    blocks |= dict.fromkeys(_SIGNALS, signals)
    return blocks | {"clone3": bpf.ABSENT, "openat2": bpf.ABSENT}


def assembled(machine: str, blocks: dict[str, bytes], default: bytes, newer: bytes) -> bytes | None:
    """A whole filter from blocks by name; None for an unknown architecture."""
    numbers = NUMBERS.get(machine)
    if numbers is None:
        return None
    by_number = dict.fromkeys(range(FIRST_NEW), default)
    by_number |= {numbers[name]: block for name, block in blocks.items() if name in numbers}
    return bpf.assemble(AUDIT_ARCH[machine], by_number, newer)
