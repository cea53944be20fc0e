"""Finds a sandbox that works here by running a program in it, or says how to get one.

There is no unsandboxed way to run a program: where nothing works, `SandboxUnavailable` is raised.
"""

from __future__ import annotations

import platform
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.runner import RunRequest, Status
from deepcoder_cli.sandbox.seccomp import filter_program
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner

# A program that shows that it runs, that it is not root, that it sees no home and no network
# interface but its own loopback, and that the filter is on: it can neither fork nor open a socket.
PROBE = """\
import os, socket
print(6 * 7, os.getuid() != 0, os.path.isdir("/home") or os.path.isdir("/root"))
print([line.split(":")[0].strip() for line in list(open("/proc/net/dev"))[2:]])
for attempt in (os.fork, socket.socket):
    try:
        attempt()
    except OSError as error:
        print(error.errno)
"""
PROBE_OUTPUT = b"42 True False\n['lo']\n1\n1\n"
INSTALL = {
    "apt-get": "sudo apt-get install -y bubblewrap",
    "dnf": "sudo dnf install -y bubblewrap",
    "pacman": "sudo pacman -S --noconfirm bubblewrap",
    "zypper": "sudo zypper install -y bubblewrap",
    "apk": "sudo apk add bubblewrap",
}
APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
DEBIAN_SWITCH = Path("/proc/sys/kernel/unprivileged_userns_clone")
NAMESPACE_COUNT = Path("/proc/sys/user/max_user_namespaces")
APPARMOR_FIX = (
    "AppArmor denies user namespaces to bwrap. Allow them to bwrap alone: printf "
    "'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap "
    "flags=(unconfined) {\\n  userns,\\n}\\n' | sudo tee /etc/apparmor.d/bwrap && "
    "sudo apparmor_parser -r /etc/apparmor.d/bwrap"
)


@cache
def default_runner() -> BubblewrapRunner:
    """The sandbox of this machine, tried with one real run and then kept.

    Raises:
        SandboxUnavailable: none works here; the message holds the fix.
    """
    refuse_other_systems(sys.platform)
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxUnavailable(f"no sandbox: bubblewrap is not installed. {install_line()}")
    if filter_program() is None:
        machine = platform.machine()
        raise SandboxUnavailable(
            f"no sandbox: no system-call filter for {machine} (x86_64 or aarch64). "
            "Use such a machine."
        )
    runner = BubblewrapRunner(bwrap)
    prove(runner)
    return runner


def prove(runner: Runner) -> None:
    """Run the probe program in `runner`.

    Raises:
        SandboxUnavailable: it did not run, or could do what it must not.
    """
    result = runner.run(RunRequest(PROBE, limits=Limits(cpu_s=10, wall_s=30)))
    if result.status is Status.EXITED and result.stdout == PROBE_OUTPUT:
        return
    said = (result.detail or result.stderr.decode("utf-8", "replace")).strip()
    said = said.rpartition("\n")[2] or f"the probe printed {result.stdout!r}"
    raise SandboxUnavailable(f"no sandbox: {said}. {fix_for(said)}")


def refuse_other_systems(name: str) -> None:
    """Raise SandboxUnavailable unless `name` (of `sys.platform`) is Linux."""
    if name == "darwin":
        raise SandboxUnavailable(
            "no sandbox: macOS has no bubblewrap. Run deepcoder in a Linux virtual machine."
        )
    if name in {"win32", "cygwin"}:
        raise SandboxUnavailable(
            "no sandbox: Windows has no bubblewrap. Run deepcoder in WSL2 (wsl --install)."
        )
    if name != "linux":
        raise SandboxUnavailable(f"no sandbox: {name} has no bubblewrap. Run deepcoder on Linux.")


def install_line() -> str:
    """The command that installs bubblewrap on the system at hand."""
    for manager, line in INSTALL.items():
        if shutil.which(manager):
            return f"Run: {line}"
    return "Install the package `bubblewrap`."


def fix_for(said: str) -> str:
    """What to do about a bwrap that says `said`, from the kernel's own switches."""
    if _switch(APPARMOR_SWITCH) == "1":
        return APPARMOR_FIX
    if _switch(DEBIAN_SWITCH) == "0":
        return "Allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _switch(NAMESPACE_COUNT) == "0":
        return "Allow user namespaces: sudo sysctl -w user.max_user_namespaces=10000"
    if "nknown option" in said:
        return "This bubblewrap is too old: version 0.8.0 or later is needed."
    if "ermission denied" in said and "namespace" not in said:
        return "The Python interpreter must be readable by every user: use the system's Python."
    return (
        "This environment denies namespaces. In a container, allow them: "
        "docker run --security-opt seccomp=unconfined --cap-add SYS_ADMIN, or run on the host."
    )


def _switch(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return None
