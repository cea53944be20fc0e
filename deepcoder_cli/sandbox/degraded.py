"""Tier C: strict runs where there are no namespaces, behind Landlock and a call filter alone.

Held by Landlock: every file but the interpreter's own, the system's libraries and two devices; all
of /proc; connections. Held by the filter: whatever is not reading, computing and printing; signals
to any process but itself. Held by limits: CPU, memory, output, threads. Root drops to an unused uid.
Not held: that files exist, their sizes and times (stat) and the ids of running processes can be
found out; as an ordinary user a program has that user's uid, and its threads count as the user's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.inside.protocol import PROGRAM_FD
from deepcoder_cli.sandbox.launchers import next_uid, package_folders
from deepcoder_cli.sandbox.live import TICK_S, Tail
from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.outcome import lost
from deepcoder_cli.sandbox.pool import StrictRun, ZygotePool
from deepcoder_cli.sandbox.runner import Profile, Tier
from deepcoder_cli.sandbox.seccomp import OWN_PID_MARK, native_filter, strict_filter
from deepcoder_cli.sandbox.seccomp.bpf import ALLOW
from deepcoder_cli.sandbox.supervision import Launch
from deepcoder_cli.sandbox.zygote import ZygoteLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Terminal

THREADS = 64
ROOM_FOR_THE_USER = 448  # what the user may start besides, before a program is short of threads
DEVICES = ("/dev/urandom", "/dev/random")


class DegradedLauncher:
    """Starts zygotes that Landlock and a filter hold, without bubblewrap."""

    tier = Tier.C

    def __init__(self) -> None:
        """Make the one folder there is: empty but for a link to the program of each run."""
        self._python = layout.current_interpreter()
        self._folder = tempfile.TemporaryDirectory(prefix="deepcoder-tier-c-")
        folder = Path(self._folder.name)
        (folder / "main.py").symlink_to(f"/proc/self/fd/{PROGRAM_FD}")
        (folder / "inside.zip").write_bytes(layout.inside_archive())
        (folder / "inside.zip").chmod(0o444)
        (folder / "work").mkdir()
        (folder / "main.py").rename(folder / "work" / "main.py")
        for each in (folder, folder / "work"):
            each.chmod(0o555)

    def launch(self, preload: tuple[str, ...]) -> Launch:
        """How to start a zygote that has the modules `preload` imported."""
        folder = Path(self._folder.name)
        as_root = layout.running_as_root()
        processes = THREADS if as_root else _threads_of_this_user() + ROOM_FOR_THE_USER + THREADS
        plan = {
            "uid": next_uid() if as_root else 0,
            "connection": "@0@",
            "alive": "@alive@",
            "base": ALLOW.hex(),  # the child takes on a whole filter, which names its own process
            "strict": (strict_filter(own_pid=OWN_PID_MARK) or b"").hex(),
            "native": (native_filter(PROGRAM_FD, own_pid=OWN_PID_MARK) or b"").hex(),
            "read": [*self._readable, str(folder / "work")],
            "packages": sorted({str(path.parent) for path in package_folders()}),
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
        found += [Path(path) for path in (*layout.system_libraries(), *DEVICES)]
        return [str(path) for path in found if path.exists()]


class DegradedRunner(LocalRunner):
    """Strict runs alone; what a person watches is strict as well."""

    def __init__(self, launcher: DegradedLauncher | None = None) -> None:
        """Start nothing yet."""
        super().__init__(ZygotePool(launcher or DegradedLauncher()), None)

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(fd, chunk)` as it comes."""
        return asyncio.run(self._live(request, stdin, show))

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with `request.stdin`, showing output as it comes. There is no terminal: `terminal`
        is not used."""
        return await self._live(request, None, show)

    async def _live(
        self, request: RunRequest, stdin: int | None, show: Callable[[int, bytes], None]
    ) -> RunResult:
        if request.profile is Profile.GENERAL:
            self._general(request)  # says that there is none
        return await self.pool.arun_watched(request, stdin, show)


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
