"""Ends the orphans of bubblewrap: processes that nobody will ever let go on.

Bubblewrap clones PID 1 of a sandbox and holds it back until it has said what its number is. Killed
in that millisecond (it dies with its parent, too), it leaves a process that waits for ever, and
keeps open what the sandbox was given. Nothing has been set up or run in that sandbox yet.

Covered: those of every process of this user's that starts sandboxes of ours, whoever was killed.
Not covered: one that is younger than OLD_S, or left later than the one sweep; another user's; all
of them on a kernel that does not tell a process's children (no CONFIG_PROC_CHILDREN).

`supervisor` uses it, so this imports nothing that takes long.
"""

from __future__ import annotations

import io
import os
import signal
import time
from contextlib import suppress

OLD_S = 2.0  # bubblewrap holds its child back for a millisecond
AFTER_S = 2.5  # what was left before the sweep was planned is old enough by then
NAME = b"bwrap\n"
UNREADABLE = OSError, ValueError, LookupError  # it has ended; or this /proc is not as others are
STARTED = 20  # the place of the start among the words of a `stat`, the name left out


class Sweep:
    """One look at every process there is, AFTER_S from now, that kills the orphans among them.

    It goes in steps of some microseconds, for one who has more urgent things to do in between.
    """

    def __init__(self, archive: str) -> None:
        """Plan it; `archive` is the word by which our command lines are known, layout.ARCHIVE."""
        self._archive = archive.encode()
        self._due = time.monotonic() + AFTER_S
        self._left: list[int] | None = None

    def patience_ms(self) -> float | None:
        """How long the next step can wait; None when there is none."""
        if self._left is not None and not self._left:
            return None
        return max(0.0, self._due - time.monotonic()) * 1000

    def step(self) -> None:
        """Look at the next process. It raises nothing, whatever there is to see."""
        if self._left is None:
            self._left = _processes()
        elif self._left:
            _kill_if_orphan(self._left.pop(), self._archive)


def _kill_if_orphan(pid: int, archive: bytes) -> None:
    """Kill the process `pid` if it is an orphan, and no other that may come to have its number."""
    with suppress(*UNREADABLE):
        if not _is_orphan(pid, archive):
            return
        pidfd = os.pidfd_open(pid)
        try:
            if _is_orphan(pid, archive):  # still, now that the number cannot pass on unseen
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        finally:
            os.close(pidfd)


def _processes() -> list[int]:
    """All processes; none where /proc shows another namespace, whose numbers mean others here."""
    with suppress(*UNREADABLE):
        if int(_stat("self")[0]) == os.getpid():
            with os.scandir("/proc") as entries:
                return [int(entry.name) for entry in entries if entry.name.isdigit()]
    return []


def _is_orphan(pid: int, archive: bytes) -> bool:
    return (
        _is_bubblewrap(pid, archive)
        and _is_held_back(pid)
        and not _is_bubblewrap(_parent(pid), archive)
        and not _read(f"{pid}/task/{pid}/children").split()
        and _age_s(pid) > OLD_S
    )


def _is_bubblewrap(pid: int, archive: bytes) -> bool:
    """Whether it is a bubblewrap for a sandbox of ours, or the child that it has cloned.

    The child looks like its parent until it becomes the sandbox's interpreter. What cannot be read,
    because it has ended or is hidden, is neither.
    """
    try:
        return _read(f"{pid}/comm") == NAME and archive in _read(f"{pid}/cmdline").split(b"\0")
    except OSError:
        return False


def _is_held_back(pid: int) -> bool:
    """Whether this bubblewrap is ours and a cloned child: PID 1 of a namespace below this one.

    The real user counts: a bubblewrap that is setuid has another effective one.
    """
    lines = (line.partition(b":") for line in _read(f"{pid}/status").splitlines())
    words = {name: values.split() for name, _, values in lines}
    numbers = words[b"NSpid"]
    return len(numbers) > 1 and int(numbers[-1]) == 1 and int(words[b"Uid"][0]) == os.geteuid()


def _parent(pid: int) -> int:
    return int(_stat(pid)[2])


def _age_s(pid: int) -> float:
    """How long ago it was started, by the clock that the kernel notes that in.

    Not by /proc/uptime, which in some containers is the container's own.
    """
    started_s = int(_stat(pid)[STARTED]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s


def _stat(pid: int | str) -> list[bytes]:
    """The words of its `stat` but for the name, which may hold spaces and parentheses."""
    number, _, rest = _read(f"{pid}/stat").partition(b" (")
    return [number, *rest.rpartition(b")")[2].split()]


def _read(path: str) -> bytes:
    """All of a file in /proc."""
    with io.FileIO(f"/proc/{path}") as file:
        return file.readall()
