"""C++ source to a binary, in a sandbox of the general profile; each source once.

The compiler is run on hostile text: it sees the system's headers and its own parts and no other
file, and ends at limits of its own. Kept for the life of the runner, binaries and failures alike,
up to KEPT_BYTES; the least recently used goes first.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from deepcoder_cli.sandbox import toolchains
from deepcoder_cli.sandbox.descriptors import utf8
from deepcoder_cli.sandbox.job import COMPILED_MIB, compile_job
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.outcome import lost
from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Status
from deepcoder_cli.sandbox.sealed import SealedFile
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Generator

    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
    from deepcoder_cli.sandbox.job import Job
    from deepcoder_cli.sandbox.runner import Tier
    from deepcoder_cli.sandbox.toolchains import Compiler

STANDARDS = ("c++20", "c++17")  # the second for a compiler that does not know the first
LIMITS = Limits(cpu_s=30.0, wall_s=90.0, memory_mib=1024, output_kib=256)
CONTROL = "int main() { return 0; }  // of the sandbox itself\n"
KILLED = (b"Killed signal terminated program", b"unable to execute command: Killed")
KEPT_BYTES = 256 << 20
KEPT_FAILURE_BYTES = 1 << 16  # what a failure counts for at least

Compiled: TypeAlias = SealedFile | RunResult


class Compilation:
    """Compiles, and remembers. Any thread and any event loop may use one."""

    def __init__(self, runner: BubblewrapRunner) -> None:
        """Compile in sandboxes of `runner`."""
        self._runner = runner
        self._kept = _Kept()

    def compiled(self, request: RunRequest) -> Compiled:
        """The binary of `request.program`, or why there is none (COMPILE_ERROR, INFRASTRUCTURE).

        Raises:
            ToolchainMissing: no C++ compiler.
        """
        search = _search(request.program, toolchains.compiler())
        task = next(search)
        while True:
            result = self._once(task)
            try:
                task = search.send(result)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    async def acompiled(self, request: RunRequest) -> Compiled:
        """`compiled` for an event loop.

        Cancelling kills the compiler; whoever waits for the same source starts it anew.
        """
        search = _search(request.program, toolchains.compiler())
        task = next(search)
        while True:
            result = await self._aonce(task)
            try:
                task = search.send(result)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _once(self, task: _Task) -> Compiled:
        """What comes of `task`, which is done here unless it was or someone is at it."""
        ours: Future[Compiled | None] = Future()
        result: Compiled | None = None
        try:
            while (first := self._kept.begin(task.key, ours)) is not ours:
                if (done := first.result()) is not None:
                    return done
            jobs = task.jobs()
            job = next(jobs)
            while True:
                outcome = self._runner.run_job(job)
                try:
                    job = jobs.send(outcome)
                except StopIteration as end:
                    result = end.value
                    return end.value  # type: ignore[no-any-return]
        finally:
            try:
                self._kept.finish(task.key, ours, result)
            finally:  # a Ctrl-C may have cut that off
                self._kept.finish(task.key, ours, result)

    async def _aonce(self, task: _Task) -> Compiled:
        ours: Future[Compiled | None] = Future()
        result: Compiled | None = None
        try:
            while (first := self._kept.begin(task.key, ours)) is not ours:
                if (done := await asyncio.shield(asyncio.wrap_future(first))) is not None:
                    return done
            jobs = task.jobs()
            job = next(jobs)
            while True:
                outcome = await self._runner.arun_job(job)
                try:
                    job = jobs.send(outcome)
                except StopIteration as end:
                    result = end.value
                    return end.value  # type: ignore[no-any-return]
        finally:
            try:
                self._kept.finish(task.key, ours, result)
            finally:  # a Ctrl-C may have cut that off
                self._kept.finish(task.key, ours, result)


def _search(program: str, compiler: Compiler) -> Generator[_Task, Compiled, Compiled]:
    """The tasks that lead to the binary of `program`; each is sent what came of it.

    What the compiler knows is seen from a source of ours: the diagnostics of a hostile one say
    whatever it likes.
    """
    for standard in STANDARDS:
        known = yield _Task(CONTROL, compiler, standard)
        if isinstance(known, SealedFile):
            return (yield _Task(program, compiler, standard))
        if known.status is Status.INFRASTRUCTURE:
            break
        known = _broken(f"it knows none of {', '.join(STANDARDS)}", known.tier)
    return known


@dataclass(frozen=True, slots=True)
class _Task:
    """One source to compile."""

    program: str
    compiler: Compiler
    standard: str

    @property
    def key(self) -> bytes:
        about = f"{self.compiler.identity}\0{self.standard}\0"
        return hashlib.sha256(about.encode() + utf8(self.program)).digest()

    def jobs(self) -> Generator[Job, tuple[RunResult, bytes], Compiled]:
        """The jobs to run; each is sent its outcome.

        The machine may be to blame for a compilation that hangs or is killed, and so may a source
        (`#include "/proc/self/fd/1"` waits for itself): what is ours is compiled beside it.
        """
        result, product = yield self._job(self.program)
        if self.program == CONTROL:
            return self._of_control(result, product)
        if not _may_be_the_machine(result):
            return _compiled(result, product)
        control, _ = yield self._job(CONTROL)
        if _explains(control, result):
            return lost(f"compiling broke off: {_why(result)}", result.tier)
        result, product = yield self._job(self.program)
        if result.status is Status.SIGNALED:
            return lost(f"compiling broke off: {_why(result)}", result.tier)
        return _compiled(result, product)

    def _job(self, program: str) -> Job:
        request = RunRequest(program, limits=LIMITS, language=Language.CPP)
        return compile_job(request, self.compiler, self.standard)

    def _of_control(self, result: RunResult, product: bytes) -> Compiled:
        """Its only failure that is one: the compiler does not know the standard."""
        done = _compiled(result, product)
        unknown = result.exit_code != 0 and f"-std={self.standard}".encode() in result.stderr
        if isinstance(done, SealedFile) or unknown:
            return done
        return _broken(_why(result), result.tier)


class _Kept:
    """What was compiled, and what is being compiled."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[bytes, Future[Compiled | None]] = OrderedDict()
        self._bytes = 0
        self._own()

    def _own(self) -> None:
        """Start anew in a forked child: what others compile there will never be done."""
        self._process = os.getpid()
        self._lock = threading.Lock()
        for key in [key for key, task in self._tasks.items() if not task.done()]:
            del self._tasks[key]

    def begin(self, key: bytes, ours: Future[Compiled | None]) -> Future[Compiled | None]:
        """The task for `key`: `ours` where it is the caller who has to do it."""
        if self._process != os.getpid():
            self._own()
        with self._lock:
            task = self._tasks.setdefault(key, ours)
            self._tasks.move_to_end(key)
            return task

    def finish(self, key: bytes, ours: Future[Compiled | None], result: Compiled | None) -> None:
        """Tell those who wait; None for a task given up. Faults of the machine are not kept.

        May be called again, and for a task that `begin` did not take.
        """
        with self._lock:
            if ours.done():
                return
            lost = isinstance(result, RunResult) and result.status is Status.INFRASTRUCTURE
            kept = self._tasks.get(key) is ours
            if kept and (result is None or lost):
                del self._tasks[key]
            ours.set_result(result)
            if kept and result is not None and not lost:
                self._bytes += _weight(result)
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        """A binary closes with its last user."""
        for key, task in list(self._tasks.items()):
            if self._bytes <= KEPT_BYTES:
                return
            if task.done() and (result := task.result()) is not None:
                self._bytes -= _weight(result)
                del self._tasks[key]


def _weight(result: Compiled) -> int:
    if isinstance(result, SealedFile):
        return os.fstat(result.fd).st_size
    return KEPT_FAILURE_BYTES + len(result.stderr)


def _may_be_the_machine(result: RunResult) -> bool:
    """Whether a machine out of time or memory ends a compilation like this.

    The last is the compiler's word on a part of it, and a source can have it say that.
    """
    if result.status in {Status.WALL_LIMIT, Status.SIGNALED}:
        return True
    return result.status is Status.EXITED and any(words in result.stderr for words in KILLED)


def _explains(control: RunResult, result: RunResult) -> bool:
    """Whether the machine is at fault, going by what became of a source of ours just after.

    A hung compilation got too little CPU time where it had about the share that `control` had.
    """
    if control.status is not Status.EXITED or control.exit_code != 0:
        return True
    share = control.cpu_s / max(control.wall_s, 1e-3)
    return result.status is Status.WALL_LIMIT and result.cpu_s > share * result.wall_s / 2


def _broken(why: str, tier: Tier) -> RunResult:
    return lost(f"the C++ compiler does not work: {why}", tier)


def _why(result: RunResult) -> str:
    said = result.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"{result.status.value}, {said[0] if said else ''}".rstrip(", ")


def _compiled(result: RunResult, product: bytes) -> Compiled:
    """The binary; else the compiler's end as that of a program which does not compile."""
    if result.status is Status.INFRASTRUCTURE:
        return result
    if result.status is Status.EXITED and result.exit_code == 0 and product:
        return SealedFile("binary", product, executable=True)
    why = {
        Status.EXITED: "",
        Status.OUTPUT_LIMIT: "",
        Status.CPU_LIMIT: f"compiling takes more than {LIMITS.cpu_s:g} s",
        Status.WALL_LIMIT: f"compiling takes more than {LIMITS.wall_limit_s:g} s",
        Status.MEMORY_LIMIT: f"compiling takes more than {LIMITS.memory_mib} MiB",
    }.get(result.status, "the compiler broke off")
    said = result.stderr.decode("utf-8", "replace").splitlines()
    errors = [line for line in said if "error:" in line.lower()]
    if result.exit_code == 0 or b"File size limit exceeded" in result.stderr:
        why = f"the binary is larger than {COMPILED_MIB} MiB"
    return replace(
        result,
        status=Status.COMPILE_ERROR,
        exit_code=1,
        signal=None,
        stdout=b"",
        stderr=result.stderr + (f"{why}\n".encode() if why else b""),
        detail=why or (errors or said or ["the compiler says nothing"])[0],
    )
