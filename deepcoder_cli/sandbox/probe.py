"""Finds a sandbox that works here by running a program in it, or says how to get one.

There is no unsandboxed way to run a program: where nothing works, `SandboxUnavailable` is raised.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox import fixes
from deepcoder_cli.sandbox.inside import landlock
from deepcoder_cli.sandbox.kernel_trial import try_kernel
from deepcoder_cli.sandbox.layers import at_least
from deepcoder_cli.sandbox.layout import current_interpreter, running_as_root
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status, Tier
from deepcoder_cli.sandbox.seccomp import strict_filter
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.fixes import Fix
    from deepcoder_cli.sandbox.local import LocalRunner
    from deepcoder_cli.sandbox.runner import Runner

# A program that shows that it runs, that it is not root and cannot be, that it sees no home and no
# network interface but its own loopback, and that the filter is on: it cannot open a socket.
PROBE = """\
import os, socket
print(6 * 7, os.getuid() != 0, os.path.isdir("/home") or os.path.isdir("/root"))
print([line.split(":")[0].strip() for line in list(open("/proc/net/dev"))[2:]])
for attempt in (lambda: os.setuid(0), socket.socket):
    try:
        attempt()
    except OSError as error:
        print("refused")
"""
# The same for strict runs: a program opens no file of the host, writes none, stays one process; and
# without namespaces it sees no process and reaches not even the one that started it.
STRICT_PROBE = """\
import os, socket, sys
print(6 * 7, os.getuid() != 0)
attempts = [
    lambda: open("/etc/passwd"), lambda: open("probe", "w"), lambda: os.setuid(0),
    socket.socket, os.fork, lambda: os.listdir("/proc"), lambda: os.kill(os.getppid(), 0),
]
for attempt in attempts[: int(sys.argv[1])]:
    try:
        attempt()
    except OSError as error:
        print("refused")
"""
IN_NAMESPACES, WITHOUT_NAMESPACES = 5, 7  # how many of the attempts must be refused
PATIENT = Limits(cpu_s=10, wall_s=30)
PROBE_OUTPUT = b"42 True False\n['lo']\nrefused\nrefused\n"


_lock = threading.Lock()


class NoSandbox(Exception):  # noqa: N818 - the name says what is the case
    """A kind of sandbox does not work here; carries the fix."""

    def __init__(self, fix: Fix) -> None:
        super().__init__(fix.line)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """The bubblewrap that is installed: where, and its version ("0.8.0"; "" when it says none)."""

    path: str
    version: str

    @property
    def too_old(self) -> bool:
        """Whether it lacks what the sandbox needs; one that names no version gets its chance."""
        numbers = tuple(int(part) for part in self.version.split(".")[:2] if part)
        return bool(numbers) and numbers < fixes.OLDEST_BWRAP


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: the sandbox, if any; bubblewrap, if any, and what is wrong with it."""

    runner: LocalRunner | None
    bwrap: Bubblewrap | None
    fix: Fix | None


def default_runner(lowest: Tier = Tier.C) -> LocalRunner:
    """The sandbox of this machine, tried with one real run and then kept.

    `lowest` is the weakest tier that will do. Rewards want B: then a strict run is tried as well.

    Raises:
        SandboxUnavailable: none works here, or only a weaker one; the message holds the fix.
    """
    found = find()
    fix = found.fix or fixes.landlock_absent(fixes.this_system())
    if found.runner is None:
        raise SandboxUnavailable(f"no sandbox: {fix.line}")
    tier = found.runner.tier
    if not at_least(tier, lowest):
        raise SandboxUnavailable(f"sandbox too weak: tier {tier} (at least {lowest}). {fix.line}")
    if at_least(lowest, Tier.B):
        try:
            _strict_proved(found.runner)
        except NoSandbox as error:
            raise SandboxUnavailable(f"no sandbox: {error.fix.line}") from error
    return found.runner


_kept: list[Found] = []  # the one that works, once there is one


def find() -> Found:
    """Look for a sandbox. One that works is kept; one that does not is tried anew next time.

    Raises:
        SandboxUnavailable: this is no Linux, and no macOS where it was allowed.
    """
    with _lock:
        if not _kept:
            found = _look()
            if found.runner is None:
                return found
            _kept.append(found)
        return _kept[0]


def _look() -> Found:
    if sys.platform == "darwin":
        from deepcoder_cli.sandbox.seatbelt import seatbelt_runner

        runner = cast("LocalRunner", seatbelt_runner())  # runs the same things, on its own
        return Found(runner, None, fixes.seatbelt_unverified())
    refuse_other_systems(sys.platform)
    bwrap = bubblewrap()
    try:
        return Found(_on_bubblewrap(bwrap), bwrap, None)
    except NoSandbox as error:
        without = error.fix
    try:
        return Found(_on_landlock(), bwrap, without)
    except NoSandbox:  # the better sandbox is the one to mend
        return Found(None, bwrap, without)


def forget() -> None:
    """Drop the sandbox that was found, so that the next caller looks again (tests)."""
    with _lock:
        _kept.clear()
    _strict_proved.cache_clear()


def _on_bubblewrap(bwrap: Bubblewrap | None) -> LocalRunner:
    """The sandbox of namespaces.

    Raises:
        NoSandbox: it does not work here.
    """
    # what these import exists on Linux alone
    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
    from deepcoder_cli.sandbox.launchers import BubblewrapLauncher
    from deepcoder_cli.sandbox.local import LocalRunner
    from deepcoder_cli.sandbox.pool import ZygotePool

    system = fixes.this_system()
    if bwrap is None:
        raise NoSandbox(fixes.bwrap_missing(system))
    if bwrap.too_old:
        raise NoSandbox(fixes.bwrap_too_old(system, bwrap.version))
    if strict_filter() is None:
        raise NoSandbox(fixes.foreign_machine(platform.machine()))
    require_memory_files()
    tier = Tier.A if landlock.abi() else Tier.B
    pool = ZygotePool(BubblewrapLauncher(bwrap.path, tier=tier))
    runner = LocalRunner(pool, BubblewrapRunner(bwrap.path, tier=tier))
    prove(runner, bwrap.path)
    return runner


def _on_landlock() -> LocalRunner:
    """The sandbox without namespaces, tier C.

    Raises:
        NoSandbox: it does not work here either.
    """
    from deepcoder_cli.sandbox.degraded import DegradedRunner

    system, python = fixes.this_system(), current_interpreter()
    if not landlock.abi():
        raise NoSandbox(fixes.landlock_absent(system))
    if strict_filter() is None:
        raise NoSandbox(fixes.foreign_machine(platform.machine()))
    require_memory_files()
    if running_as_root() and not readable_by_all(python.executable):
        raise NoSandbox(fixes.interpreter_unreadable(str(python.executable)))
    try:
        runner = DegradedRunner()
    except OSError as error:
        raise NoSandbox(fixes.no_room(error)) from error
    try:
        prove_strict(runner, WITHOUT_NAMESPACES)
    except NoSandbox:
        runner.close()
        raise
    return runner


def prove_strict(runner: Runner, attempts: int = IN_NAMESPACES) -> None:
    """Run the probe program for strict runs, of which that many attempts must be refused.

    Raises:
        NoSandbox: it did not run, or could do what it must not.
    """
    result = runner.run(RunRequest(STRICT_PROBE, limits=PATIENT, argv=(str(attempts),)))
    if (result.status, result.stdout) != (Status.EXITED, b"42 True\n" + b"refused\n" * attempts):
        said = result.detail or f"the probe printed {result.stdout!r}"
        raise NoSandbox(fixes.not_isolated(said))


@cache
def _strict_proved(runner: LocalRunner) -> None:
    prove_strict(runner)


def readable_by_all(path: Path) -> bool:
    """Whether every user may read the file `path`, as its mode and those of its folders say."""
    folders = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return bool(folders and path.stat().st_mode & stat.S_IROTH)


def bubblewrap() -> Bubblewrap | None:
    """The bubblewrap on PATH; None when there is none."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return Bubblewrap(path, "")
    said = re.fullmatch(r"bubblewrap (\d+(\.\d+)+)\s*", done.stdout)
    return Bubblewrap(path, said[1] if said else "")


def require_memory_files() -> None:
    """Make one.

    Raises:
        NoSandbox: the kernel, or what filters our calls, refuses.
    """
    try:
        os.close(os.memfd_create("probe"))
    except OSError as error:
        raise NoSandbox(fixes.memfd_absent(fixes.this_system())) from error


def prove(runner: Runner, bwrap: str = "/usr/bin/bwrap") -> None:
    """Run the probe program in `runner`.

    Raises:
        NoSandbox: it did not run, or could do what it must not.
    """
    result = runner.run(RunRequest(PROBE, limits=PATIENT, profile=Profile.GENERAL))
    if result.status is Status.EXITED and result.stdout == PROBE_OUTPUT:
        return
    said = (result.stderr.decode("utf-8", "replace").strip() or result.detail).rpartition("\n")[2]
    if result.stdout and not said:
        raise NoSandbox(fixes.not_isolated(f"the probe printed {result.stdout!r}"))
    raise NoSandbox(fix_for(said or f"the probe {result.status} without a word", bwrap))


def fix_for(said: str, bwrap: str = "/usr/bin/bwrap") -> Fix:
    """What to do about a bwrap that says `said`; the kernel is tried to tell the cause."""
    system = fixes.this_system()
    if try_kernel().seccomp:
        return fixes.seccomp_absent(system)
    if "nknown option" in said:
        return fixes.bwrap_too_old(system, said)
    if "ermission denied" in said and "namespace" not in said and "uid map" not in said:
        return fixes.interpreter_unreadable(str(current_interpreter().executable))
    return fixes.namespaces_denied(system, said, fixes.read_switches(), bwrap)


def refuse_other_systems(name: str) -> None:
    """Raise SandboxUnavailable where there can be no sandbox; `name` is a `sys.platform`."""
    if name in {"win32", "cygwin"}:
        raise SandboxUnavailable(
            "no sandbox: Windows has no bubblewrap. Run deepcoder in WSL2 (wsl --install)."
        )
    if name != "linux":
        raise SandboxUnavailable(f"no sandbox: {name} has no bubblewrap. Run deepcoder on Linux.")
