"""How long `deepcoder --help` takes beside bare Python and `import typer`, in one paired run.

The arms alternate, so that a busy machine slows all of them alike. CPU time is the child's own
(user plus system, from wait4). Writes every row to benchmarks/results/help-start.json and the
summary to help-start.md beside it::

    .venv/bin/python benchmarks/help_start.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import sysconfig
import time
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
SCRIPT = str(Path(sysconfig.get_path("scripts")) / "deepcoder")
ARMS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import typer": [sys.executable, "-c", "import typer"],
    "deepcoder --help": [SCRIPT, "--help"],
}


@dataclass(frozen=True)
class Row:
    """One start of one arm."""

    round: int
    arm: str
    wall_ms: float
    cpu_ms: float


def start(number: int, arm: str) -> Row:
    """Run one arm once, its output thrown away."""
    argv = ARMS[arm]
    null = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    began = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=[null])
    _, status, usage = os.wait4(pid, 0)
    wall_ms = (time.perf_counter() - began) * 1000
    if status:
        raise SystemExit(f"{arm} failed with status {status}")
    return Row(number, arm, wall_ms, (usage.ru_utime + usage.ru_stime) * 1000)


def measure(rounds: int) -> list[Row]:
    """All arms in turn, `rounds` times, after one round to warm the disk cache."""
    for arm in ARMS:
        start(-1, arm)
    return [start(number, arm) for number in range(rounds) for arm in ARMS]


def summary(rows: list[Row], rounds: int) -> str:
    """The table, and the ratio of the medians and the minima to `import typer`."""
    lines = [
        "# Start of `deepcoder --help`",
        "",
        f"{rounds} alternating rounds, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores; raw rows in help-start.json; made by benchmarks/help_start.py.",
        "",
        "| arm | CPU ms, min | CPU ms, median | wall ms, min | wall ms, median |",
        "|---|---|---|---|---|",
    ]
    for arm in ARMS:
        cpu = [row.cpu_ms for row in rows if row.arm == arm]
        wall = [row.wall_ms for row in rows if row.arm == arm]
        cells = (min(cpu), statistics.median(cpu), min(wall), statistics.median(wall))
        lines.append(f"| `{arm}` | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    ratio = paired_ratio(rows)
    lines += [
        "",
        f"`deepcoder --help` / `import typer`, median of the paired CPU ratios: {ratio:.2f}.",
    ]
    return "\n".join(lines) + "\n"


def paired_ratio(rows: list[Row]) -> float:
    """Median over the rounds of help's CPU time divided by typer's in the same round."""
    cpu = {(row.round, row.arm): row.cpu_ms for row in rows}
    numbers = {row.round for row in rows}
    return statistics.median(
        cpu[n, "deepcoder --help"] / cpu[n, "import typer"] for n in sorted(numbers)
    )


def main() -> None:
    """Measure and write both files."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rows = measure(rounds)
    RESULTS.mkdir(exist_ok=True)
    raw = {"python": platform.python_version(), "rows": [asdict(row) for row in rows]}
    (RESULTS / "help-start.json").write_text(json.dumps(raw) + "\n")
    text = summary(rows, rounds)
    (RESULTS / "help-start.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
