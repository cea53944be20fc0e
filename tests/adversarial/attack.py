# ruff: noqa: E501 - programs are shown as they are
"""What an attack is: a program that says so (`got()`) only when it got through.

The same program runs in two places. In the sandbox it must be repelled: the status is one of those
named, and the word never appears. In a throw-away namespace without the layer under test
(`control.py`) it must succeed, or the test above would show nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _pytest.mark.structures import ParameterSet

GOT_THROUGH = b"got-through"
CANARY = "canary-" + "7f3a91"  # never whole in a program: what finds it has found ours
LIMITS = Limits(cpu_s=1.0, wall_s=3.0, memory_mib=256, output_kib=256)
STRICT, GENERAL = (Profile.STRICT,), (Profile.GENERAL,)
BOTH = (Profile.STRICT, Profile.GENERAL)
EXITED = frozenset({Status.EXITED})
STOPPED = frozenset(Status) - {Status.INFRASTRUCTURE}  # where how it ends does not matter
OUT_OF_TIME = frozenset({Status.CPU_LIMIT, Status.WALL_LIMIT})

# System calls by name: (x86_64, aarch64). Those from 424 on have one number everywhere.
NUMBERS = {
    "clone": (56, 220), "execveat": (322, 281), "ptrace": (101, 117), "kcmp": (312, 272),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "prlimit64": (302, 261),
    "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186),
    "mq_open": (240, 180), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "perf_event_open": (298, 241), "bpf": (321, 280),
    "userfaultfd": (323, 282), "memfd_create": (319, 279), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "init_module": (175, 105), "kexec_load": (246, 104), "reboot": (169, 142),
    "swapon": (167, 224), "acct": (163, 89), "syslog": (103, 116), "vmsplice": (278, 75),
    "splice": (275, 76), "tee": (276, 77), "io_setup": (206, 0), "ioprio_set": (251, 30),
    "inotify_init1": (294, 26), "fanotify_init": (300, 262), "personality": (135, 92),
    "clock_settime": (227, 112), "settimeofday": (164, 170), "adjtimex": (159, 171),
    "sethostname": (170, 161), "setdomainname": (171, 162), "quotactl": (179, 60),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "mbind": (237, 235),
    "timer_create": (222, 107), "signalfd4": (289, 74), "seccomp": (317, 277),
    "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "exit": (60, 93),
    "setpriority": (141, 140), "sched_setattr": (314, 274), "sched_setscheduler": (144, 119),
    "mknodat": (259, 33), "fchmodat": (268, 53), "setxattr": (188, 5),
    "lookup_dcookie": (212, 18),
}  # fmt: skip
UNIFIED = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fspick": 433, "pidfd_open": 434, "clone3": 435, "openat2": 437,
    "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443,
    "landlock_create_ruleset": 444, "memfd_secret": 447, "process_mrelease": 448,
    "fchmodat2": 452, "map_shadow_stack": 453, "statmount": 457, "listmount": 458,
    "setxattrat": 463,
}  # fmt: skip

PRELUDE = f"""\
import ctypes, errno, fcntl, mmap, os, signal, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
NUMBERS = {NUMBERS!r}
UNIFIED = {UNIFIED!r}
def call(name, *arguments):
    number = UNIFIED.get(name) or NUMBERS[name][os.uname().machine == 'aarch64']
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    if result < 0: raise OSError(ctypes.get_errno(), name)
    return result
def checked(result):
    if result < 0: raise OSError(ctypes.get_errno(), 'refused')
    return result
def got(*what):
    text = ' '.join(map(str, ('got-' + 'through', *what)))
    for fd in (1, 2):
        try: os.write(fd, text.encode() + b'\\n')
        except OSError: pass
def others():
    return [int(name) for name in os.listdir('/proc') if name.isdigit() and int(name) != os.getpid()]
def attempt(action, *arguments):
    try: return action(*arguments)
    except (OSError, ValueError): return None
CANARY = ''.join({[CANARY[:3], CANARY[3:]]!r})
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """A hostile program.

    Attributes:
        name: what it tries, in a few words.
        source: the program; for Python what `PRELUDE` defines is there. `VICTIM` stands for a
            folder of the host that the tests watch.
        statuses: how a run in the sandbox may end.
        profiles: where it must be repelled.
        stdin: what it reads.
        limits: what its run may use.
        needs: what the throw-away namespace must share with the host for it to succeed there:
            "net"; or what it must not have: "pid" (no namespace for processes of its own).
        no_control: why it is not run without the layer ("" where it is).
        language: what it is written in.
        argv: its arguments.
    """

    name: str
    source: str
    statuses: frozenset[Status] = EXITED
    profiles: tuple[Profile, ...] = STRICT
    stdin: bytes = b""
    limits: Limits = LIMITS
    needs: frozenset[str] = frozenset()
    no_control: str = ""
    language: Language = Language.PYTHON
    argv: tuple[str, ...] = ()

    def program(self, victim: str) -> str:
        """The whole program, aimed at the folder `victim`."""
        source = self.source.replace("VICTIM", victim)
        return PRELUDE + source if self.language is Language.PYTHON else source

    def request(self, profile: Profile, victim: str) -> RunRequest:
        """What a runner is asked."""
        return RunRequest(
            self.program(victim), stdin=self.stdin, limits=self.limits,
            language=self.language, profile=profile, argv=self.argv,
        )  # fmt: skip


def cases(attacks: Iterable[Attack], *, slow_general: bool = True) -> Iterator[ParameterSet]:
    """Each attack under each profile that must repel it; those of GENERAL may be marked slow."""
    for attack in attacks:
        for profile in attack.profiles:
            marks = [pytest.mark.slow] if slow_general and profile is Profile.GENERAL else []
            name = f"{attack.name}-{profile}".replace(" ", "_")
            yield pytest.param(attack, profile, id=name, marks=marks)


def controls(attacks: Iterable[Attack]) -> Iterator[ParameterSet]:
    """Each attack whose success can be shown without harm; slow, by their number."""
    for attack in attacks:
        if not attack.no_control:
            yield pytest.param(attack, id=attack.name.replace(" ", "_"), marks=pytest.mark.slow)
