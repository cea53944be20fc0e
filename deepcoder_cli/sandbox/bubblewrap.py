"""BubblewrapRunner: one program, once, in namespaces of its own.

Covered: no host files, no network, no host processes or environment; CPU, wall, memory, output
and process limits; everything the program started is dead when a run returns.
Not covered: kernel bugs; the number of files on the 64 MiB tmpfs (their inodes are kernel memory
until the run ends); timing channels. See docs/sandbox.md.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.process import SandboxProcess
from deepcoder_cli.sandbox.runner import RunResult, Status, Tier
from deepcoder_cli.sandbox.seccomp import filter_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deepcoder_cli.sandbox.runner import RunRequest

GRACE_S = 10.0  # how long PID 1 inside may be late in enforcing the wall limit
FIRST_UID, UIDS = 20000, 40000
LIVE_TICK_S = 0.03
ENDED_ITSELF = frozenset({Status.EXITED, Status.COMPILE_ERROR, Status.MEMORY_LIMIT})

_run_counter = itertools.count(os.getpid() * 61)


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of one run. All but a live stdin are memory files: nothing is pumped."""

    stdin: int
    stdout: int
    stderr: int
    init: int
    program: int
    seccomp: int
    alive: int
    report: int
    note: int
    call: int | None

    @property
    def passed(self) -> tuple[int, ...]:
        """Those that bwrap, or PID 1 inside, find under their own number."""
        given = (self.init, self.program, self.seccomp, self.alive, self.report, self.note)
        return given if self.call is None else (*given, self.call)


@dataclass(frozen=True, slots=True)
class Report:
    """What PID 1 inside says of a run; None of it comes from the program."""

    reason: str
    wait_status: int
    cpu_s: float
    wall_s: float
    peak_mib: float


class BubblewrapRunner:
    """A `Runner` on bubblewrap. Holds no state between runs, so any task or thread may use it."""

    tier = Tier.B

    def __init__(self, bwrap: str, python: layout.Interpreter | None = None) -> None:
        """Use the bwrap at path `bwrap`; `probe.default_runner` finds and tries it."""
        python = python or layout.current_interpreter()
        self._as_root = layout.running_as_root()
        self._prefix = [bwrap, *layout.arguments(python, as_root=self._as_root)]
        self._command = [python.inside, "-S", "-P", layout.INIT]
        self._init = layout.compiled_init()
        self._filter = filter_program() or b""

    def run(self, request: RunRequest) -> RunResult:
        """Run one program once; Ctrl-C kills it and everything it started."""
        with ExitStack() as stack:
            fds = self._descriptors(request, stack)
            process, started = self._start(request, fds, stack)
            process.ended(request.limits.wall_limit_s + GRACE_S)
            return _result(request, fds, process.reap(), time.monotonic() - started)

    async def arun(self, request: RunRequest) -> RunResult:
        """Run one program once; cancelling the task kills everything it started."""
        with ExitStack() as stack:
            fds = self._descriptors(request, stack)
            process, started = self._start(request, fds, stack)
            await process.aended(request.limits.wall_limit_s + GRACE_S)
            return _result(request, fds, process.reap(), time.monotonic() - started)

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(fd, chunk)` as it comes."""
        with ExitStack() as stack:
            fds = self._descriptors(request, stack, stdin)
            process, started = self._start(request, fds, stack)
            tail = _Tail(fds, request.limits.output_kib * 1024, show)
            deadline = started + request.limits.wall_limit_s + GRACE_S
            while not process.ended(LIVE_TICK_S) and time.monotonic() < deadline:
                tail.show_new()
            cpu_s = process.reap()
            tail.show_new()
            return _result(request, fds, cpu_s, time.monotonic() - started)

    def _start(
        self, request: RunRequest, fds: Descriptors, stack: ExitStack
    ) -> tuple[SandboxProcess, float]:
        started = time.monotonic()
        process = SandboxProcess(
            self._argv(request, fds),
            stdin=fds.stdin, stdout=fds.stdout, stderr=fds.stderr, pass_fds=fds.passed,
        )  # fmt: skip
        stack.callback(process.reap)
        return process, started

    def _argv(self, request: RunRequest, fds: Descriptors) -> list[str]:
        limits = request.limits
        uid = FIRST_UID + next(_run_counter) % UIDS if self._as_root else 0
        numbers = (
            int(limits.cpu_s * 1000),
            int(limits.wall_limit_s * 1000),
            limits.memory_mib << 20,
            (limits.output_kib << 10) + 1,  # one byte past the cap shows that it was passed
            uid,
            fds.alive,
            fds.report,
            fds.note,
            -1 if fds.call is None else fds.call,
        )
        return [
            *self._prefix,
            *("--perms", "0444", "--file", str(fds.init), layout.INIT),
            *("--perms", "0644", "--file", str(fds.program), f"{layout.WORKDIR}/main.py"),
            *("--remount-ro", "/", "--seccomp", str(fds.seccomp), "--"),
            *(*self._command, *map(str, numbers), *request.argv),
        ]

    def _descriptors(
        self, request: RunRequest, stack: ExitStack, stdin: int | None = None
    ) -> Descriptors:
        def memory(name: str, content: bytes = b"") -> int:
            return stack.enter_context(_MemoryFile(name, content))

        wanted = request.call
        call = None if wanted is None else f"{wanted.name}\n{wanted.arguments}".encode()
        return Descriptors(
            stdin=memory("stdin", request.stdin) if stdin is None else stdin,
            stdout=memory("stdout"),
            stderr=memory("stderr"),
            init=memory("init", self._init),
            program=memory("program", request.program.encode("utf-8", "surrogatepass")),
            seccomp=memory("seccomp", self._filter),
            alive=stack.enter_context(_alive_pipe()),
            report=memory("report"),
            note=memory("note"),
            call=None if call is None else memory("call", call),
        )


@contextmanager
def _alive_pipe() -> Iterator[int]:
    """The reading end of a pipe that closes when this process ends, however it ends."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


class _MemoryFile:
    """A memory file, rewound, closed on exit."""

    def __init__(self, name: str, content: bytes) -> None:
        self._fd = os.memfd_create(name)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        os.lseek(self._fd, 0, os.SEEK_SET)

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


class _Tail:
    """Shows what was added to stdout and stderr since the last look, up to the cap."""

    def __init__(self, fds: Descriptors, cap: int, show: Callable[[int, bytes], None]) -> None:
        self._files = {1: fds.stdout, 2: fds.stderr}
        self._shown = {1: 0, 2: 0}
        self._cap = cap
        self._show = show

    def show_new(self) -> None:
        for number, fd in self._files.items():
            seen = self._shown[number]
            while chunk := os.pread(fd, min(65536, self._cap - seen), seen):
                seen += len(chunk)
                self._show(number, chunk)
            self._shown[number] = seen


def _result(request: RunRequest, fds: Descriptors, cpu_s: float, wall_s: float) -> RunResult:
    """Put together what PID 1 reported and what the program left in its descriptors."""
    cap = request.limits.output_kib * 1024
    stdout, stderr = _content(fds.stdout, cap + 1), _content(fds.stderr, cap + 1)
    truncated = len(stdout) > cap or len(stderr) > cap
    kind, value = _note(fds.note)
    report = _report(fds.report)
    if report is None:
        late = wall_s > request.limits.wall_limit_s
        report = Report("wall" if late else "none", 0, cpu_s, wall_s, 0.0)
    exit_code = os.waitstatus_to_exitcode(report.wait_status)
    status = _status(request, report, kind, truncated, exit_code)
    ended_itself = status in ENDED_ITSELF and exit_code >= 0
    return RunResult(
        status=status,
        exit_code=exit_code if ended_itself else None,
        signal=-exit_code if exit_code < 0 else None,
        stdout=stdout[:cap],
        stderr=stderr[:cap],
        cpu_s=report.cpu_s,
        wall_s=report.wall_s,
        peak_mib=report.peak_mib,
        truncated=truncated,
        tier=BubblewrapRunner.tier,
        value=value if status is Status.EXITED and exit_code == 0 else None,
        detail=_detail(status, stderr),
    )


def _status(
    request: RunRequest, report: Report, kind: str, truncated: bool, exit_code: int
) -> Status:
    """Why the run ended; a limit that was passed counts before how the program then ended.

    `kind` is the program's own word, so it only chooses among outcomes that all count against it.
    """
    cpu_limit = report.reason == "cpu" or report.cpu_s > request.limits.cpu_s
    memory_limit = report.reason == "memory" or (kind == "M" and exit_code == 1)
    causes = (
        (report.reason == "none", Status.INFRASTRUCTURE),
        (cpu_limit, Status.CPU_LIMIT),
        (report.reason == "wall", Status.WALL_LIMIT),
        (truncated or exit_code == -signal.SIGXFSZ, Status.OUTPUT_LIMIT),
        (memory_limit, Status.MEMORY_LIMIT),
        (kind == "C" and exit_code == 1, Status.COMPILE_ERROR),
        (exit_code < 0, Status.SIGNALED),
    )
    return next((status for holds, status in causes if holds), Status.EXITED)


def _detail(status: Status, stderr: bytes) -> str:
    """One line for people: what bwrap said, or the compiler's last line."""
    lines = stderr.decode("utf-8", "replace").strip().split("\n")
    if status is Status.INFRASTRUCTURE:
        return lines[0] or "the sandbox ended without a report"
    return lines[-1] if status is Status.COMPILE_ERROR else ""


def _content(fd: int, size: int) -> bytes:
    """The first `size` bytes of a memory file."""
    chunks: list[bytes] = []
    offset = 0
    while chunk := os.pread(fd, size - offset, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def _report(fd: int) -> Report | None:
    fields = _content(fd, 256).decode("ascii", "replace").split()
    if len(fields) != 5:
        return None
    status, cpu_us, wall_us, peak_kib = map(int, fields[1:])
    return Report(fields[0], status, cpu_us / 1e6, wall_us / 1e6, peak_kib / 1024)


def _note(fd: int) -> tuple[str, str | None]:
    """The program's own note: its kind, and for "V" the JSON text of a function's value."""
    note = _content(fd, 64 << 20).decode("utf-8", "replace")
    kind, value = note[:1], note[1:]
    return kind, value if kind == "V" else None
