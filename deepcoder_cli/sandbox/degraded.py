"""Tier C: strict runs where there are no namespaces, behind Landlock and a call filter alone.

Held by Landlock: every file but the interpreter's own, the system's libraries and two devices; all
of /proc; connections. Held by the filter: whatever is not reading, computing and printing; signals
to any process but itself. Held by limits: CPU, memory, output, threads. Root drops to an unused
uid.
Not held: that files exist, their sizes and times (stat) and the ids of running processes can be
found out; as an ordinary user a program has that user's uid, and its threads count as the user's.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import platform
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.inside import landlock
from deepcoder_cli.sandbox.inside.protocol import PROGRAM_FD
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.launchers import package_folders
from deepcoder_cli.sandbox.live import TICK_S, Tail
from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.outcome import lost
from deepcoder_cli.sandbox.pool import ZygotePool
from deepcoder_cli.sandbox.run_files import RunFiles
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.sandbox.seccomp import OWN_PID_MARK, bpf, native_filter, strict_filter
from deepcoder_cli.sandbox.seccomp.filters import assembled
from deepcoder_cli.sandbox.supervision import Launch
from deepcoder_cli.sandbox.uids import next_uid
from deepcoder_cli.sandbox.zygote import ZygoteLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.outcome import Report
    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Terminal

PREFIX, NEWBORN_S = "deepcoder-tier-c-", 60
THREADS = 64
ROOM_FOR_THE_USER = 448  # what the user may start besides, before a program is short of threads
TRUNCATE_HELD = 3  # the version of Landlock that holds truncation
DEVICES = ("/dev/urandom", "/dev/random")


def base_filter(abi: int) -> bytes | None:
    """The filter of the zygote, beside which a child takes on a whole one that names its process.

    Before version 3 Landlock lets a file that may be read be cut to nothing while it is opened:
    there, this filter refuses that.
    """
    if abi >= TRUNCATE_HELD:
        return bpf.ALLOW
    blocks = {
        name: bpf.argument(place) + bpf.refuse_if_any(os.O_TRUNC) + bpf.ALLOW
        for name, place in (("open", 1), ("openat", 2))
    }
    return assembled(platform.machine(), blocks, bpf.ALLOW, bpf.ALLOW)


class DegradedLauncher:
    """Starts zygotes that Landlock and a filter hold, without bubblewrap."""

    tier = Tier.C
    hosts = False

    def __init__(self) -> None:
        """Make the one folder there is: empty but for a link to the program of each run."""
        self._python = layout.current_interpreter()
        _sweep()
        self.folder = folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        in_use = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(in_use, fcntl.LOCK_SH)
        weakref.finalize(self, _remove, folder, in_use, os.getpid())
        (folder / "inside.zip").write_bytes(layout.inside_archive())
        (folder / "inside.zip").chmod(0o444)
        (folder / "packages").mkdir()
        for package in package_folders():
            (folder / "packages" / package.name).symlink_to(package)
        (folder / "work").mkdir()
        (folder / "work" / "main.py").symlink_to(f"/proc/self/fd/{PROGRAM_FD}")
        for each in (folder, folder / "packages", folder / "work"):
            each.chmod(0o555)

    def launch(self, preload: tuple[str, ...]) -> Launch:
        """How to start a zygote that has the modules `preload` imported."""
        folder = self.folder
        as_root = layout.running_as_root()
        processes = THREADS if as_root else _threads_of_this_user() + ROOM_FOR_THE_USER + THREADS
        plan = {
            "uid": next_uid() if as_root else 0,
            "connection": "@0@",
            "control": "@2@",
            "alive": "@alive@",
            "base": (base_filter(landlock.abi()) or b"").hex(),
            "strict": (strict_filter(own_pid=OWN_PID_MARK) or b"").hex(),
            "native": (native_filter(PROGRAM_FD, own_pid=OWN_PID_MARK) or b"").hex(),
            "read": [*self._readable, str(folder / "packages"), str(folder / "work")],
            "packages": [str(folder / "packages")],
            "preload": list(preload),
            "own_pid_mark": OWN_PID_MARK,
        }
        return Launch(
            argv=(
                *(str(self._python.executable), "-S", str(folder / "inside.zip"), "degraded"),
                *(json.dumps(plan), str(folder / "work"), str(processes)),
            ),
            env=_environment(folder / "work"),
        )

    @cached_property
    def _readable(self) -> list[str]:
        """The interpreter, its library, the packages and the system's shared libraries."""
        python = self._python
        found = [python.executable, python.stdlib, *python.libraries, *package_folders()]
        found += [Path(path) for path in (*layout.system_library_folders(), *DEVICES)]
        return [str(path) for path in found if path.exists()]


class WatchedPool(ZygotePool):
    """A pool whose runs can be watched while they go on."""

    async def arun_watched(
        self, request: RunRequest, stdin: int | None, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """`arun`, with the pipe `stdin` as input if given, handing output to `show` as it comes.

        Whatever `show` raises ends the run and is passed on.
        """
        place = await self._slots.atake()
        try:
            with RunFiles(request, self.file_of(request)) as run:
                if stdin is not None:
                    run.fds[1] = stdin
                _, _, stdout, stderr = run.fds[:4]
                tail = Tail(stdout, stderr, request.limits.output_kib * 1024, show)
                zygote = self.zygote_for(request, place)
                try:
                    running = zygote.arun(run.mode, request.limits, run.fds, run.timeout_s)
                    report = await _watched(asyncio.ensure_future(running), tail)
                finally:
                    self.put_back(zygote)
                return run.result(report, self.tier)
        except (ZygoteLost, OSError) as error:
            return lost(str(error), self.tier)
        finally:
            place.give_back()


async def _watched(running: asyncio.Future[Report], tail: Tail) -> Report:
    """Show what comes until the end; an error of whoever is shown it kills the program."""
    try:
        while not running.done():
            await asyncio.wait({running}, timeout=TICK_S)
            tail.show_new()
    except BaseException:
        running.cancel()
        with suppress(asyncio.CancelledError, ZygoteLost):
            await running
        raise
    return running.result()


class DegradedRunner(LocalRunner):
    """Strict runs alone; what a person watches is strict as well, whatever was asked for."""

    def __init__(self, launcher: DegradedLauncher | None = None) -> None:
        """Start nothing yet."""
        self._watched = WatchedPool(launcher or DegradedLauncher())
        super().__init__(self._watched, None)

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(fd, chunk)` as it comes."""
        return asyncio.run(self._live(request, stdin, show))

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with `request.stdin`, showing output as it comes; without a terminal."""
        return await self._live(request, None, show)

    async def _live(
        self, request: RunRequest, stdin: int | None, show: Callable[[int, bytes], None]
    ) -> RunResult:
        if request.language is not Language.PYTHON or request.files:
            self._general()  # says that there is none
        return await self._watched.arun_watched(request, stdin, show)


def _sweep() -> None:
    """Remove the folders of those who were killed before they could: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if found.st_uid != os.geteuid() or time.time() - found.st_mtime < NEWBORN_S:
                continue
            place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _delete(folder)
            finally:
                os.close(place)


def _remove(folder: Path, in_use: int, owner: int) -> None:
    """Remove the folder when its launcher goes; a forked child leaves it to its parent."""
    os.close(in_use)
    if os.getpid() == owner:
        with suppress(OSError):
            _delete(folder)


def _delete(folder: Path) -> None:
    for each in (folder / "packages", folder / "work", folder):
        if each.is_dir():
            each.chmod(0o700)
    shutil.rmtree(folder)


def _threads_of_this_user() -> int:
    """How many threads the user of this process has; the kernel counts them all as processes."""
    found = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                found += len(list((entry / "task").iterdir()))
    return found


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "USER": "sandbox",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
