"""A run in words: how it ended, what it used, what it printed."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.runner import Status
from deepcoder_cli.tui.display import displayable, head

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import RunResult
    from deepcoder_cli.types import Limits

MAX_LINES = 200
MAX_CHARS = 20_000
FIRST_BYTES = 4 * MAX_CHARS


@dataclass(frozen=True, slots=True)
class RunText:
    """What the run pane shows: text that is safe to show.

    `output` is all that the program wrote to its terminal; `compiler` what a compiler said.
    """

    ok: bool
    summary: str
    output: str
    compiler: str


def describe(result: RunResult, limits: Limits) -> RunText:
    """Put `result` into words."""
    ok = result.status is Status.EXITED and result.exit_code == 0
    used = (
        f"{result.cpu_s:.2f} s CPU · {result.wall_s:.2f} s · {result.peak_mib:.0f} MiB"
        f" · sandbox {result.tier.value}"
    )
    mark = "✓" if ok else "✗"
    summary = displayable(f"{mark} {ending(result, limits)} · {used}")
    return RunText(ok, summary, shown(result.stdout), shown(result.stderr))


def ending(result: RunResult, limits: Limits) -> str:
    """Why the run ended, with its verdict where it is a failure."""
    if result.status is Status.EXITED:
        code = result.exit_code
        return f"RE: runtime error, exit code {code}" if code else "finished, exit code 0"
    return {
        Status.SIGNALED: f"RE: killed by {_signal_name(result.signal)}",
        Status.CPU_LIMIT: f"TLE: over {limits.cpu_s:g} s of CPU time",
        Status.WALL_LIMIT: f"TLE: over {limits.wall_limit_s:g} s",
        Status.MEMORY_LIMIT: f"MLE: over {limits.memory_mib} MiB of memory",
        Status.OUTPUT_LIMIT: f"OLE: over {limits.output_kib} KiB of output",
        Status.COMPILE_ERROR: f"CE: {result.detail or 'not a program'}",
        Status.INFRASTRUCTURE: f"IE: the sandbox failed: {result.detail}",
    }[result.status]


def _signal_name(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"


def shown(output: bytes) -> str:
    """The beginning of what a program wrote, made safe to show."""
    text, left_out = head(displayable(output.decode("utf-8", "replace")), MAX_LINES, MAX_CHARS)
    return f"{text}\n… {left_out:,} more lines" if left_out else text
