"""From rows to the tables people read, the numbers programs read, and the picture."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.sandbox.markdown import table
from benchmarks.sandbox.report import MEASURES, by_arm, others_share
from benchmarks.sandbox.statistics_of import paired, ratio, total_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.sandbox.rows import Row

OURS, GRADER = "ours", "in-process grader"
GRADERS = (GRADER, "in-process, small heap")
GOAL = 0.8
SLOWEST = 8
MEANING = (
    "Each canonical solution of HumanEval+ is judged on all its base and plus inputs, by every arm "
    "right after the other, each round from another arm on. A ratio is the time of ours divided by "
    "the peer's on the same program in the same round: the median of the pairs, and the interval "
    "that holds it 95 times in 100. `all together` is the time of all programs, medians over the "
    "rounds, summed: there a few programs that compute for seconds weigh most, and what they "
    "compute costs every arm the same. The in-process grader follows EvalPlus's manner and has "
    "inputs and expected outputs at hand (EvalPlus pickles them into a worker for each program); "
    "it isolates nothing. Like EvalPlus's workers it is forked from a process that holds the "
    "outputs of all tasks, a gigabyte of objects; `small heap` is the same grader with those of "
    "one task, which forks in less time. The plain subprocess is a new interpreter for each "
    "program; it has no limits, catches nothing and compares with `==`."
)


def summary(taken: Sequence[Row]) -> dict[str, Any]:
    """All that the report says, as numbers."""
    found: dict[str, Any] = {
        "rounds": len({row.round for row in taken}),
        "programs": len({row.program for row in taken}),
        "others_share": round(others_share(taken), 3),
        "seconds": {},
        "ratios": {},
    }
    for arm in by_arm(taken):
        found["seconds"][arm] = {name: _round_s(taken, arm, name) for name in MEASURES}
        if arm != OURS:
            found["ratios"][arm] = {name: _ratio(taken, arm, name) for name in MEASURES}
    found["slowest"] = _slowest(taken)
    return found


def write(folder: Path, facts: dict[str, Any], taken: Sequence[Row]) -> None:
    """Write summary.json, README.md and ratios.png, and show the text."""
    numbers = summary(taken)
    text = document(facts, numbers)
    draw(taken, folder / "ratios.png")
    kept = json.dumps({"facts": facts, **numbers}, indent=1) + "\n"
    (folder / "summary.json").write_text(kept, encoding="utf-8")
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(text)


def document(facts: dict[str, Any], numbers: dict[str, Any]) -> str:
    """The report as Markdown."""
    ratios = [
        (peer, *(_shown(entry[name], peer, name) for name in MEASURES))
        for peer, entry in numbers["ratios"].items()
    ]
    seconds = [
        (arm, *(f"{entry[name]:.1f}" for name in MEASURES))
        for arm, entry in numbers["seconds"].items()
    ]
    slowest = [
        (program, *(f"{entry.get(arm, 0.0):.2f}" for arm in numbers["seconds"]))
        for program, entry in numbers["slowest"].items()
    ]
    return "\n\n".join((
        "# Scoring HumanEval+",
        _machine(facts, numbers),
        MEANING,
        table(("ours divided by", "wall", "CPU"), ratios),
        "Seconds for all programs once, one after the other:",
        table(("arm", "wall", "CPU"), seconds),
        f"CPU seconds of the {len(slowest)} slowest programs:",
        table(("program", *numbers["seconds"]), slowest),
        "![ratios by program](ratios.png)",
    )) + "\n"  # fmt: skip


def _machine(facts: dict[str, Any], numbers: dict[str, Any]) -> str:
    return (
        f"{facts['date']}, commit {facts['commit']}, {facts['cpu']}, {facts['cores']} cores, Linux "
        f"{facts['kernel']}, Python {facts['python']}, tier {facts['tier']}; {facts['data']}, "
        f"{numbers['programs']} programs, {numbers['rounds']} rounds. CPU time is "
        f"{facts['cpu_meter']}. The machine was shared: other work used "
        f"{numbers['others_share']:.2f} of a core meanwhile, so wall times are rough. Raw rows: "
        "rows.jsonl; made by `python -m benchmarks.evalplus`."
    )


def _shown(entry: dict[str, float], peer: str, name: str) -> str:
    text = f"{entry['median']:.2f} ({entry['low']:.2f} to {entry['high']:.2f}); "
    together = f"all together {entry['sum']:.2f}"
    if peer not in GRADERS:
        return text + together
    kept = "" if entry["sum"] <= GOAL else ", missed"
    return f"{text}**{together}** (goal {GOAL}{kept})"


def _ratio(taken: Sequence[Row], peer: str, name: str) -> dict[str, float]:
    middle = ratio(paired(taken, OURS, peer, MEASURES[name]))
    assert middle is not None
    together = total_ratio(taken, OURS, peer, MEASURES[name]) or 0.0
    return {
        "median": round(middle.median, 3), "low": round(middle.low, 3),
        "high": round(middle.high, 3), "sum": round(together, 3),
    }  # fmt: skip


def _round_s(taken: Sequence[Row], arm: str, name: str) -> float:
    """Seconds of all programs once: medians over the rounds, summed."""
    return round(sum(_medians(taken, arm, name).values()), 2)


def _medians(taken: Sequence[Row], arm: str, name: str) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for row in taken:
        if row.arm == arm:
            values.setdefault(row.program, []).append(MEASURES[name](row) / 1000)
    return {program: statistics.median(found) for program, found in values.items()}


def _slowest(taken: Sequence[Row]) -> dict[str, dict[str, float]]:
    by = {arm: _medians(taken, arm, "cpu") for arm in by_arm(taken)}
    names = sorted(by[GRADER], key=lambda name: -by[GRADER][name])[:SLOWEST]
    return {name: {arm: round(found[name], 3) for arm, found in by.items()} for name in names}


def draw(taken: Sequence[Row], path: Path) -> None:
    """Draw the ratio to each peer against how long the program takes in the grader."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    by = {arm: _medians(taken, arm, "cpu") for arm in by_arm(taken)}
    for peer, colour in zip(
        (a for a in by if a != OURS), ("#4878a8", "#6aa84f", "#d08a3c"), strict=False
    ):
        places = [by[GRADER][name] for name in by[OURS]]
        values = [by[OURS][name] / by[peer][name] for name in by[OURS]]
        axes.scatter(places, values, s=9, color=colour, label=f"divided by {peer}")
    axes.axhline(GOAL, color="crimson", lw=1, label=f"goal {GOAL}")
    axes.axhline(1, color="grey", lw=0.6, ls=":")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("CPU seconds of the program in the in-process grader")
    axes.set_ylabel("CPU time of ours, divided")
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
