"""The strict and native filters in two stages, for what a child then has to take on is short.

The kernel tries a filter out on every call when it is taken on, which costs a run 0.2 ms for an
allow list. So the zygote takes on the long stage once, which every child inherits, and each child
a short one, for what the zygote alone may do: fork, receive descriptors, watch and filter a child.
A call has to pass both stages; together they allow what `strict_filter` or `native_filter` does.
"""

from __future__ import annotations

import platform
from functools import lru_cache

from deepcoder_cli.sandbox.seccomp import bpf
from deepcoder_cli.sandbox.seccomp.allowed import (
    NATIVE_NAMES,
    PRCTL,
    SHARE_ALL,
    STRICT_CHECKS,
    STRICT_NAMES,
)
from deepcoder_cli.sandbox.seccomp.filters import (
    AT_EMPTY_PATH,
    OWN_PID_MARK,
    assembled,
)
from deepcoder_cli.sandbox.seccomp.syscalls import NUMBERS

# What glibc's fork passes: SIGCHLD, CHILD_SETTID, CHILD_CLEARTID; musl's passes SIGCHLD alone.
FORKS = (0x01200011, 0x00000011)
PR_SET_SECCOMP, PR_SET_DUMPABLE = 22, 4
ZYGOTE_ALONE = ("recvmsg", "sendmsg", "pidfd_open", "landlock_restrict_self")
SIGNALS = ("kill", "tkill", "tgkill")


@lru_cache(maxsize=4)
def zygote_filter(program_fd: int, machine: str | None = None) -> bytes | None:
    """The long stage; None for an unknown architecture."""
    blocks = dict.fromkeys((*STRICT_NAMES, *NATIVE_NAMES, *ZYGOTE_ALONE, *SIGNALS), bpf.ALLOW)
    blocks |= STRICT_CHECKS | {"clone3": bpf.ABSENT, "openat2": bpf.ABSENT}
    forks = b"".join(bpf.when(flags, bpf.ALLOW) for flags in FORKS)
    blocks["clone"] = bpf.argument(0) + forks + STRICT_CHECKS["clone"]
    blocks["prctl"] = bpf.argument(0) + bpf.when(PR_SET_SECCOMP, bpf.ALLOW) + STRICT_CHECKS["prctl"]
    blocks["execveat"] = _exec_of(program_fd)
    return assembled(machine or platform.machine(), blocks, bpf.REFUSE, bpf.ABSENT)


@lru_cache(maxsize=8)
def child_filter(
    machine: str | None = None, *, native: bool = False, own_pid: bool = False
) -> bytes | None:
    """The short stage; None for an unknown architecture.

    Args:
        machine: as `platform.machine()` names it; None is this one.
        native: whether the child is to execute a compiled program.
        own_pid: whether signals may go only to the process whose id takes the place of
            OWN_PID_MARK.
    """
    numbers = NUMBERS.get(machine or platform.machine())
    if numbers is None:
        return None
    prctl = bpf.argument(0) + bpf.allow_only(*PRCTL, PR_SET_DUMPABLE)
    checks = {
        "clone": bpf.argument(0) + bpf.masked(SHARE_ALL) + bpf.allow_only(SHARE_ALL),
        "prctl": prctl,
    }
    refused = (*ZYGOTE_ALONE, *(() if native else ("execveat", *NATIVE_NAMES)))
    checks |= dict.fromkeys(refused, bpf.REFUSE)
    if own_pid:
        checks |= dict.fromkeys(SIGNALS, bpf.argument(0) + bpf.allow_only(OWN_PID_MARK))
    tests = [bpf.when(numbers[name], block) for name, block in checks.items() if name in numbers]
    return b"".join([bpf.op(bpf.LOAD, bpf.NUMBER_AT), *tests, bpf.ALLOW])


def _exec_of(program_fd: int) -> bytes:
    fd = bpf.argument(0) + bpf.refuse_unless(program_fd)
    return fd + bpf.argument(4) + bpf.refuse_unless(AT_EMPTY_PATH) + bpf.ALLOW
