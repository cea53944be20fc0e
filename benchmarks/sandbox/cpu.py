"""CPU seconds of this process and of everything under it, waited for or not.

RUSAGE_SELF and RUSAGE_CHILDREN miss what a living grandchild (a supervisor, a zygote) uses. So the
benchmark moves itself into a cgroup of its own, which all it starts inherits, and reads that
group's nanoseconds. Where it may not make one, it adds up /proc: for each living descendant its
threads' schedstat (nanoseconds) and what it has waited for (10 ms ticks; rounded down once for
each process, not once for each run), and both of its own.
"""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
GROUPS = (
    ("/sys/fs/cgroup/cpuacct", "cpuacct.usage"),
    ("/sys/fs/cgroup/cpu,cpuacct", "cpuacct.usage"),
    ("/sys/fs/cgroup", "cpu.stat"),
)


class Meter(Protocol):
    """Something that knows how much CPU time has been used so far."""

    @property
    def how(self) -> str:
        """One phrase for the report."""
        ...

    def used_s(self) -> float:
        """CPU seconds so far."""
        ...

    def close(self) -> None:
        """Leave everything as it was."""
        ...


class ProcMeter:
    """Adds up /proc."""

    how = "summed over /proc (schedstat, and children's ticks)"

    def __init__(self) -> None:
        """Nothing has been read so far."""
        self._reading_s = 0.0

    def used_s(self) -> float:
        """CPU seconds of this process and of all its descendants, dead ones included.

        What reading /proc costs is left out.
        """
        own_s = time.process_time()
        waited = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = own_s - self._reading_s + waited.ru_utime + waited.ru_stime
        total += sum(map(_used_by, descendants(os.getpid())))
        self._reading_s += time.process_time() - own_s
        return total

    def close(self) -> None:
        """Nothing was changed."""


class GroupMeter:
    """Reads the cgroup at `folder`, which this process has joined."""

    def __init__(self, folder: Path, file: str) -> None:
        self._folder = folder
        self._file = folder / file
        self.how = f"of a cgroup of its own ({file})"

    def used_s(self) -> float:
        """CPU seconds of all that ever ran in the group."""
        time.process_time()  # makes the kernel book this process's own share up to now
        text = self._file.read_text(encoding="ascii")
        return int(text) / 1e9 if text.strip().isdigit() else int(text.split()[1]) / 1e6

    def close(self) -> None:
        """Go back to the group above; remove this one if nothing is left in it."""
        with suppress(OSError):
            (self._folder.parent / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            self._folder.rmdir()


def best_meter() -> Meter:
    """A cgroup where one can be made here, else /proc."""
    for folder, file in GROUPS:
        group = Path(folder) / f"deepcoder-benchmark-{os.getpid()}"
        if not (Path(folder) / "cgroup.procs").exists():
            continue
        with suppress(OSError):
            group.mkdir(exist_ok=True)
            (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            GroupMeter(group, file).used_s()
            return GroupMeter(group, file)
    return ProcMeter()


def descendants(root: int) -> list[int]:
    """Living processes under `root`, without it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    pending = [root]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return found


def machine_busy_s() -> float:
    """CPU seconds the whole machine has spent busy, in ticks of 10 ms."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def _used_by(pid: int) -> float:
    fields = _stat(pid)
    if not fields:
        return 0.0
    waited_s = (int(fields[13]) + int(fields[14])) / TICKS_PER_S
    own_ns = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):
            own_ns += int(task.read_text(encoding="ascii").split()[0])
    return waited_s + own_ns / 1e9


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, ...; none when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    return text.rpartition(b")")[2].decode("ascii").split()
