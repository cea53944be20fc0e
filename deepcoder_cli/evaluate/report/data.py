"""A run's summaries as JSON values, for scripts: keys are stable, scores are fractions of 1."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report.facts import alerts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.scores import Score
    from deepcoder_cli.evaluate.summary import Summary


def report_data(info: RunInfo, summaries: Sequence[Summary]) -> dict[str, object]:
    """What the reports say, by checker; a refused score is null beside the faults that refuse it.

    The problems and their prompts are left out: `run.json` has them.
    """
    asked = {name: value for name, value in asdict(info).items() if name != "problems"}
    asked["refused"] = dict(info.refused)
    return {
        "run": asked,
        "alerts": list(alerts(summaries)),
        "checkers": {summary.checker: _summary(summary) for summary in summaries},
    }


def _summary(summary: Summary) -> dict[str, object]:
    return asdict(summary) | {
        "score": _score(summary.score),
        "without_errata": _score(summary.without_errata),
        "by_difficulty": {score.name: _score(score) for score in summary.by_difficulty},
        "by_platform": {score.name: _score(score) for score in summary.by_platform},
        "by_budget": [
            asdict(point) | {"score": _score(point.score)} for point in summary.by_budget
        ],
        "verdicts": dict(summary.verdicts),
    }


def _score(score: Score | None) -> dict[str, object] | None:
    if score is None:
        return None
    return asdict(score) | {"pass_at": {str(k): asdict(estimate) for k, estimate in score.pass_at}}
