"""Gathers what `doctor` judges by: everything is found by running something, once, here.

A witness program runs in the sandbox (in each profile there is), tiny programs run into each
limit, the compilers compile, and the kernel is tried in processes of its own. About 2 s of it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox import probe
from deepcoder_cli.sandbox.fixes import this_system
from deepcoder_cli.sandbox.kernel_trial import try_kernel
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.layout import current_interpreter
from deepcoder_cli.sandbox.probe import PATIENT
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.witness import WITNESS, Question, Testimony, testimony_of
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deepcoder_cli.sandbox.fixes import Fix, System
    from deepcoder_cli.sandbox.kernel_trial import Kernel
    from deepcoder_cli.sandbox.probe import Bubblewrap
    from deepcoder_cli.sandbox.runner import Runner, RunResult

CANARY_NAME = "DEEPCODER_DOCTOR_CANARY"
# A program for each limit, what it may use, and how it must end.
TRIPS = {
    "time": ("while True: pass", Limits(cpu_s=0.2, wall_s=10), Status.CPU_LIMIT),
    "memory": ("x = b'1' * (600 << 20)", Limits(memory_mib=64), Status.MEMORY_LIMIT),
    "output": ("while True: print('x' * 9999)", Limits(output_kib=64), Status.OUTPUT_LIMIT),
}
# Tries to leave a process behind, under a name that can be looked for.
LEAVER = """
import os, sys, time
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
except OSError as error:
    print("refused")
"""
LANGUAGES = {
    Language.CPP: "int main() { return 0; }",
    Language.JAVASCRIPT: "process.exit(0)",
}

COMMANDS = {Language.CPP: "g++", Language.JAVASCRIPT: "node"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found here.

    Attributes:
        system: the distribution and kernel.
        bwrap: bubblewrap; None where it is not installed.
        bwrap_fix: what is to be done so that it works; None when it does.
        kernel: what its parts did when tried.
        runner: the sandbox; None where there is none.
        strict: what a program sees in the profile for tests and rewards; None when it did not run.
        general: the same in the profile with processes and files.
        trips: how the program that runs into each limit ended.
        leftover: processes that a program left on the host.
        languages: for each further language "" when a program ran, else why not.
        versions: of the compiler or interpreter of each; "" where there is none.
        canary: a secret in the environment of this process.
        folder: a folder of this process that every user may write to.
        cgroup: handed to this user to divide; "" when none is.
        interpreter: path of the Python that programs run on.
    """

    system: System
    bwrap: Bubblewrap | None
    bwrap_fix: Fix | None
    kernel: Kernel
    runner: Runner | None
    strict: Testimony | None = None
    general: Testimony | None = None
    trips: Mapping[str, RunResult] = field(default_factory=dict)
    leftover: tuple[str, ...] | None = None
    languages: Mapping[Language, str] = field(default_factory=dict)
    versions: Mapping[Language, str] = field(default_factory=dict)
    canary: str = ""
    folder: str = ""
    cgroup: str = ""
    interpreter: str = ""


def gather() -> Evidence:
    """Try everything once. Takes seconds; never raises for a sandbox that does not work."""
    system, kernel = this_system(), try_kernel()
    with _canary() as canary, _open_folder() as folder:
        found = probe.find()
        runner, common = found.runner, (system, found.bwrap, found.fix, kernel)
        if runner is None:
            return Evidence(*common, None)
        question = _question(folder)
        return Evidence(
            *common,
            runner,
            strict=_testify(runner, question, Profile.STRICT),
            general=_testify(runner, question, Profile.GENERAL),
            trips={name: _trip(runner, *trip) for name, trip in TRIPS.items()},
            leftover=_leftover(runner),
            languages={language: _speaks(runner, language) for language in LANGUAGES},
            versions={language: version_of(command) for language, command in COMMANDS.items()},
            canary=canary,
            folder=folder,
            cgroup=delegated_cgroup(),
            interpreter=str(current_interpreter().executable),
        )


def delegated_cgroup(root: Path = Path("/sys/fs/cgroup")) -> str:
    """The cgroup v2 that this process may divide, if any; else "" (nothing here needs one)."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        own = next(line[3:] for line in lines if line.startswith("0::"))
        folder = root / own.lstrip("/")
        controllers = (folder / "cgroup.controllers").read_text(encoding="ascii").split()
    except (OSError, StopIteration):
        return ""
    usable = {"memory", "pids"} <= set(controllers) and os.access(folder / "cgroup.procs", os.W_OK)
    return str(folder) if usable and os.access(folder, os.W_OK) else ""


def _question(folder: str) -> Question:
    here = (str(Path(__file__)), "/etc/passwd", str(Path.home()), "/proc/1/environ")
    return Question(
        paths=(*here, str(Path(folder, "secret")), f"/proc/{os.getpid()}/environ"),
        folders=(folder, str(Path.home())),
        pids=(os.getpid(), os.getppid()),
    )


def _testify(runner: Runner, question: Question, profile: Profile) -> Testimony | None:
    request = RunRequest(WITNESS, stdin=question.as_bytes(), limits=PATIENT, profile=profile)
    try:
        result = runner.run(request)
        return testimony_of(result.stdout) if result.status is Status.EXITED else None
    except (SandboxUnavailable, ValueError):
        return None


def _trip(runner: Runner, program: str, limits: Limits, _expected: Status) -> RunResult:
    return runner.run(RunRequest(program, limits=limits))


def _leftover(runner: Runner) -> tuple[str, ...]:
    """Processes on the host that bear the mark of a program that tried to leave one."""
    mark = f"leaver-{secrets.token_hex(8)}"
    for profile in Profile:
        with suppress(SandboxUnavailable):  # there is but one profile in tier C
            runner.run(RunRequest(LEAVER, limits=PATIENT, argv=(mark,), profile=profile))
    return tuple(pid for pid in _process_ids() if mark.encode() in _command_line(pid))


def _process_ids() -> list[str]:
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command_line(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "cmdline").read_bytes()
    except OSError:
        return b""


def _speaks(runner: Runner, language: Language) -> str:
    """Whether a program in `language` runs: "" or why not."""
    try:
        result = runner.run(RunRequest(LANGUAGES[language], limits=PATIENT, language=language))
    except SandboxUnavailable as error:
        return str(error)
    if result.status is Status.EXITED and result.exit_code == 0:
        return ""
    said = result.detail or result.stderr.decode("utf-8", "replace").strip()
    return said.partition("\n")[0] or f"it ended with {result.status}"


def version_of(command: str) -> str:
    """The first version number that `command --version` prints; "" when it does not run."""
    path = shutil.which(command)
    if path is None:
        return ""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found[0] if found else ""


@contextmanager
def _canary() -> Iterator[str]:
    """A secret in our environment, which what we start inherits."""
    secret = secrets.token_hex(16)
    os.environ[CANARY_NAME] = secret
    try:
        yield secret
    finally:
        del os.environ[CANARY_NAME]


@contextmanager
def _open_folder() -> Iterator[str]:
    """A folder that every user may write to, with a file that every user may read."""
    try:
        made = tempfile.TemporaryDirectory(prefix="deepcoder-doctor-")
    except OSError:  # no room: then the other files of this user have to do
        yield str(Path.home())
        return
    with made as folder:
        secret = Path(folder, "secret")
        secret.write_text("not for programs", encoding="ascii")
        secret.chmod(0o644)
        Path(folder).chmod(0o777)
        yield folder
