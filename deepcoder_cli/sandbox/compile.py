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
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from deepcoder_cli.sandbox import toolchains
from deepcoder_cli.sandbox.descriptors import utf8
from deepcoder_cli.sandbox.job import COMPILED_MIB, compile_job
from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Status
from deepcoder_cli.sandbox.sealed import SealedFile
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
    from deepcoder_cli.sandbox.toolchains import Compiler

STANDARDS = ("c++20", "c++17")  # the second for a compiler that does not know the first
LIMITS = Limits(cpu_s=30.0, wall_s=90.0, memory_mib=1024, output_kib=256)
KEPT_BYTES = 256 << 20
KEPT_FAILURE_BYTES = 1 << 16  # what a failure counts for at least

Compiled: TypeAlias = SealedFile | RunResult


class Compilation:
    """Compiles, and remembers. Any thread and any event loop may use one."""

    def __init__(self, runner: BubblewrapRunner) -> None:
        """Compile in sandboxes of `runner`."""
        self._runner = runner
        self._kept = _Kept()
        self._standard = STANDARDS[0]

    def compiled(self, request: RunRequest) -> Compiled:
        """The binary of `request.program`, or why there is none (COMPILE_ERROR, INFRASTRUCTURE).

        Raises:
            ToolchainMissing: no C++ compiler.
        """
        compiler = toolchains.compiler()
        key = _key(request.program, compiler)
        while True:
            task, ours = self._kept.begin(key)
            if ours:
                break
            if (done := task.result()) is not None:
                return done
        result: Compiled | None = None
        try:
            for standard in self._standards():
                job = compile_job(_within_limits(request), compiler, standard)
                result = self._learned(standard, _compiled(*self._runner.run_job(job)))
                if result is not None:
                    return result
            raise AssertionError("the last standard was not taken")
        finally:
            self._kept.finish(key, task, result)

    async def acompiled(self, request: RunRequest) -> Compiled:
        """`compiled` for an event loop.

        Cancelling kills the compiler; whoever waits for the same source starts it anew.
        """
        compiler = toolchains.compiler()
        key = _key(request.program, compiler)
        while True:
            task, ours = self._kept.begin(key)
            if ours:
                break
            done = await asyncio.shield(asyncio.wrap_future(task))
            if done is not None:
                return done
        result: Compiled | None = None
        try:
            for standard in self._standards():
                job = compile_job(_within_limits(request), compiler, standard)
                result = self._learned(standard, _compiled(*await self._runner.arun_job(job)))
                if result is not None:
                    return result
            raise AssertionError("the last standard was not taken")
        finally:
            self._kept.finish(key, task, result)

    def _standards(self) -> tuple[str, ...]:
        return STANDARDS[STANDARDS.index(self._standard) :]

    def _learned(self, standard: str, result: Compiled) -> Compiled | None:
        """`result`, unless it only says that the compiler does not know `standard`."""
        unknown = (
            isinstance(result, RunResult)
            and standard != STANDARDS[-1]
            and f"-std={standard}" in result.stderr.decode("utf-8", "replace")
        )
        if not unknown:
            return result
        self._standard = STANDARDS[STANDARDS.index(standard) + 1]
        return None


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

    def begin(self, key: bytes) -> tuple[Future[Compiled | None], bool]:
        """The task for `key`, and whether it is the caller who has to do it."""
        if self._process != os.getpid():
            self._own()
        with self._lock:
            task = self._tasks.get(key)
            if task is not None:
                self._tasks.move_to_end(key)
                return task, False
            task = self._tasks[key] = Future()
            return task, True

    def finish(self, key: bytes, task: Future[Compiled | None], result: Compiled | None) -> None:
        """Tell those who wait; None for a task given up. Faults of the machine are not kept."""
        with self._lock:
            lost = isinstance(result, RunResult) and result.status is Status.INFRASTRUCTURE
            if result is None or lost:
                del self._tasks[key]
            else:
                self._bytes += _weight(result)
                self._drop_oldest()
        task.set_result(result)

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


def _key(program: str, compiler: Compiler) -> bytes:
    return hashlib.sha256(f"{compiler.identity}\0".encode() + utf8(program)).digest()


def _within_limits(request: RunRequest) -> RunRequest:
    """The source alone, under the compiler's limits."""
    return RunRequest(request.program, limits=LIMITS, language=request.language)


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
