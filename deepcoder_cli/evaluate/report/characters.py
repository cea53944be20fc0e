"""Pictures of a run in plain characters: ASCII alone, so that they survive any log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.estimators import Estimate
    from deepcoder_cli.evaluate.lengths import Bin
    from deepcoder_cli.evaluate.summary import Summary

SCALE = 50  # columns from 0 to 100 %
BARS = 48


def budget_chart(summaries: Sequence[Summary]) -> str:
    """pass@1 with its interval at each budget, by each checker; "" where there is one budget."""
    lines = []
    for summary in summaries:
        points = [point for point in summary.by_budget if point.score]
        if len(points) < 2:
            continue
        lines += ["", f"pass@1 by budget, {summary.checker}; [---o---] is the 95 % interval"]
        for point in points:
            label = f"{words.tokens(point.budget)} {point.how}"
            estimate = point.score.pass_at_1 if point.score else None
            if estimate:
                lines.append(f"{label:>15} {whiskers(estimate)} {words.percent(estimate.value):>5}")
        lines.append(" " * 16 + "0" + "50".center(SCALE - 3) + "100 %")
    return "\n".join(lines[1:])


def whiskers(estimate: Estimate) -> str:
    """A line from 0 to 100 % with the interval and the mean on it.

    >>> from deepcoder_cli.evaluate.estimators import Estimate
    >>> whiskers(Estimate(0.5, 0.4, 0.7, 9))
    '|                    [----o---------]              |'
    """
    low, mean, high = (
        min(SCALE - 1, int(share * SCALE))
        for share in (estimate.low, estimate.value, estimate.high)
    )
    cells = [" "] * SCALE
    cells[low : high + 1] = "-" * (high - low + 1)
    cells[low], cells[high], cells[mean] = "[", "]", "o"
    return f"|{''.join(cells)}|"


def length_chart(summary: Summary) -> str:
    """A histogram of completion lengths: # ended by itself, x cut; "" where none is known."""
    bins = summary.lengths.bins
    if not bins:
        return ""
    most = max(bin_.count for bin_ in bins)
    lines = ["completion lengths in tokens: # ended by itself, x cut by the budget"]
    lines += [f"{_range(bin_):>15} {_bar(bin_, most)} {bin_.count:,}" for bin_ in bins]
    return "\n".join(lines)


def _range(bin_: Bin) -> str:
    return f"<= {bin_.high:,}"


def _bar(bin_: Bin, most: int) -> str:
    """At least one character for what is not 0, whatever the scale."""
    cut = _columns(bin_.truncated, most)
    return "#" * _columns(bin_.count - bin_.truncated, most) + "x" * cut


def _columns(count: int, most: int) -> int:
    return max(1, round(BARS * count / most)) if count else 0
