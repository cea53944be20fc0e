"""From rows to the tables people read, and the numbers programs read. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from benchmarks.sandbox.statistics_of import median_of, paired, percentile, ratio, total_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.sandbox.rows import Row

OURS = "ours: judge"
MEASURES: dict[str, Callable[[Row], float]] = {
    "wall": lambda row: row.wall_ms,
    "cpu": lambda row: row.cpu_ms,
}
ORDER = (
    "ours: run", OURS, "bare: plain", "bare: clean", "bare: -I -S", "bubblewrap + exec",
    "in-process grader", "in-process, torch loaded", "1 workers", "2 workers",
)  # fmt: skip
QUIET = 0.15
LONG_S = 0.2
BOUNDS = {
    ("bare: plain", "wall"): 0.20,
    ("bare: plain", "cpu"): 0.20,
    ("in-process grader", "cpu"): 0.60,
}


def summary(rows: Sequence[Row], cold: Sequence[dict[str, float]]) -> dict[str, Any]:
    """All that the report says, as numbers."""
    by_section: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_section[row.section].append(row)
    return {
        "ratios": ratios(by_section["typical"]),
        "heavy": ratios(by_section["heavy"]),
        "numpy": ratios(by_section["numpy"]),
        "programs": programs([*by_section["typical"], *by_section["heavy"], *by_section["numpy"]]),
        "throughput": throughput(by_section["throughput"]),
        "latency_ms": {arm: latency(group) for arm, group in by_arm(by_section["latency"]).items()},
        "cpp_ms": {
            arm: {name: round(median_of(group, value), 2) for name, value in MEASURES.items()}
            for arm, group in by_arm(by_section["cpp"]).items()
        },
        "cold_ms": {
            step: round(statistics.median(run[step] for run in cold) * 1000, 1)
            for step in (cold[0] if cold else ())
        },
        "others_share": round(others_share(rows), 3),
    }


def ratios(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Ours through `judge` against every peer, over all programs of a section."""
    found = {}
    for peer in by_arm(rows):
        if peer == OURS:
            continue
        entry: dict[str, Any] = {}
        for name, value in MEASURES.items():
            pairs = paired(rows, OURS, peer, value)
            if (middle := ratio(pairs)) is None:
                continue
            entry[name] = {
                "median": round(middle.median, 3),
                "low": round(middle.low, 3),
                "high": round(middle.high, 3),
                "sum": round(total_ratio(rows, OURS, peer, value) or 0.0, 3),
                "pairs": middle.pairs,
            }
        found[peer] = entry
    return found


def programs(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """Median milliseconds of one run, for each program and arm."""
    names = dict.fromkeys(row.program for row in rows)
    return {
        program: {
            arm: {name: round(median_of(group, value), 2) for name, value in MEASURES.items()}
            for arm, group in by_arm(row for row in rows if row.program == program).items()
        }
        for program in names
    }


def throughput(rows: Sequence[Row]) -> dict[str, Any]:
    """Judged runs a minute by workers, the scaling from one to two, and runs a CPU minute.

    Two workers want both cores of a small machine, so rounds in which other work used more than
    QUIET of a core are left out, unless fewer than three are left.
    """
    busy = {row.round for row in rows if row.others_s > QUIET * row.wall_s}
    quiet = [row for row in rows if row.round not in busy]
    rounds = len({row.round for row in rows})
    enough = rounds - len(busy) >= 3
    quiet = quiet if enough else list(rows)
    found: dict[str, Any] = {"rounds": rounds, "busy": len(busy), "left_out": enough}
    for name, of in (("minute", _wall_s), ("cpu_minute", _cpu_s)):
        found[f"runs_a_{name}"] = {
            arm: round(60 * statistics.median(row.runs / of(row) for row in group))
            for arm, group in by_arm(quiet).items()
        }
    pairs = paired(quiet, "2 workers", "1 workers", lambda row: row.runs / row.wall_s)
    if pairs:
        found["scaling_1_to_2"] = round(statistics.median(pairs) / 2, 3)
    return found


def _wall_s(row: Row) -> float:
    return row.wall_s


def _cpu_s(row: Row) -> float:
    return row.cpu_s


def latency(rows: Sequence[Row]) -> dict[str, float]:
    """Percentiles of the wall time, in milliseconds."""
    walls = [row.wall_ms for row in rows]
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: round(percentile(walls, share), 2) for name, share in shares.items()}


def others_share(rows: Sequence[Row]) -> float:
    """CPU used by everything else, as a share of one core, over all rows but the shortest."""
    long = [row for row in rows if row.wall_s > LONG_S]
    wall_s = sum(row.wall_s for row in long)
    return max(0.0, sum(row.others_s for row in long) / wall_s) if wall_s else 0.0


def by_arm(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by arm; ours first, then as ORDER has them, then in order of appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.arm, []).append(row)
    known = [arm for arm in ORDER if arm in found]
    return {arm: found[arm] for arm in (*known, *(arm for arm in found if arm not in ORDER))}
