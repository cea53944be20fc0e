"""The picture of the report: milliseconds of one run by arm, and the spread of the ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.sandbox.report import BOUNDS, MEASURES, OURS, by_arm
from benchmarks.sandbox.statistics_of import median_of, paired

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.sandbox.rows import Row

COLOURS = {"wall": "#4878a8", "cpu": "#d08a3c"}
LABELS = {"wall": "wall", "cpu": "CPU, all processes"}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the rows of the typical programs to `path` (.png or .svg)."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    typical = [row for row in rows if row.section == "typical"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _bars(left, typical)
    _spread(right, typical)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axes: Axes, rows: Sequence[Row]) -> None:
    arms = by_arm(rows)
    for offset, (name, value) in enumerate(MEASURES.items()):
        medians = [median_of(group, value) for group in arms.values()]
        places = [index + (0.5 - offset) * 0.38 for index in range(len(arms))]
        bars = axes.barh(places, medians, height=0.36, color=COLOURS[name], label=LABELS[name])
        axes.bar_label(bars, fmt="%.1f", padding=2, fontsize=7)
    axes.set_yticks(range(len(arms)), list(arms), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds of one run, median over ten programs")
    axes.legend(fontsize=8, frameon=False)
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)


def _spread(axes: Axes, rows: Sequence[Row]) -> None:
    """A box for each peer: ratios of all programs and rounds, CPU above wall."""
    peers = [arm for arm in by_arm(rows) if arm != OURS]
    for offset, (name, value) in enumerate(MEASURES.items()):
        axes.boxplot(
            [paired(rows, OURS, peer, value) for peer in peers],
            positions=[index + (0.5 - offset) * 0.38 for index in range(len(peers))],
            orientation="horizontal", widths=0.3, showfliers=False, patch_artist=True,
            boxprops={"facecolor": COLOURS[name], "linewidth": 0.6},
            medianprops={"color": "black"},
        )  # fmt: skip
    for index, peer in enumerate(peers):
        bound = BOUNDS.get((peer, "cpu"))
        if bound is not None:
            axes.plot([bound] * 2, [index - 0.45, index + 0.45], color="crimson", lw=1.5)
    axes.set_yticks(range(len(peers)), peers, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
    axes.minorticks_off()
    axes.axvline(1, color="grey", lw=0.6, ls=":")
    axes.set_xlabel("ours (judge) divided by the peer; red: the bound of CPU")
    axes.spines[["top", "right"]].set_visible(False)
