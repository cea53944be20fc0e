"""Pictures of a run as PNG files: score by budget, lengths, verdicts. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.report import words
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import BudgetPoint, Summary

COLOURS = ("#4878a8", "#d08a3c", "#5a9a68", "#a05a8c")
CUT = "#c8553d"
DPI = 130


def draw_all(
    info: RunInfo,
    summaries: Sequence[Summary],
    folder: Path,
    *,
    published: Sequence[tuple[str, Sequence[tuple[int, float]]]] = (),
) -> list[tuple[str, Path]]:
    """Draw what there is to draw into `folder`; (what it shows, file) of each picture.

    Args:
        info: the run.
        summaries: one for each checker, all of one budget.
        folder: exists; files of the same names are replaced.
        published: lines beside score by budget: (label, ((tokens, percent), ...)). The label says
            whose checker it was.

    Raises:
        InputError: matplotlib is not installed.
        OutputError: a file cannot be written.
    """
    drawn: list[tuple[str, Path]] = []
    title = escaped(f"{info.benchmark}, {info.model}")
    if len({point.budget for summary in summaries for point in _scored(summary)}) > 1:
        path = folder / "budgets.png"
        _draw(path, lambda axes: _budgets(axes, summaries, published), title)
        drawn.append(("pass@1 by token budget", path))
    if summaries[0].lengths.bins:
        path = folder / "lengths.png"
        _draw(path, lambda axes: _lengths(axes, summaries[0]), title)
        drawn.append(("completion lengths", path))
    if any(summary.verdicts for summary in summaries):
        path = folder / "verdicts.png"
        _draw(path, lambda axes: _verdicts(axes, summaries), title)
        drawn.append(("verdicts", path))
    return drawn


def _draw(path: Path, fill: Callable[[Axes], None], title: str) -> None:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        msg = "pictures cannot be drawn: matplotlib is not installed (it is in the eval extra)."
        raise InputError(f"{msg} Run `pip install 'deepcoder-cli[eval]'`.") from error
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    fill(axes)
    axes.set_title(_verbatim(title), fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        msg = f"the picture cannot be written: {path} ({error.strerror}). Name another place."
        raise OutputError(msg) from error


def _verbatim(text: str) -> str:
    """A text that matplotlib does not take for a formula; the screen shows 100 characters of it."""
    shown = text if len(text) <= 100 else f"{text[:99]}…"
    return shown.replace("$", r"\$")


def _scored(summary: Summary) -> list[BudgetPoint]:
    return [point for point in summary.by_budget if point.score]


def _budgets(
    axes: Axes,
    summaries: Sequence[Summary],
    published: Sequence[tuple[str, Sequence[tuple[int, float]]]],
) -> None:
    """A line with whiskers for each checker and way of sampling; logarithmic in tokens."""
    for place, summary in enumerate(summaries):
        for how, style in (("sampled", "-"), ("truncated", "--")):
            points = [point for point in _scored(summary) if point.how == how]
            apart = 1 + 0.02 * (2 * place - len(summaries) + (how == "truncated"))
            if points:
                label = f"{summary.checker}, {how}"
                _whiskers(axes, points, label, COLOURS[place % 4], style, apart)
    for label, line in published:
        tokens, values = [budget for budget, _ in line], [value for _, value in line]
        axes.plot(tokens, values, ":", marker="x", color="grey", label=_verbatim(escaped(label)))
    axes.set_xscale("log", base=2)
    budgets = sorted({point.budget for summary in summaries for point in _scored(summary)})
    axes.set_xticks(budgets, [words.tokens(budget) for budget in budgets])
    axes.minorticks_off()
    axes.set_ylim(0, 100)
    axes.set_xlabel("token budget")
    axes.set_ylabel("pass@1, % of problems (95 % interval)")
    axes.legend(fontsize=8, frameon=False)


def _whiskers(
    axes: Axes, points: Sequence[BudgetPoint], label: str, colour: str, style: str, apart: float
) -> None:
    """One line, its points moved sideways by the factor `apart`: no whisker hides another."""
    estimates = [point.score.pass_at_1 for point in points if point.score]
    values = [100 * estimate.value for estimate in estimates]
    below = [100 * (estimate.value - estimate.low) for estimate in estimates]
    above = [100 * (estimate.high - estimate.value) for estimate in estimates]
    axes.errorbar(
        [point.budget * apart for point in points], values, yerr=[below, above], fmt=f"o{style}",
        color=colour, capsize=4, label=_verbatim(escaped(label)),
    )  # fmt: skip


def _lengths(axes: Axes, summary: Summary) -> None:
    bins = summary.lengths.bins
    lows, widths = [bin_.low for bin_ in bins], [bin_.high - bin_.low for bin_ in bins]
    ended = [bin_.count - bin_.truncated for bin_ in bins]
    cut = [bin_.truncated for bin_ in bins]
    share = words.share(summary.truncated, summary.coverage.samples)
    for counts, below, colour, label in (
        (ended, [0] * len(bins), COLOURS[0], "ended by itself"),
        (cut, ended, CUT, f"cut by the budget: {share}"),
    ):
        axes.bar(
            lows, counts, widths, below, align="edge", color=colour, label=label,
            edgecolor="white", linewidth=0.6,
        )  # fmt: skip
    for length, style, name in (
        (summary.lengths.median, "-", "median"), (summary.lengths.p90, ":", "90 %"),
    ):  # fmt: skip
        if length is not None:
            axes.axvline(length, color="#444", ls=style, lw=1, label=f"{name}: {length:,}")
    axes.set_xlabel(f"tokens of a completion; budget {words.tokens(summary.budget)}")
    axes.set_ylabel("samples")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.legend(fontsize=8, frameon=False)


def _verdicts(axes: Axes, summaries: Sequence[Summary]) -> None:
    codes = list(dict.fromkeys(code for summary in summaries for code, _ in summary.verdicts))
    height = 0.8 / len(summaries)
    for place, summary in enumerate(summaries):
        counts = dict(summary.verdicts)
        rows = [index + (place - (len(summaries) - 1) / 2) * height for index in range(len(codes))]
        bars = axes.barh(
            rows, [counts.get(code, 0) for code in codes], height * 0.9,
            color=COLOURS[place % 4], label=_verbatim(escaped(summary.checker)),
        )  # fmt: skip
        judged = summary.coverage.judged
        labels = [words.share(counts.get(code, 0), judged) for code in codes]
        axes.bar_label(bars, labels, padding=3, fontsize=7)
    axes.set_yticks(range(len(codes)), [words.verdict(code) for code in codes], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("samples")
    axes.legend(fontsize=8, frameon=False)
