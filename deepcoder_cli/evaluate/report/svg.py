"""The pictures of the HTML report, drawn in its own colours: they turn dark with the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report import words
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.lengths import Bin
    from deepcoder_cli.evaluate.summary import BudgetPoint, Summary

LEFT, WIDTH, RIGHT, ROW = 100, 260, 90, 20  # of labels, of the scale, of numbers; of a line


def budget_svg(summary: Summary) -> str:
    """pass@1 with its interval at each budget; "" where there are not two to compare."""
    points = [point for point in summary.by_budget if point.score]
    if len(points) < 2:
        return ""
    rows = [_budget_row(place, point) for place, point in enumerate(points)]
    for mark in (0, 50, 100):
        x, bottom = LEFT + WIDTH * mark / 100, ROW * len(points)
        rows.append(f'<line class="line" x1="{x}" x2="{x}" y1="0" y2="{bottom}"/>')
        rows.append(_text(x, len(points), f"{mark} %", "middle", "faint"))
    name = f"pass@1 by budget, {summary.checker}, with 95 % intervals"
    return _picture(name, len(points) + 1, rows)


def lengths_svg(summary: Summary) -> str:
    """A histogram of completion lengths; "" where none is known."""
    bins = summary.lengths.bins
    if not bins:
        return ""
    most = max(bin_.count for bin_ in bins)
    rows = [_length_row(place, bin_, most) for place, bin_ in enumerate(bins)]
    name = "Completion lengths in tokens; orange: cut by the budget"
    return _picture(name, len(bins), rows)


def verdicts_svg(summary: Summary) -> str:
    """How often each verdict came; "" where none did."""
    if not summary.verdicts:
        return ""
    most = max(count for _, count in summary.verdicts)
    rows = []
    for place, (code, count) in enumerate(summary.verdicts):
        said = words.share(count, summary.coverage.judged)
        rows += [
            _label(place, code),
            _bar(place, 0, count / most),
            _value(place, count / most, said),
        ]
    return _picture(f"Verdicts by {summary.checker}", len(rows) // 3, rows)


def _budget_row(place: int, point: BudgetPoint) -> str:
    assert point.score  # noqa: S101 - its caller leaves out the others
    estimate = point.score.pass_at_1
    low, mean, high = (LEFT + WIDTH * x for x in (estimate.low, estimate.value, estimate.high))
    y = place * ROW + ROW / 2
    return (
        _label(place, f"{words.tokens(point.budget)} {point.how}")
        + f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
        + f'<circle class="bar" cx="{mean:.1f}" cy="{y}" r="5"/>'
        + _value(place, 1, words.percent(estimate.value))
    )


def _length_row(place: int, bin_: Bin, most: int) -> str:
    cut, whole = bin_.truncated / most, bin_.count / most
    return (
        _label(place, f"to {bin_.high:,}")
        + _bar(place, 0, whole - cut)
        + _bar(place, whole - cut, cut, "cut")
        + _value(place, whole, f"{bin_.count:,}")
    )


def _bar(place: int, start: float, share: float, kind: str = "bar") -> str:
    """A bar on line `place`, from `start`, both fractions of the scale."""
    x, y = LEFT + WIDTH * start, place * ROW + 3
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{WIDTH * share:.1f}" height="{ROW - 6}"/>'
    )


def _label(place: int, text: str) -> str:
    return _text(LEFT - 8, place, text, "end")


def _value(place: int, end: float, text: str) -> str:
    return _text(LEFT + WIDTH * end + 6, place, text, "start", "faint")


def _text(x: float, place: int, text: str, anchor: str, kind: str = "") -> str:
    y = place * ROW + 14
    return f'<text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{_said(text)}</text>'


def _picture(name: str, lines: int, rows: Sequence[str]) -> str:
    width, height = LEFT + WIDTH + RIGHT, lines * ROW + 4
    return (
        f"<figure><figcaption>{_said(name)}</figcaption>"
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-label="{_said(name)}">{"".join(rows)}</svg></figure>'
    )


def _said(text: str) -> str:
    return escape(escaped(text))
