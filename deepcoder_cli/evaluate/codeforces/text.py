"""A Codeforces result in a few lines for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.codeforces.summary import CodeforcesResult


def lines(result: CodeforcesResult) -> list[str]:
    """The result for people, a few lines; the contests themselves are left to tables."""
    if result.rating is None:
        text = [f"no rating: none of {len(result.skipped)} contests counts"]
    else:
        text = [
            f"rating {result.rating:.0f}{_interval(result.interval, 0)}, "
            f"mean over {_count(len(result.contests), 'contest')}, "
            f"up to {_count(result.attempts, 'attempt')} a problem, by {result.checker}",
            f"percentile: {_percentile(result)}",
        ]
    if result.sample_graded:
        text.append(
            "sample-graded: some tests are the statement's samples, so the rating can be too high"
        )
    ends = Counter(row.result.bound for row in result.contests if row.result.bound)
    if ends:
        told = " and ".join(f"{ends[end]} at the {end} end" for end in sorted(ends, reverse=True))
        text.append(f"{told} of the search: their true ratings may lie beyond")
    if missing := sum(len(row.missing) for row in result.contests):
        text.append(f"{missing} problems of these contests were not asked and count as unsolved")
    text += [f"contest {left.id} left out: {left.reason}" for left in result.skipped]
    text += [f"problem {left.id} left out: {left.reason}" for left in result.unplaced]
    return text


def _percentile(result: CodeforcesResult) -> str:
    if result.percentile is None:
        return result.table
    known = f", which agrees with {result.table_is}" if result.table_is else ""
    interval = _interval(result.percentile_interval, 1)
    return f"{result.percentile:.1f}{interval} in {result.table}{known}"


def _interval(ends: tuple[float, float] | None, digits: int) -> str:
    if ends is None:
        return " (no interval from one contest)"
    return f" (95 %: {ends[0]:.{digits}f} to {ends[1]:.{digits}f})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
