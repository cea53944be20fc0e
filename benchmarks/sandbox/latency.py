"""From request to result of a program that does nothing, one at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.sandbox.rows import Row, timed
from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.sandbox.cpu import Meter
    from deepcoder_cli.sandbox.runner import Runner

EMPTY = RunRequest("pass\n")


def measure(runner: Runner, meter: Meter, *, runs: int) -> Iterator[Row]:
    """A row for each run, `run` and `arun` in turn."""
    loop = asyncio.new_event_loop()
    ways = {
        "run": lambda: runner.run(EMPTY),
        "arun": lambda: loop.run_until_complete(runner.arun(EMPTY)),
    }
    try:
        for number in range(runs):
            for name, way in ways.items():
                row, result = timed(
                    way, meter, section="latency", program="empty", arm=name, round_=number, runs=1
                )
                _check(result)
                yield row
    finally:
        loop.close()


def _check(result: RunResult) -> None:
    if result.status is not Status.EXITED:
        raise SystemExit(f"an empty program ended as {result.status}: {result.detail}")
