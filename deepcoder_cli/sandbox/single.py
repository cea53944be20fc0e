"""SingleRunner: as BubblewrapRunner was; runs strict programs until zygotes do.

Covered: no host files, no network, no host processes or environment; one process with threads;
CPU, wall, memory and output limits; nothing of the program lives on when a run returns.
Not covered: kernel bugs; timing channels. See docs/sandbox.md.
"""

from __future__ import annotations

import itertools
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.descriptors import alive_pipe, memory_file, utf8
from deepcoder_cli.sandbox.outcome import never_started, result_of
from deepcoder_cli.sandbox.process import SandboxProcess
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.sandbox.seccomp import filter_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.runner import RunRequest, RunResult

GRACE_S = 10.0  # how long PID 1 inside may be late in enforcing the wall limit
FIRST_UID, UIDS = 20000, 40000
LIVE_TICK_S = 0.03

_run_counter = itertools.count(os.getpid() * 61)


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of one run. All but a live stdin are memory files: nothing is pumped."""

    stdin: int
    stdout: int
    stderr: int
    init: int
    program: int
    alive: int
    report: int
    note: int
    call: int | None

    @property
    def passed(self) -> tuple[int, ...]:
        """Those that bwrap, or PID 1 inside, find under their own number."""
        given = (self.init, self.program, self.alive, self.report, self.note)
        return given if self.call is None else (*given, self.call)


def open_descriptors(
    request: RunRequest, stack: ExitStack, *, init: bytes, stdin: int | None = None
) -> Descriptors:
    """Open what a run of `request` needs; `stack` closes it. A given `stdin` stays the caller's."""

    def memory(name: str, content: bytes = b"") -> int:
        return stack.enter_context(memory_file(name, content))

    call = request.call
    return Descriptors(
        stdin=memory("stdin", request.stdin) if stdin is None else stdin,
        stdout=memory("stdout"),
        stderr=memory("stderr"),
        init=memory("init", init),
        program=memory("program", utf8(request.program)),
        alive=stack.enter_context(alive_pipe()),
        report=memory("report"),
        note=memory("note"),
        call=None if call is None else memory("call", utf8(f"{call.name}\n{call.arguments}")),
    )


class SingleRunner:
    """A `Runner` on bubblewrap. Holds no state between runs, so any task or thread may use it."""

    tier = Tier.B

    def __init__(self, bwrap: str, python: layout.Interpreter | None = None) -> None:
        """Use the bwrap at path `bwrap`; `probe.default_runner` finds and tries it."""
        python = python or layout.current_interpreter()
        self._as_root = layout.running_as_root()
        self._prefix = [bwrap, *layout.arguments(python, as_root=self._as_root)]
        self._command = [python.inside, "-S", "-P", layout.INIT]
        self._init = layout.compiled_init()
        self._filter = (filter_program() or b"").hex()

    def run(self, request: RunRequest) -> RunResult:
        """Run one program once; Ctrl-C kills it and everything it started."""
        with ExitStack() as stack:
            try:
                running = self._start(request, stack)
            except OSError as error:
                return never_started(error, self.tier)
            running.process.ended(request.limits.wall_limit_s + GRACE_S)
            return running.result()

    async def arun(self, request: RunRequest) -> RunResult:
        """Run one program once; cancelling the task kills everything it started."""
        with ExitStack() as stack:
            try:
                running = self._start(request, stack)
            except OSError as error:
                return never_started(error, self.tier)
            await running.process.aended(request.limits.wall_limit_s + GRACE_S)
            return running.result()

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(fd, chunk)` as it comes.

        Whatever `show` raises ends the run and is passed on.
        """
        with ExitStack() as stack:
            running = self._start(request, stack, stdin)
            tail = _Tail(running.fds, request.limits.output_kib * 1024, show)
            deadline = running.started + request.limits.wall_limit_s + GRACE_S
            while not running.process.ended(LIVE_TICK_S) and time.monotonic() < deadline:
                tail.show_new()
            running.process.reap()
            tail.show_new()
            return running.result()

    def _start(self, request: RunRequest, stack: ExitStack, stdin: int | None = None) -> _Running:
        fds = open_descriptors(request, stack, init=self._init, stdin=stdin)
        started = time.monotonic()
        process = SandboxProcess(
            self._argv(request, fds),
            stdin=fds.stdin, stdout=fds.stdout, stderr=fds.stderr, pass_fds=fds.passed,
        )  # fmt: skip
        stack.callback(process.reap)
        return _Running(request, fds, process, started)

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
            *("--remount-ro", "/", "--"),
            *(*self._command, *map(str, numbers), self._filter, *request.argv),
        ]


@dataclass(frozen=True, slots=True)
class _Running:
    """A run under way."""

    request: RunRequest
    fds: Descriptors
    process: SandboxProcess
    started: float

    def result(self) -> RunResult:
        """End whatever still runs and say what happened."""
        cpu_s = self.process.reap()
        wall_s = time.monotonic() - self.started
        return result_of(self.request, self.fds, cpu_s=cpu_s, wall_s=wall_s, tier=Tier.B)  # type: ignore[arg-type]


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
