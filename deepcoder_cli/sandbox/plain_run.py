"""One run of `plain`: its files, and its process while it goes on."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.outcome import Report, result_from

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Tier


GROUP_END_TICKS, GROUP_END_TICK_S = 100, 0.005  # longer only where nobody reaps orphans


class Files:
    """The files of one run, gone when the block ends."""

    def __init__(self) -> None:
        """Open them."""
        with ExitStack() as stack:
            self.stdin, self.stdout, self.stderr, self.report, self.note = (
                stack.enter_context(tempfile.TemporaryFile()) for _ in range(5)
            )
            self._opened = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()


@dataclass(slots=True)
class Running:
    """A program under way."""

    request: RunRequest
    process: subprocess.Popen[bytes]
    files: Files
    started: float
    late: bool = False
    ended: bool = False
    seen_out: int = 0
    seen_err: int = 0

    def goes_on(self) -> bool:
        """Whether it still runs; past the wall limit it is killed."""
        # not reaped yet, so that its number, the group's as well, is nobody else's
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if self.ended or os.waitid(os.P_PID, self.process.pid, look) is not None:
            return False
        if time.monotonic() - self.started > self.request.limits.wall_limit_s:
            self.late = True
            self.end()
            return False
        return True

    def show_new(self, show: Callable[[int, bytes], None]) -> None:
        """Hand on what was added to stdout and stderr, up to the cap."""
        cap = self.request.limits.output_kib * 1024
        self.seen_out = _shown(self.files.stdout, self.seen_out, cap, 1, show)
        self.seen_err = _shown(self.files.stderr, self.seen_err, cap, 2, show)

    def end(self) -> None:
        """Kill whatever is left of the process group, and wait for its end; once."""
        if self.ended:
            return
        self.ended = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with suppress(ProcessLookupError, PermissionError):  # raised when none is left
            for _ in range(GROUP_END_TICKS):
                os.killpg(self.process.pid, 0)
                time.sleep(GROUP_END_TICK_S)

    def result(self, tier: Tier) -> RunResult:
        """What happened, once it has ended."""
        self.end()
        wall_s = time.monotonic() - self.started
        report = self._report() or Report("wall" if self.late else "-", 9, 0.0, wall_s, 0.0)
        kind = _kind_of(self.files.stderr, report)
        if kind and self.request.language is Language.PYTHON:
            os.pwrite(self.files.note.fileno(), kind, 0)
        return result_from(
            self.request, report, stdout=self.files.stdout.fileno(),
            stderr=self.files.stderr.fileno(), note=self.files.note.fileno(), tier=tier,
        )  # fmt: skip

    def _report(self) -> Report | None:
        fields = os.pread(self.files.report.fileno(), 256, 0).split()
        if len(fields) != 5 or self.late:
            return None
        status, cpu_us, wall_us, peak_kib = map(int, fields[1:])
        return Report(fields[0].decode(), status, cpu_us / 1e6, wall_us / 1e6, peak_kib / 1024)


def _shown(
    file: IO[bytes], seen: int, cap: int, number: int, show: Callable[[int, bytes], None]
) -> int:
    while chunk := os.pread(file.fileno(), min(65536, cap - seen), seen):
        seen += len(chunk)
        show(number, chunk)
    return seen


def _kind_of(stderr: IO[bytes], report: Report) -> bytes:
    """What the interpreter said of its end: C did not compile, M out of memory, else nothing."""
    if os.waitstatus_to_exitcode(report.wait_status) != 1:
        return b""
    text = os.pread(stderr.fileno(), 1 << 20, 0)
    last = text.rstrip().rpartition(b"\n")[2]
    if last.startswith(b"MemoryError"):
        return b"M"
    syntax = last.startswith((b"SyntaxError", b"IndentationError", b"TabError"))
    return b"C" if syntax and not text.startswith(b"Traceback") else b""
