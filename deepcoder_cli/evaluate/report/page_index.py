"""What the table of the HTML report knows of each sample, and what a sample's own page adds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.run_info import ProblemInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.records import Sample, SampleVerdict
    from deepcoder_cli.evaluate.run_info import RunInfo

_OF_A_PROBLEM = ("id", "title", "difficulty", "platform", "date", "url")


class PageIndex:
    """Collects a row for each sample; `page.js` (`prepare`) reads them in this order."""

    def __init__(self, info: RunInfo, checkers: tuple[str, ...]) -> None:
        self._info = info
        self._checkers = checkers
        self._problems = list(info.problems)
        self._places = {problem.id: place for place, problem in enumerate(info.problems)}
        self._rows: list[tuple[object, ...]] = []

    def add(self, sample: Sample, verdicts: Sequence[SampleVerdict]) -> int | None:
        """Add a row; the problem's place when it is one that the run does not list."""
        stranger = self._stranger(sample.problem)
        by_checker = {verdict.checker: verdict for verdict in verdicts}
        first = verdicts[0] if verdicts else None
        codes = [by_checker[c].verdict if c in by_checker else "" for c in self._checkers]
        self._rows.append((
            self._places[sample.problem], sample.index, sample.budget, codes,
            first.passed if first else None, first.total if first else None,
            sample.completion_tokens, int(sample.truncated), round(sample.seconds, 2),
        ))  # fmt: skip
        return stranger

    def data(self) -> dict[str, object]:
        """The whole index, of JSON values."""
        problems = [
            {name: getattr(problem, name) for name in _OF_A_PROBLEM} for problem in self._problems
        ]
        return {
            "checkers": self._checkers, "budgets": self._info.budgets, "problems": problems,
            "samples": self._rows,
        }  # fmt: skip

    def _stranger(self, problem: str) -> int | None:
        if problem in self._places:
            return None
        self._places[problem] = len(self._problems)
        self._problems.append(ProblemInfo(id=problem, title="", prompt="", tests=0))
        return self._places[problem]


def told_of(sample: Sample, verdicts: Sequence[SampleVerdict]) -> dict[str, object]:
    """What a sample's own page shows beyond its row: the texts, and each verdict whole."""
    return {
        "key": sample.key, "model": sample.model, "seed": sample.seed,
        "prompt_tokens": sample.prompt_tokens, "reasoning": sample.reasoning,
        "answer": sample.answer, "verdicts": [asdict(verdict) for verdict in verdicts],
    }  # fmt: skip
