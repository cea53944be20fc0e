"""`deepcoder eval score`: judge the samples of a run, anew or by other rules, sampling nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from deepcoder_cli.commands.evaluate.options import (
    benchmark_of_run,
    checked_extraction,
    chosen_checkers,
    existing_run,
    runner_for,
)
from deepcoder_cli.commands.evaluate.report import report_result
from deepcoder_cli.errors import Interrupted
from deepcoder_cli.evaluate.progress import RunProgress
from deepcoder_cli.evaluate.run import score_run, unscored
from deepcoder_cli.evaluate.scoring import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.evaluate.records import Sample
    from deepcoder_cli.result import CommandResult


def score_command(
    path: str,
    *,
    checkers: str | None = None,
    extraction: str | None = None,
    data: str | None = None,
    again: bool = False,
    unsafe: bool = False,
    as_json: bool = False,
) -> CommandResult:
    """Score what has no verdict yet by these checkers and this extraction; with `again` everything.

    Raises:
        InputError: no run, or its problems cannot be had.
        SandboxUnavailable: no safe way to run a program here.
        Interrupted: Ctrl-C; verdicts so far are kept.
    """
    folder, info = existing_run(path)
    benchmark = benchmark_of_run(info, data)
    mode = checked_extraction(extraction or info.extraction)
    names = chosen_checkers(benchmark, checkers)
    scorer = Scorer(benchmark, runner_for(unsafe=unsafe), checkers=names, extraction=mode)

    def open_ones() -> Iterator[Sample]:
        """Read as they are scored: thousands of long completions are not held in memory."""
        samples = folder.samples()
        return samples if again else unscored(samples, folder.verdicts(), scorer)

    count = sum(1 for _ in open_ones())
    with RunProgress(
        total=0, sampled=0, scored=0, accepted=0, checker=scorer.checkers[0], to_score=count
    ) as progress:
        try:
            asyncio.run(score_run(folder, scorer, samples=open_ones(), progress=progress))
        except KeyboardInterrupt as error:
            msg = f"interrupted; the verdicts so far are kept in {folder.path}."
            raise Interrupted(f"{msg} The same command goes on.") from error
    return report_result(folder, info, as_json=as_json)
