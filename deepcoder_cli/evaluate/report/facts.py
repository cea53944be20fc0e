"""The words above the tables: what a run is, and what must not be missed about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import Summary

NAMED_FAULTS = 5


def facts(info: RunInfo, summaries: Sequence[Summary]) -> tuple[tuple[str, str], ...]:
    """What the run is, as (label, value)."""
    first = summaries[0]
    window = f", {info.window[0]} to {info.window[1]}" if any(info.window) else ""
    digest = f" (sha256 {info.source_sha256[:12]})" if info.source_sha256 else ""
    said = [
        ("problems", f"{len(info.problems):,}{window}"),
        ("sampled", _sampled(first)),
        (
            "sampling",
            f"{words.some(info.n, 'sample')} a problem, {words.tokens(first.budget)} tokens, "
            f"temperature {info.temperature:g}, top_p {info.top_p:g}, seed {info.seed}",
        ),
        ("extraction", info.extraction),
        ("checkers", ", ".join(summary.checker for summary in summaries)),
        ("source", f"{info.source}{digest}"),
        ("made", f"{info.created} by deepcoder {info.version}"),
    ]
    if info.refused:
        rows = ", ".join(f"{number:,} {kind}" for kind, number in info.refused)
        said.insert(1, ("rows refused", rows))
    return tuple(said)


def _sampled(summary: Summary) -> str:
    there = summary.coverage
    problems = words.of(there.sampled, there.problems)
    return f"{problems} problems, {words.of(there.samples, there.samples_asked)} samples"


def alerts(summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Faults of the judge, what is missing, what was left out."""
    there = summaries[0].coverage
    said = [_fault(summary) for summary in summaries if summary.faults]
    if there.samples < there.samples_asked:
        said.append(
            f"Partial: {_sampled(summaries[0])}. What is missing may be harder than what is "
            "there. Run `deepcoder eval run` again to go on."
        )
    for summary in summaries:
        missing = summary.coverage.samples - summary.coverage.judged
        if missing:
            said.append(
                f"{words.some(missing, 'sample')} without a verdict of {summary.checker} "
                "left out of its scores. Run `deepcoder eval score`."
            )
    if there.left_out:
        said.append(
            f"{words.some(there.left_out, 'sample')} left out: of problems, budgets or numbers "
            "that the run does not list."
        )
    if summaries[0].sample_graded:
        graded = words.of(summaries[0].sample_graded, there.problems)
        said.append(
            "Sample-graded, by the tests of the statement alone, which are easier to pass: "
            f"{graded} problems."
        )
    return tuple(said)


def _fault(summary: Summary) -> str:
    named = summary.faults[:NAMED_FAULTS]
    which = "; ".join(
        f"sample {fault.index} of {fault.problem} ({fault.detail or 'no detail'})"
        for fault in named
    )
    more = len(summary.faults) - len(named)
    return (
        f"No score by {summary.checker}: the judge failed on "
        f"{words.some(len(summary.faults), 'sample')} (IE): {which}"
        f"{f'; and {more} more' if more else ''}. Run `deepcoder eval score` again."
    )
