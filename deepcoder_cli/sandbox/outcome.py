"""From what a run left in its descriptors to its RunResult."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.descriptors import content
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import FunctionCalls, RunResult, Status, Tier

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.descriptors import Descriptors
    from deepcoder_cli.sandbox.runner import RunRequest

MAX_NOTE_BYTES = 64 << 20
NEAR_CPU_LIMIT = 0.9  # killed past this part of the limit: the kernel's own count had passed it
LAST_WORDS = 1 << 16
# What node prints first, before anything of the program has run.
_NODE_SYNTAX = re.compile(rb"\A(file://)?/tmp/main\.m?js:\d+\n(.*\n){0,6}SyntaxError: ")
ENDED_ITSELF = frozenset({Status.EXITED, Status.COMPILE_ERROR, Status.MEMORY_LIMIT})


@dataclass(frozen=True, slots=True)
class Report:
    """What PID 1 inside says of a run; none of it comes from the program."""

    reason: str
    wait_status: int
    cpu_s: float
    wall_s: float
    peak_mib: float


def result_of(
    request: RunRequest,
    fds: Descriptors,
    *,
    cpu_s: float,
    wall_s: float,
    tier: Tier,
    shown: int | None = None,
) -> RunResult:
    """Put together what PID 1 reported and what the program left in its descriptors.

    `shown` holds what it wrote where that went to a terminal.
    """
    late = wall_s > request.limits.wall_limit_s
    report = _report(fds.report, Report("wall" if late else "none", 0, cpu_s, wall_s, 0.0))
    return result_from(
        request,
        report,
        stdout=fds.stdout if shown is None else shown,
        stderr=fds.stderr if shown is None else None,
        note=fds.note,
        tier=tier,
    )


def result_from(
    request: RunRequest, report: Report, *, stdout: int, stderr: int | None, note: int, tier: Tier
) -> RunResult:
    """Put together a report and what the program left in its descriptors."""
    cap = request.limits.output_kib * 1024
    out = content(stdout, cap + 1)
    err = b"" if stderr is None else content(stderr, cap + 1)
    truncated = len(out) > cap or len(err) > cap
    records = b""
    if isinstance(request.call, FunctionCalls):
        records = content(note, cap + 1)
        kind, value = ("C" if records[:1] == b"C" else ""), None
    else:
        kind, value = _note(note)
    exit_code = os.waitstatus_to_exitcode(report.wait_status)
    kind = kind or _said(request.language, err, exit_code)
    status = _status(request, report, kind, truncated, exit_code)
    ended_itself = status in ENDED_ITSELF and exit_code >= 0
    return RunResult(
        status=status,
        exit_code=exit_code if ended_itself else None,
        signal=-exit_code if exit_code < 0 else None,
        stdout=out[:cap],
        stderr=err[:cap],
        cpu_s=report.cpu_s,
        wall_s=report.wall_s,
        peak_mib=report.peak_mib,
        truncated=truncated,
        tier=tier,
        value=value if status is Status.EXITED and exit_code == 0 else None,
        detail=_detail(status, err),
        records=records,
    )


def never_started(error: OSError, tier: Tier) -> RunResult:
    """The result where the sandbox could not even be started (no descriptors, no memory)."""
    return lost(f"bwrap does not start: {error}", tier)


def lost(why: str, tier: Tier) -> RunResult:
    """The result of a run that has none, by no fault of the program."""
    return RunResult(
        Status.INFRASTRUCTURE, None, None, b"", b"", 0.0, 0.0, 0.0,
        truncated=False, tier=tier, detail=why,
    )  # fmt: skip


def _status(
    request: RunRequest, report: Report, kind: str, truncated: bool, exit_code: int
) -> Status:
    """Why the run ended; a limit that was passed counts before how the program then ended.

    `kind` is the program's own word, so it only chooses among outcomes that all count against it.
    """
    cpu_limit = report.reason == "cpu" or report.cpu_s > request.limits.cpu_s
    over_memory = report.reason == "memory" or report.peak_mib > request.limits.memory_mib
    memory_limit = over_memory or (kind == "M" and exit_code != 0)
    near_cpu_limit = report.cpu_s >= NEAR_CPU_LIMIT * request.limits.cpu_s
    causes = (
        (report.reason == "none", Status.INFRASTRUCTURE),
        (cpu_limit, Status.CPU_LIMIT),
        (report.reason == "wall", Status.WALL_LIMIT),
        (truncated or exit_code == -signal.SIGXFSZ, Status.OUTPUT_LIMIT),
        (memory_limit, Status.MEMORY_LIMIT),
        (kind == "C" and exit_code == 1, Status.COMPILE_ERROR),
        (exit_code == -signal.SIGKILL and near_cpu_limit, Status.CPU_LIMIT),
        (exit_code < 0, Status.SIGNALED),
    )
    return next((status for holds, status in causes if holds), Status.EXITED)


def _said(language: Language, stderr: bytes, exit_code: int) -> str:
    """The kind of note that the last words of a program amount to, where it left none.

    An interpreter or runtime that gives up says why; a program that imitates it fails all the same.
    """
    last = stderr[-LAST_WORDS:].strip()
    if language is Language.PYTHON and exit_code == 1:
        return "M" if last.rpartition(b"\n")[2].startswith(b"MemoryError") else ""
    if language is Language.CPP and exit_code == -signal.SIGABRT:
        return "M" if b"'std::bad_alloc'" in last else ""
    if language is not Language.JAVASCRIPT or exit_code == 0:
        return ""
    if exit_code < 0:
        return "M" if b"heap out of memory" in stderr[:LAST_WORDS] + last else ""
    own_frame = re.search(rb"\n    at .*/tmp/main\.m?js:", stderr)
    return "C" if _NODE_SYNTAX.match(stderr) and not own_frame else ""


def _detail(status: Status, stderr: bytes) -> str:
    """One line for people: what bwrap said, or the line that says why it does not compile."""
    lines = stderr.decode("utf-8", "replace").strip().split("\n")
    if status is Status.INFRASTRUCTURE:
        return lines[0] or "the sandbox ended without a report"
    if status is not Status.COMPILE_ERROR:
        return ""
    return next((line for line in lines if line.startswith("SyntaxError: ")), lines[-1])


def _report(fd: int, missing: Report) -> Report:
    """What PID 1 reported. Once the program had started, only it can have kept PID 1 from that."""
    started, _, line = content(fd, 256).decode("ascii", "replace").partition("\n")
    if not started:
        return missing
    fields = line.split()
    if len(fields) != 5:
        return missing if missing.reason == "wall" else replace(missing, reason="-", wait_status=9)
    status, cpu_us, wall_us, peak_kib = map(int, fields[1:])
    return Report(fields[0], status, cpu_us / 1e6, wall_us / 1e6, peak_kib / 1024)


def _note(fd: int) -> tuple[str, str | None]:
    """The program's own note: its kind, and for "V" the JSON text of a function's value."""
    note = content(fd, MAX_NOTE_BYTES).decode("utf-8", "replace")
    kind, value = note[:1], note[1:]
    return kind, value if kind == "V" else None
