"""From a run's folder to what is said of it: summaries by checker, the card's figures beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate import card
from deepcoder_cli.evaluate.budget import at_budget
from deepcoder_cli.evaluate.errata import faulty, load_errata
from deepcoder_cli.evaluate.report.parts import Published
from deepcoder_cli.evaluate.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepcoder_cli.evaluate.records import Sample, SampleVerdict
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.store import RunFolder
    from deepcoder_cli.evaluate.summary import Summary


@dataclass(frozen=True, slots=True)
class RunReport:
    """What is known of a run.

    Attributes:
        info: what it was asked.
        folder: where its samples are; their texts are read when they are needed.
        verdicts: by checker, then by the sample's key.
        summaries: one for each checker.
        published: the card's figures for this benchmark; none where it has none.
    """

    info: RunInfo
    folder: RunFolder
    verdicts: dict[str, dict[str, SampleVerdict]]
    summaries: tuple[Summary, ...]
    published: tuple[Published, ...]


def run_report(
    folder: RunFolder,
    info: RunInfo,
    *,
    budgets: tuple[int, ...] = (),
    errata_file: Path | None = None,
) -> RunReport:
    """Sum up a run.

    Args:
        folder: where it is.
        info: what it was asked.
        budgets: smaller budgets to tell the score of by cutting the longest completions.
        errata_file: of the user, besides our own list.

    Raises:
        InputError: the folder or the file cannot be read, or no sample has been scored.
    """
    verdicts = folder.verdicts()
    errata = faulty(load_errata(errata_file), info.benchmark)
    if not verdicts:
        count = sum(1 for _ in folder.samples())
        msg = f"nothing is scored in {folder.path}: {count} samples. Run `eval score` on it."
        raise InputError(msg)
    summaries = tuple(
        summarize(
            info, folder.samples(), found, checker, errata=errata,
            truncated=_truncated(folder, found, max(info.budgets), budgets),
        )
        for checker, found in sorted(verdicts.items(), key=lambda item: ours_first(item[0]))
    )  # fmt: skip
    return RunReport(info, folder, verdicts, summaries, published_for(info))


def ours_first(checker: str) -> tuple[bool, str]:
    """Sorts checkers: the one that counts where one number is wanted comes first."""
    return not checker.startswith(("strict", "evalplus/")), checker


def _truncated(
    folder: RunFolder,
    verdicts: dict[str, SampleVerdict],
    longest: int,
    budgets: tuple[int, ...],
) -> dict[int, dict[str, SampleVerdict]]:
    """The verdicts at smaller budgets, by cutting the samples of the longest."""

    def ours() -> Iterator[Sample]:
        return (sample for sample in folder.samples() if sample.budget == longest)

    return {
        budget: {
            verdict.key: verdict
            for verdict in at_budget(ours(), verdicts.values(), budget).verdicts
        }
        for budget in budgets
        if budget < longest
    }


def published_for(info: RunInfo) -> tuple[Published, ...]:
    """The card's column for the run's benchmark; none for another, or another window."""
    found = []
    for column in card.columns_of(info.benchmark, info.window):
        if column in {card.Column.LIVECODEBENCH, card.Column.HUMANEVAL_PLUS}:
            rows = tuple(
                (row.model, f"{value:.1f}")
                for row in card.TABLE
                if (value := row.value(column)) is not None
            )
            found.append(Published(f"{column}, %", "the model card", rows))
    return tuple(found)


def card_points(report: RunReport) -> list[tuple[str, list[tuple[int, float]]]]:
    """The card's scores by token budget, where the run is on the same problems."""
    columns = card.columns_of(report.info.benchmark, report.info.window)
    if card.Column.LIVECODEBENCH not in columns or len(report.info.budgets) < 2:
        return []
    return [
        (f"{model} ({card.PUBLISHED})", list(zip(card.BUDGETS, values, strict=True)))
        for model, values in card.BY_BUDGET.items()
    ]
