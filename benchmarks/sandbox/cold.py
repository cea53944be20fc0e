"""What a process pays before its first verdict; run as `python -m benchmarks.sandbox.cold`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEPS = ("import", "find and prove the sandbox", "first run", "second run", "first numpy run",
         "second numpy run")  # fmt: skip


def measure() -> dict[str, float]:
    """Seconds of each step, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sandbox.cold"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    steps: dict[str, float] = json.loads(done.stdout)
    return steps


def main() -> None:
    """Time the steps in this process and print them as JSON."""
    marks = [time.perf_counter()]
    from deepcoder_cli.sandbox.probe import default_runner  # noqa: PLC0415 - this is timed
    from deepcoder_cli.sandbox.runner import RunRequest  # noqa: PLC0415

    marks.append(time.perf_counter())
    runner = default_runner()
    marks.append(time.perf_counter())
    for program in ("pass\n", "pass\n", "import numpy\n", "import numpy\n"):
        runner.run(RunRequest(program))
        marks.append(time.perf_counter())
    spans = [after - before for before, after in pairwise(marks)]
    print(json.dumps(dict(zip(STEPS, spans, strict=True))))


if __name__ == "__main__":
    main()
