"""PlainRunner: one program in a process of its own, with resource limits and nothing else.

It isolates nothing: what does, if anything, is the command that a subclass puts in front. Used
without a sandbox (`unsafe`) and on macOS (`seatbelt`). Covered: CPU time in whole seconds, wall
time, address space (not for JavaScript), output, an end for the program's process group. Not
covered: a program that leaves its group lives on, and so do files it wrote elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deepcoder_cli.errors import InputError, SandboxUnavailable
from deepcoder_cli.sandbox import plain_child, plain_function
from deepcoder_cli.sandbox.fixes import no_room, this_system, toolchain_missing
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.plain_run import Files, Running
from deepcoder_cli.sandbox.runner import FunctionCalls, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Terminal

TICK_S, LIVE_TICK_S = 0.01, 0.03
ADDRESS_SPACE_SLACK = 512 << 20
SOURCES = {
    Language.PYTHON: "main.py",
    Language.CPP: "main.cpp",
    Language.JAVASCRIPT: "main.js",
}
COMPILE = ("-O2", "-std=c++20", "-o", "main", "main.cpp")
NO_COMPILE_S = 60


class PlainRunner:
    """A `LiveRunner` that isolates nothing by itself. Holds no state between runs."""

    tier: ClassVar[Tier] = Tier.NONE

    def wrapped(self, command: Sequence[str], _folder: Path) -> list[str]:
        """`command` as it is to be started in `_folder`; here as it is."""
        return list(command)

    def check(self, request: RunRequest) -> None:
        """Refuse what cannot be run in the way of this runner; here nothing."""

    def close(self) -> None:
        """Nothing waits between runs."""

    def run(self, request: RunRequest) -> RunResult:
        """Run one program once; Ctrl-C kills its process group."""
        with self._started(request) as running:
            while running.goes_on():
                time.sleep(TICK_S)
            return running.result(self.tier)

    async def arun(self, request: RunRequest) -> RunResult:
        """`run` for an event loop; cancelling kills the program's process group."""
        with self._started(request) as running:
            while running.goes_on():
                await asyncio.sleep(TICK_S)
            return running.result(self.tier)

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(fd, chunk)` as it comes."""
        with self._started(request, stdin) as running:
            while running.goes_on():
                running.show_new(show)
                time.sleep(LIVE_TICK_S)
            running.show_new(show)
            return running.result(self.tier)

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with `request.stdin`, showing output as it comes.

        Not at a terminal: `terminal` only tells the program its size.
        """
        with self._started(request, terminal=terminal) as running:
            while running.goes_on():
                running.show_new(show)
                await asyncio.sleep(LIVE_TICK_S)
            running.show_new(show)
            return running.result(self.tier)

    @contextmanager
    def _started(
        self, request: RunRequest, stdin: int | None = None, terminal: Terminal | None = None
    ) -> Iterator[Running]:
        self.check(request)
        with _temporary_folder() as folder:
            _write_files(folder, request)
            with Files() as files:
                files.stdin.write(_input_of(request))
                files.stdin.seek(0)
                failed = _compiled(folder, request, files)
                command = ["/bin/false"] if failed else _command(request, files)
                running = self._start(request, folder, files, command, stdin, terminal)
                try:
                    yield running
                finally:
                    running.end()

    def _start(
        self, request: RunRequest, folder: Path, files: Files, command: list[str],
        stdin: int | None, terminal: Terminal | None,
    ) -> Running:  # fmt: skip
        plan = {
            "command": self.wrapped(command, folder),
            "environment": _environment(folder, terminal),
            "cpu_s": math.ceil(request.limits.cpu_s),
            "address_space": _address_space(request),
            "file_size": (request.limits.output_kib << 10) + 1,
            "report": files.report.fileno(),
        }
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(plain_child.__file__)), json.dumps(plan)],
            stdin=files.stdin if stdin is None else stdin,
            stdout=files.stdout, stderr=files.stderr, cwd=folder, start_new_session=True,
            pass_fds=(files.report.fileno(), files.note.fileno()),
        )  # fmt: skip
        return Running(request, process, files, time.monotonic())


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        made = tempfile.TemporaryDirectory(prefix="deepcoder-run-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SandboxUnavailable(f"cannot run: {no_room(error).line}") from error
    with made as name:
        yield Path(name)


def _write_files(folder: Path, request: RunRequest) -> None:
    source = folder / SOURCES[request.language]
    source.write_text(request.program, encoding="utf-8", errors="surrogatepass", newline="")
    for name, content in request.files:
        path = folder / Path(name).name
        path.write_bytes(content)


def _input_of(request: RunRequest) -> bytes:
    if request.call is None:
        return request.stdin
    if isinstance(request.call, FunctionCalls):
        raise InputError(f"no sandbox for many calls: {request.call.name} (tier A to C). Use one.")
    return request.call.arguments.encode("utf-8", "surrogatepass")


def _command(request: RunRequest, files: Files) -> list[str]:
    if request.language is Language.CPP:
        return ["./main", *request.argv]
    if request.language is Language.JAVASCRIPT:
        return [_tool("node", Language.JAVASCRIPT), "main.js", *request.argv]
    if request.call is None:
        return [sys.executable, "main.py", *request.argv]
    script = str(Path(plain_function.__file__))
    return [sys.executable, script, request.call.name, str(files.note.fileno())]


def _compiled(folder: Path, request: RunRequest, files: Files) -> bool:
    """Compile a C++ program; whether that failed, with the compiler's words in stderr."""
    if request.language is not Language.CPP:
        return False
    done = subprocess.run(
        [_tool("g++", Language.CPP), *COMPILE], cwd=folder, stdin=subprocess.DEVNULL,
        stderr=files.stderr, timeout=NO_COMPILE_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        files.note.write(b"C")
        files.note.flush()
    return done.returncode != 0


def _tool(command: str, language: Language) -> str:
    import shutil

    path = shutil.which(command)
    if path is None:
        raise SandboxUnavailable(toolchain_missing(this_system(), language).line)
    return path


def _environment(folder: Path, terminal: Terminal | None) -> dict[str, str]:
    """A scrubbed environment: the secrets in ours are none of a program's business."""
    values = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
    }
    if terminal is not None:
        values |= {"COLUMNS": str(terminal.columns), "LINES": str(terminal.rows)}
        values["PYTHONUNBUFFERED"] = "1"  # somebody is watching
    return values


def _address_space(request: RunRequest) -> int:
    """Bytes; 0 for none: JavaScript engines reserve far more than they use."""
    if request.language is Language.JAVASCRIPT:
        return 0
    return (request.limits.memory_mib << 20) + ADDRESS_SPACE_SLACK
