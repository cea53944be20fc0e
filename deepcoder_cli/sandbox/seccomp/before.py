"""The system-call filter: a deny list on top of the namespaces, as a BPF program.

PID 1 inside puts it on the program alone. It makes the program one process (threads are allowed,
fork and exec are not), so that its CPU time and memory are exact, and closes every door to kernel
memory that neither the address space nor the resident size shows: sockets (but for the stream
pair that asyncio needs, of bounded size), descriptors in flight, large pipes, shared anonymous
memory, memfd, SysV shared memory, inotify queues, aio, Landlock rules. It also refuses to let
the program touch PID 1 (limits, priority, scheduling) or the times of files (/dev/null is the
host's own node), and namespaces, tracing, keyrings, io_uring, bpf, and calls through a foreign ABI.
It is not an allow list: ordinary calls stay open.
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass
from errno import ENOSYS, EPERM

LOAD, AND, RETURN = 0x20, 0x54, 0x06
JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT = 0x15, 0x35, 0x45
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16
ALLOW, KILL_PROCESS, REFUSE, ABSENT = (
    0x7FFF0000,
    0x80000000,
    0x00050000 | EPERM,
    0x00050000 | ENOSYS,
)
X32_BIT = 0x40000000
CLONE_THREAD = 0x00010000
# NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET
NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000
NEW_NAMESPACES |= 0x10000000 | 0x20000000 | 0x40000000
AF_UNIX, SOCK_STREAM, SOCK_TYPE_MASK = 1, 1, 0xF
SHARED_ANONYMOUS = 0x01 | 0x20  # MAP_SHARED (or SHARED_VALIDATE) and MAP_ANONYMOUS
F_SETPIPE_SZ = 1031

# The same on every architecture: pidfd_getfd, memfd_secret, io_uring_*, the mount calls, landlock_*
COMMON = (438, 447, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442, 444, 445, 446)


@dataclass(frozen=True, slots=True)
class Abi:
    """System-call numbers of one architecture.

    Attributes:
        audit_arch: what the kernel calls it.
        clone: and up to `setpriority`: calls whose arguments are looked at.
        pid_first: calls whose first argument is a process; only 0, the caller itself, is allowed.
        denied: calls that are refused whatever the arguments.
    """

    audit_arch: int
    clone: int
    clone3: int
    socketpair: int
    mmap: int
    fcntl: int
    setpriority: int
    pid_first: tuple[int, ...]
    denied: tuple[int, ...]


# `pid_first`: prlimit64 sched_setparam sched_setscheduler sched_setaffinity sched_setattr.
# `denied`, line by line, both lists alike: memfd_create userfaultfd bpf perf_event_open keyctl
# add_key request_key unshare setns mount umount2 pivot_root chroot ptrace process_vm_readv
# process_vm_writev kcmp shmget shmctl shmat semget msgget mq_open name_to_handle_at
# open_by_handle_at
# | execve execveat socket bind listen accept accept4 connect sendmsg sendmmsg setsockopt
# | vmsplice splice tee inotify_init1 fanotify_init io_setup ioprio_set utimensat
# | and on x86_64 alone fork vfork inotify_init utime utimes futimesat.
ABIS = {
    "x86_64": Abi(
        0xC000003E, clone=56, clone3=435, socketpair=53, mmap=9, fcntl=72, setpriority=141,
        pid_first=(302, 142, 144, 203, 314),
        denied=(319, 323, 321, 298, 250, 248, 249, 272, 308, 165, 166, 155, 161, 101, 310, 311,
                312, 29, 31, 30, 64, 68, 240, 303, 304,
                59, 322, 41, 49, 50, 43, 288, 42, 46, 307, 54,
                278, 275, 276, 294, 300, 206, 251, 280,
                57, 58, 253, 132, 235, 261),
    ),
    "aarch64": Abi(
        0xC00000B7, clone=220, clone3=435, socketpair=199, mmap=222, fcntl=25, setpriority=140,
        pid_first=(261, 118, 119, 122, 274),
        denied=(279, 282, 280, 241, 219, 217, 218, 97, 268, 40, 39, 41, 51, 117, 270, 271,
                272, 194, 195, 196, 190, 186, 180, 264, 265,
                221, 281, 198, 200, 201, 202, 242, 203, 211, 269, 208,
                75, 76, 77, 26, 262, 0, 30, 88),
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
        *_when(JUMP_AT_LEAST, X32_BIT, REFUSE),
        *_when(JUMP_EQUAL, abi.clone3, ABSENT),
    ]
    for number in (*abi.denied, *COMMON):
        code += _when(JUMP_EQUAL, number, REFUSE)
    for number, body in _looked_into(abi):
        block = [*body, _op(RETURN, ALLOW)]
        code += [_op(JUMP_EQUAL, number, 0, len(block)), *block]
    return b"".join([*code, _op(RETURN, ALLOW)])


def _looked_into(abi: Abi) -> list[tuple[int, list[bytes]]]:
    """System calls that are allowed with some arguments, and the code that refuses the others."""
    threads = [*_unless(JUMP_ANY_BIT, CLONE_THREAD), *_when(JUMP_ANY_BIT, NEW_NAMESPACES, REFUSE)]
    stream = [_argument(1), _op(AND, SOCK_TYPE_MASK), *_unless(JUMP_EQUAL, SOCK_STREAM)]
    private = [_op(AND, SHARED_ANONYMOUS), *_when(JUMP_EQUAL, SHARED_ANONYMOUS, REFUSE)]
    itself = [_argument(0), *_unless(JUMP_EQUAL, 0)]
    return [
        (abi.clone, [_argument(0), *threads]),
        (abi.socketpair, [_argument(0), *_unless(JUMP_EQUAL, AF_UNIX), *stream]),
        (abi.mmap, [_argument(3), *private]),
        (abi.fcntl, [_argument(1), *_when(JUMP_EQUAL, F_SETPIPE_SZ, REFUSE)]),
        (abi.setpriority, [*itself, _argument(1), *_unless(JUMP_EQUAL, 0)]),
        *((number, itself) for number in abi.pid_first),
    ]


def _op(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, k)


def _argument(index: int) -> bytes:
    """Load the low word of an argument: all that the kernel reads of an `int`, or of flags."""
    return _op(LOAD, ARGUMENTS_AT + 8 * index)


def _when(jump: int, k: int, result: int) -> list[bytes]:
    """Return `result` when the loaded word compares with `k`, else go on."""
    return [_op(jump, k, 0, 1), _op(RETURN, result)]


def _unless(jump: int, k: int) -> list[bytes]:
    """Refuse unless the loaded word compares with `k`, else go on."""
    return [_op(jump, k, 1, 0), _op(RETURN, REFUSE)]
