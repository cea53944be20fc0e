"""Medians, percentiles and paired ratios. Pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.sandbox.rows import Row

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Ratio:
    """A median of paired ratios with the interval that holds it 95 times in 100."""

    median: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank).

    >>> percentile([3, 1, 2, 4], 0.5), percentile([3, 1, 2, 4], 0.99)
    (2, 4)
    """
    ordered = sorted(values)
    rank = max(1, -int(-share * len(ordered) // 1))
    return ordered[min(rank, len(ordered)) - 1]


def median_of(rows: Iterable[Row], value: Callable[[Row], float]) -> float:
    """The median of `value` over `rows`."""
    return statistics.median(map(value, rows))


def paired(rows: Sequence[Row], ours: str, peer: str, value: Callable[[Row], float]) -> list[float]:
    """`value` of arm `ours` divided by that of `peer`, for each program and round with both."""
    by_pair = {(row.program, row.round, row.arm): value(row) for row in rows}
    return [
        mine / by_pair[program, number, peer]
        for (program, number, arm), mine in by_pair.items()
        if arm == ours and (program, number, peer) in by_pair
    ]


def ratio(pairs: Sequence[float]) -> Ratio | None:
    """The median of `pairs` and its bootstrap interval; None without pairs."""
    if not pairs:
        return None
    random = Random(0)
    medians = sorted(
        statistics.median(random.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES)
    )
    low, high = medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)]
    return Ratio(statistics.median(pairs), low, high, len(pairs))


def total_ratio(
    rows: Sequence[Row], ours: str, peer: str, value: Callable[[Row], float]
) -> float | None:
    """The time of all programs together, ours by peer's: medians over the rounds, then sums."""
    programs = {row.program for row in rows}
    sums = {ours: 0.0, peer: 0.0}
    for program in programs:
        medians = {
            arm: [value(row) for row in rows if row.program == program and row.arm == arm]
            for arm in sums
        }
        if all(medians.values()):
            for arm, values in medians.items():
                sums[arm] += statistics.median(values)
    return sums[ours] / sums[peer] if sums[peer] else None
