"""The system-call filter: a small deny list on top of the namespaces, as a BPF program.

It closes what namespaces and rlimits leave open: memory outside RLIMIT_AS (memfd, SysV shared
memory), nested namespaces, tracing, keyrings, io_uring, bpf, vsock and netlink sockets, and
calls through a foreign ABI. It is not an allow list: the kernel's ordinary calls stay open.
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass
from errno import EAFNOSUPPORT, ENOSYS, EPERM

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCH_AT, FIRST_ARGUMENT_AT = 0, 4, 16
ALLOW, ERRNO, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
X32_BIT = 0x40000000
# NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET
NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000
NEW_NAMESPACES |= 0x10000000 | 0x20000000 | 0x40000000
LAST_PLAIN_FAMILY = {1: "unix", 2: "inet", 10: "inet6"}

# The same on every architecture: pidfd_getfd, memfd_secret, io_uring_*, and the mount calls.
COMMON = (438, 447, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442)


@dataclass(frozen=True, slots=True)
class Abi:
    """System-call numbers of one architecture."""

    audit_arch: int
    clone: int
    clone3: int
    socket: int
    denied: tuple[int, ...]


# In `denied`, both lists alike: memfd_create userfaultfd bpf perf_event_open keyctl add_key
# request_key unshare setns mount umount2 pivot_root chroot ptrace process_vm_readv
# process_vm_writev kcmp shmget shmctl shmat semget msgget mq_open name_to_handle_at
# open_by_handle_at
ABIS = {
    "x86_64": Abi(
        0xC000003E, clone=56, clone3=435, socket=41,
        denied=(319, 323, 321, 298, 250, 248, 249, 272, 308, 165, 166, 155, 161, 101, 310, 311,
                312, 29, 31, 30, 64, 68, 240, 303, 304),
    ),
    "aarch64": Abi(
        0xC00000B7, clone=220, clone3=435, socket=198,
        denied=(279, 282, 280, 241, 219, 217, 218, 97, 268, 40, 39, 41, 51, 117, 270, 271,
                272, 194, 195, 196, 190, 186, 180, 264, 265),
    ),
}  # fmt: skip


def filter_program(machine: str | None = None) -> bytes | None:
    """The filter as an array of `struct sock_filter`; None for an unknown architecture.

    >>> len(filter_program("x86_64") or b"") % 8
    0
    """
    abi = ABIS.get(machine or platform.machine())
    if abi is None:
        return None
    code = [
        _op(LOAD, ARCH_AT),
        _op(JUMP_EQUAL, abi.audit_arch, 1, 0),
        _op(RETURN, KILL_PROCESS),
        _op(LOAD, NUMBER_AT),
        *_when(JUMP_AT_LEAST, X32_BIT, ERRNO | EPERM),
        *_when(JUMP_EQUAL, abi.clone3, ERRNO | ENOSYS),
    ]
    for number in (*abi.denied, *COMMON):
        code += _when(JUMP_EQUAL, number, ERRNO | EPERM)
    code += _only_for(abi.clone, _when(JUMP_ANY_BIT, NEW_NAMESPACES, ERRNO | EPERM))
    families = [_op(JUMP_EQUAL, family, 3 - i, 0) for i, family in enumerate(LAST_PLAIN_FAMILY)]
    code += _only_for(abi.socket, [*families, _op(RETURN, ERRNO | EAFNOSUPPORT)])
    return b"".join([*code, _op(RETURN, ALLOW)])


def _op(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, k)


def _when(jump: int, k: int, result: int) -> list[bytes]:
    """Return `result` when the loaded word compares with `k`, else go on."""
    return [_op(jump, k, 0, 1), _op(RETURN, result)]


def _only_for(number: int, body: list[bytes]) -> list[bytes]:
    """Run `body` on the first argument of system call `number`; ends the filter for it."""
    block = [_op(LOAD, FIRST_ARGUMENT_AT), *body, _op(RETURN, ALLOW)]
    return [_op(JUMP_EQUAL, number, 0, len(block)), *block]
