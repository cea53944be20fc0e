"""BubblewrapRunner: the general profile. One bubblewrap a run; the program may start processes.

Covered: no host files, no network, no host processes or environment; CPU time, memory, files,
output, wall time and number of processes, all of them together; nothing of the program lives on
when a run returns. Python, C++ (compiled in a sandbox of the same kind) and JavaScript.
Not covered: kernel bugs; timing channels; what `inside/general.py` says of its accounts.
"""

from __future__ import annotations

import marshal
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.compile import Compilation
from deepcoder_cli.sandbox.descriptors import memory_file, open_descriptors
from deepcoder_cli.sandbox.job import ADDRESS_SPACE_SLACK_MIB, native_job, node_job, python_job
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.live import TICK_S, Pty, Tail, Typist
from deepcoder_cli.sandbox.outcome import never_started, result_of
from deepcoder_cli.sandbox.process import SandboxProcess
from deepcoder_cli.sandbox.runner import RunResult, Tier
from deepcoder_cli.sandbox.seccomp import general_filter
from deepcoder_cli.sandbox.toolchains import node
from deepcoder_cli.sandbox.uids import next_uid

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.descriptors import Descriptors
    from deepcoder_cli.sandbox.job import Job
    from deepcoder_cli.sandbox.runner import RunRequest, Terminal

GRACE_S = 10.0  # how long PID 1 inside may be late in enforcing the wall limit
PROCESSES, DESCRIPTORS = 64, 128
STACK = 64 << 20


class BubblewrapRunner:
    """A `LiveRunner` on bubblewrap. Any task or thread may use it.

    Every request runs under the general profile, whatever profile it names. Between runs nothing is
    kept but compiled binaries.
    """

    def __init__(
        self, bwrap: str, python: layout.Interpreter | None = None, tier: Tier = Tier.B
    ) -> None:
        """Use the bwrap at path `bwrap`; `probe.default_runner` finds and tries it."""
        self.tier = tier
        self.compilation = Compilation(self)
        self._bwrap = bwrap
        self._python = python or layout.current_interpreter()
        self._as_root = layout.running_as_root()
        self._filter = (general_filter() or b"").hex()

    def run(self, request: RunRequest) -> RunResult:
        """Run one program once; Ctrl-C kills it and everything it started.

        Raises:
            InputError: a file of the request has a name that cannot be used.
            ToolchainMissing: no compiler or interpreter for its language.
        """
        job = self._prepared(request)
        return job if isinstance(job, RunResult) else self.run_job(job)[0]

    async def arun(self, request: RunRequest) -> RunResult:
        """`run` for an event loop; cancelling the task kills everything it started."""
        job = await self._aprepared(request)
        return job if isinstance(job, RunResult) else (await self.arun_job(job))[0]

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(fd, chunk)` as it comes.

        Whatever `show` raises ends the run and is passed on.
        """
        job = self._prepared(request)
        if isinstance(job, RunResult):
            return _shown(job, show)
        with ExitStack() as stack:
            running = self._start(job, stack, stdin=stdin)
            cap = request.limits.output_kib * 1024
            tail = Tail(running.fds.stdout, running.fds.stderr, cap, show)
            deadline = running.started + request.limits.wall_limit_s + GRACE_S
            while not running.process.ended(TICK_S) and time.monotonic() < deadline:
                tail.show_new()
            running.process.reap()
            tail.show_new()
            return running.result()

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run at a terminal of the program's own, handing its output to `show(1, chunk)`.

        `request.stdin` is typed into it, without an echo, then the end of input; but input that a
        terminal would garble (see `live.can_be_typed`) comes from a file. Output is as the program
        wrote it: no carriage returns are added. Cancelling kills at once; whatever `show` raises
        ends the run and is passed on.
        """
        job = await self._aprepared(request)
        if isinstance(job, RunResult):
            return _shown(job, show)
        with ExitStack() as stack:
            try:
                pty = stack.enter_context(Pty(terminal))
                typist = Typist(pty.ours, request, show)
                filed = (
                    None
                    if typist.types
                    else stack.enter_context(memory_file("stdin", request.stdin))
                )
                running = self._start(job, stack, stdin=filed, terminal=pty.theirs)
            except OSError as error:
                return never_started(error, self.tier)
            pty.hand_over()
            await typist.attend(running.process.aended(request.limits.wall_limit_s + GRACE_S))
            running.process.reap()
            typist.read_rest()
            return running.result(stack.enter_context(memory_file("shown", bytes(typist.output))))

    def run_job(self, job: Job) -> tuple[RunResult, bytes]:
        """Run `job`: what happened, and its product (empty when there is none)."""
        with ExitStack() as stack:
            try:
                running = self._start(job, stack)
            except OSError as error:
                return never_started(error, self.tier), b""
            running.process.ended(job.request.limits.wall_limit_s + GRACE_S)
            return running.result(), running.product()

    async def arun_job(self, job: Job) -> tuple[RunResult, bytes]:
        """`run_job` for an event loop; cancelling kills everything."""
        with ExitStack() as stack:
            try:
                running = self._start(job, stack)
            except OSError as error:
                return never_started(error, self.tier), b""
            await running.process.aended(job.request.limits.wall_limit_s + GRACE_S)
            return running.result(), running.product()

    def _prepared(self, request: RunRequest) -> Job | RunResult:
        """What runs `request`; the compiler's verdict where there is nothing to run."""
        if request.language is not Language.CPP:
            return self._interpreted(request)
        binary = self.compilation.compiled(request)
        return binary if isinstance(binary, RunResult) else native_job(request, binary)

    async def _aprepared(self, request: RunRequest) -> Job | RunResult:
        if request.language is not Language.CPP:
            return self._interpreted(request)
        binary = await self.compilation.acompiled(request)
        return binary if isinstance(binary, RunResult) else native_job(request, binary)

    def _interpreted(self, request: RunRequest) -> Job:
        if request.language is Language.JAVASCRIPT:
            return node_job(request, node())
        return python_job(request, self._python)

    def _start(
        self, job: Job, stack: ExitStack, *, stdin: int | None = None, terminal: int | None = None
    ) -> _Running:
        fds = open_descriptors(
            job, stack, archive=layout.inside_archive(), stdin=stdin, terminal=terminal
        )
        uid = next_uid() if self._as_root else 0
        if uid and terminal is not None:
            os.fchown(terminal, uid, -1)  # so that it can open it anew, as /dev/stdin
        plan = marshal.dumps(self._plan(job, fds, uid, at_terminal=terminal is not None))
        plan_fd = stack.enter_context(memory_file("plan", plan))
        started = time.monotonic()
        process = SandboxProcess(
            self._argv(job, fds, plan_fd),
            stdin=fds.stdin, stdout=fds.stdout, stderr=fds.stderr, pass_fds=(*fds.passed, plan_fd),
        )  # fmt: skip
        stack.callback(process.reap)
        return _Running(job, fds, process, started, self.tier)

    def _plan(
        self, job: Job, fds: Descriptors, uid: int, *, at_terminal: bool
    ) -> dict[str, object]:
        """What PID 1 inside is told; see `inside.general.Plan`."""
        limits = job.request.limits
        output = limits.output_kib << 10
        slack_mib = limits.memory_mib + ADDRESS_SPACE_SLACK_MIB
        return {
            "command": job.command,
            "environment": job.environment,
            "cpu_ms": max(1, int(limits.cpu_s * 1000)),
            "wall_ms": max(1, int(limits.wall_limit_s * 1000)),
            "memory": limits.memory_mib << 20,
            "output": output,
            # one byte past the cap shows that it was passed
            "file_size": output + 1 if job.file_mib is None else job.file_mib << 20,
            "address_space": slack_mib << 20 if job.address_space else 0,
            "stack": min(limits.memory_mib << 20, STACK),
            "processes": PROCESSES,
            "descriptors": DESCRIPTORS,
            "uid": uid,
            "alive": fds.alive,
            "report": fds.report,
            "note": fds.note,
            "filter": self._filter,
            "checked": job.checked,
            "terminal": at_terminal,
            "places": fds.places,
            "product": job.product,
            "product_fd": fds.product,
            "product_size": (job.file_mib or 0) << 20,
        }

    def _argv(self, job: Job, fds: Descriptors, plan_fd: int) -> list[str]:
        words = [
            *(self._bwrap, *self._base(job.room_mib), *job.mounts),
            *("--perms", "0444", "--file", str(fds.archive), layout.ARCHIVE),
        ]
        folders = {str(f.path).rpartition("/")[0]: None for f in job.files}
        words += layout.working_folders(*folders)
        for file, fd in zip(job.files, fds.files, strict=True):
            words += ["--perms", file.permissions, "--file", str(fd), file.path]
        command = (self._python.inside, "-S", "-P", layout.ARCHIVE, "general", str(plan_fd))
        return [*words, "--remount-ro", "/", "--", *command]

    def _base(self, room_mib: int) -> list[str]:
        return layout.arguments(self._python, as_root=self._as_root, tmpfs_mib=room_mib)


@dataclass(frozen=True, slots=True)
class _Running:
    """A run under way."""

    job: Job
    fds: Descriptors
    process: SandboxProcess
    started: float
    tier: Tier

    def result(self, shown: int | None = None) -> RunResult:
        """End whatever still runs and say what happened; `shown` holds a terminal's output."""
        cpu_s = self.process.reap()
        wall_s = time.monotonic() - self.started
        return result_of(
            self.job.request, self.fds, cpu_s=cpu_s, wall_s=wall_s, tier=self.tier, shown=shown
        )

    def product(self) -> bytes:
        """The file that came back."""
        if self.fds.product < 0:
            return b""
        return os.pread(self.fds.product, os.fstat(self.fds.product).st_size, 0)


def _shown(result: RunResult, show: Callable[[int, bytes], None]) -> RunResult:
    """Show what a compiler said."""
    if result.stderr:
        show(2, result.stderr)
    return result
