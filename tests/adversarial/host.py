"""What an attack could have changed outside: looked at before and after each."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import deepcoder_cli
from deepcoder_cli.sandbox.layout import current_interpreter

MARK = "evil"  # in the name of whatever an attack tries to make
SETTLING_S = 5.0  # how long the sandbox may take to have put everything away
MEMORY_SLACK_MIB = 64
KEPT = ("/memfd:program", "/memfd:code", "/memfd:binary")  # the last few programs: a bounded number
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
WATCHED = (tempfile.gettempdir(), "/dev/shm", "/dev/mqueue", "/var/tmp", "/", "/opt", "/run")


@dataclass(frozen=True, slots=True)
class HostState:
    """What must be the same after an attack as before it.

    Attributes:
        victim: every file of the watched folder: type, mode, owner, times, attributes, content.
        marked: whatever bears the mark in places anybody may write to, and the caller's own.
        constant: devices, code and interpreter, host name, SysV objects and keys with the mark.
        programs: processes of a sandbox other than its PID 1.
        descriptors: our own, by kind.
        processes: limits, priority and scheduling of ourselves and all below us.
    """

    victim: tuple[object, ...]
    marked: tuple[str, ...]
    constant: tuple[object, ...]
    programs: tuple[str, ...]
    descriptors: tuple[str, ...]
    processes: frozenset[object]


def host_state(victim: Path) -> HostState:
    """Look at everything once."""
    below = descendants(os.getpid())
    return HostState(
        victim=tuple(_file(path) for path in sorted([victim, *victim.rglob("*")])),
        marked=tuple(_marked()),
        constant=tuple(_constant()),
        programs=tuple(programs(below)),
        descriptors=tuple(sorted(descriptors_of(os.getpid()))),
        processes=frozenset(_standing(pid) for pid in [os.getpid(), *below]) - {None},
    )


def settled(before: HostState, victim: Path) -> HostState:
    """The state as soon as it equals `before`, else the state when time is up."""
    deadline = time.monotonic() + SETTLING_S
    while not same(after := host_state(victim), before) and time.monotonic() < deadline:
        time.sleep(0.02)
    return after


def same(after: HostState, before: HostState) -> bool:
    """Whether nothing changed, and no descriptor came to be."""
    if replace(after, descriptors=before.descriptors) != before:
        return False
    return Counter(after.descriptors) <= Counter(before.descriptors)


def descendants(pid: int) -> list[int]:
    """Every process below `pid`."""
    found: list[int] = []
    try:  # hosts and runs come and go while one looks
        paths = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return found
    for path in paths:
        for child in map(int, _read(path).split()):
            found += [child, *descendants(child)]
    return found


def programs(pids: list[int]) -> list[str]:
    """Those of `pids` that live in a namespace below ours and are not its PID 1."""
    found = []
    for pid in pids:
        levels = _field(pid, "NSpid").split()
        if len(levels) > 1 and levels[-1] != "1":
            found.append(f"{pid} {_field(pid, 'Name')} {_field(pid, 'State')}")
    return found


def sandbox_init_processes() -> list[int]:
    """The PID 1 of every sandbox below us."""
    below = descendants(os.getpid())
    return [pid for pid in below if _field(pid, "NSpid").split()[1:][-1:] == ["1"]]


def descriptors_of(pid: int) -> list[str]:
    """The targets of a process's descriptors, without the numbers of sockets and pipes."""
    found = []
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(path.readlink())
        except OSError:
            continue
        if not target.startswith(("/proc/", *KEPT)):
            found.append(target.partition(":[")[0])
    return found


def memory_below_mib() -> float:
    """Resident memory of all processes below us; pages they share count for each."""
    kib = (_field(pid, "VmRSS").split()[:1] for pid in descendants(os.getpid()))
    return sum(int(words[0]) for words in kib if words) / 1024


def _file(path: Path) -> tuple[object, ...]:
    info = path.lstat()
    names = () if stat.S_ISSOCK(info.st_mode) else os.listxattr(path, follow_symlinks=False)
    data: object = None
    if path.is_symlink():
        data = str(path.readlink())
    elif path.is_file():
        data = path.read_bytes()
    times = (info.st_mtime_ns, info.st_ctime_ns)
    return (str(path), info.st_mode, info.st_uid, info.st_gid, info.st_nlink, *times, *names, data)


def _marked() -> list[str]:
    places = {*map(Path, WATCHED), Path.cwd(), Path.home()}
    return sorted(
        str(path) for place in places if os.access(place, os.R_OK)
        for path in place.iterdir() if path.name.startswith(MARK)
    )  # fmt: skip


def _constant() -> list[object]:
    package, python = Path(deepcoder_cli.__file__).parent, current_interpreter()
    found: list[object] = [os.uname().nodename]
    for path in (*map(Path, DEVICES), python.executable, python.stdlib / "os.py", package):
        info = path.stat()
        found.append((str(path), info.st_mode, info.st_uid, info.st_rdev))
        if not stat.S_ISCHR(info.st_mode):
            found.append((info.st_size, info.st_mtime_ns, info.st_nlink))
    keyed = str(0x0E71)  # the key attacks give to SysV objects
    for kind in ("shm", "sem", "msg"):
        lines = _read(Path("/proc/sysvipc", kind)).splitlines()
        found.append([line for line in lines if line.split()[0] == keyed])
    found.append([line for line in _read(Path("/proc/keys")).splitlines() if MARK in line])
    return found


def _standing(pid: int) -> object:
    """Limits, priority and scheduling of a process, by its name."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_bytes()
        scheduling = (
            os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid),
            tuple(os.sched_getaffinity(pid)),
        )  # fmt: skip
    except OSError:
        return None
    return (_field(pid, "Name"), sha256(limits).hexdigest()[:12], scheduling)


def _field(pid: int, name: str) -> str:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith(name + ":"):
            return line.partition(":")[2].strip()
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
