"""macOS: programs under `sandbox-exec`, deny by default. Written, and not verified on a Mac.

Nobody has yet run this on real hardware, so it is off unless DEEPCODER_ALLOW_UNVERIFIED_SEATBELT=1
says that somebody takes that upon themselves; every result then carries the tier C. Meant to be
held: files but the interpreter's and the system's libraries, writing but in the program's own
folder, the network, other processes, starting any. Not held: memory on macOS (RLIMIT_AS is not
enforced there), and that CPU time counts in whole seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.fixes import ALLOW_SEATBELT, seatbelt_unverified
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.layout import current_interpreter
from deepcoder_cli.sandbox.plain import PlainRunner
from deepcoder_cli.sandbox.runner import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepcoder_cli.sandbox.runner import RunRequest

SANDBOX_EXEC = "/usr/bin/sandbox-exec"
# What the dynamic loader and the interpreter need to start at all.
SYSTEM_READS = (
    "/usr/lib",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
    "/System/Library/Frameworks",
    "/System/Library/PrivateFrameworks",
    "/System/Volumes/Preboot/Cryptexes/OS",
    "/private/var/db/dyld",
    "/private/var/db/timezone",
)
SYSCTLS = ("hw.pagesize_compat", "hw.ncpu", "hw.activecpu", "hw.memsize", "kern.osvariant_status")
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom", "/dev/dtracehelper")


class SeatbeltRunner(PlainRunner):
    """Runs Python programs under a profile that denies what it does not name."""

    tier: ClassVar[Tier] = Tier.C

    def wrapped(self, command: Sequence[str], folder: Path) -> list[str]:
        """`command` under the profile for `folder`."""
        return [SANDBOX_EXEC, "-p", profile(folder.resolve(), command[0], readable()), *command]

    def check(self, request: RunRequest) -> None:
        """Refuse other languages: their compilers would run outside of the profile."""
        if request.language is not Language.PYTHON:
            raise SandboxUnavailable(
                f"no sandbox on macOS for this language: {request.language} (python). Use Linux."
            )


def seatbelt_runner(environment: Mapping[str, str] | None = None) -> SeatbeltRunner:
    """The runner for macOS, where somebody has allowed it.

    Raises:
        SandboxUnavailable: nobody has, or there is no sandbox-exec.
    """
    values = os.environ if environment is None else environment
    if values.get(ALLOW_SEATBELT) != "1":
        raise SandboxUnavailable(f"no sandbox: {seatbelt_unverified().line}")
    if not Path(SANDBOX_EXEC).exists():
        raise SandboxUnavailable(f"no sandbox: {SANDBOX_EXEC} is not there. Use Linux.")
    return SeatbeltRunner()


def readable() -> list[str]:
    """The folders of the interpreter: its own, a framework's, and a venv's."""
    python = current_interpreter()
    found = {str(Path(sys.base_prefix).resolve()), str(python.stdlib.resolve())}
    found |= {str(Path(sys.prefix).resolve()), str(Path(__file__).parent.resolve())}
    return sorted(found)


def profile(folder: Path, executable: str, reads: Sequence[str]) -> str:
    """The profile, in the sandbox's own language (SBPL).

    Args:
        folder: where the program lies, its working directory; the one place it may write to.
        executable: what may be executed, once; starting further processes is denied.
        reads: folders it may read besides.
    """
    return "\n".join(
        [
            "(version 1)",
            "(deny default)",
            "(deny network*)",
            "(deny process-fork)",
            "(deny mach-lookup)",
            "(deny signal)",
            "(allow signal (target self))",
            f"(allow process-exec {_literals(_names_of(executable))})",
            "(allow file-read-metadata)",
            f"(allow file-read* {_subpaths([*SYSTEM_READS, *reads, str(folder)])})",
            f'(allow file-read* (literal "/") {_literals([*DEVICES, *_names_of(executable)])})',
            f"(allow file-map-executable {_subpaths([*SYSTEM_READS, *reads])})",
            f"(allow file-write* {_subpaths([str(folder)])})",
            f"(allow file-write-data {_literals(['/dev/null'])})",
            f"(allow sysctl-read {' '.join(f'(sysctl-name {_quoted(n)})' for n in SYSCTLS)})",
            "",
        ]
    )


def _names_of(executable: str) -> list[str]:
    """Its path as given and behind links; and what a framework's Python executes in its place."""
    framework = Path(sys.base_prefix, "Resources/Python.app/Contents/MacOS/Python")
    names = {executable, str(Path(executable).resolve())}
    return sorted(names | ({str(framework)} if framework.exists() else set()))


def _subpaths(paths: Sequence[str]) -> str:
    return " ".join(f"(subpath {_quoted(path)})" for path in paths)


def _literals(paths: Sequence[str]) -> str:
    return " ".join(f"(literal {_quoted(path)})" for path in paths)


def _quoted(text: str) -> str:
    """`text` as a string of SBPL.

    Raises:
        SandboxUnavailable: it holds what no path of ours does, and would end the string early.
    """
    if any(not char.isprintable() for char in text):
        raise SandboxUnavailable(f"no sandbox: a path that cannot be written: {text!r}. Move it.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
