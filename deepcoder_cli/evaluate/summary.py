"""What a run is worth by one checker: scores, what they are of, what is missing, what went wrong.

A `Summary` holds numbers; `report` says them. A score with a fault of the judge (IE) in it is not
computed: the fault is told instead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.lengths import lengths_of
from deepcoder_cli.evaluate.scores import count, score, scores_by, usual_ks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from deepcoder_cli.evaluate.lengths import Lengths
    from deepcoder_cli.evaluate.records import Sample, SampleVerdict
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.scores import Score

ACCEPTED, NO_PROGRAM, FAULT = "AC", "NP", "IE"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was asked is there, at the summary's budget.

    Attributes:
        problems: asked.
        sampled: problems with at least one sample, and `complete`, with all of them.
        samples_asked: samples asked, `samples`, there, and `judged`, with a verdict.
        left_out: samples of problems, budgets or numbers that the run does not list.
    """

    problems: int
    sampled: int
    complete: int
    samples_asked: int
    samples: int
    judged: int
    left_out: int

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.judged == self.samples_asked


@dataclass(frozen=True, slots=True)
class Fault:
    """A sample that the judge failed on."""

    key: str
    problem: str
    index: int
    detail: str


@dataclass(frozen=True, slots=True)
class BudgetPoint:
    """The score at one token budget.

    Attributes:
        budget: in tokens.
        how: `sampled` with that budget, or `truncated`: the samples of the largest budget cut
            at this one.
        score: None where there is no verdict, or a fault of the judge.
        samples: that it is of, and `truncated`, how many the budget cut.
    """

    budget: int
    how: Literal["sampled", "truncated"]
    score: Score | None
    samples: int
    truncated: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run is worth by one checker.

    Attributes:
        checker: name and version of the rules; printed with every score.
        budget: whose samples all but `by_budget` is of.
        coverage: what is there of what was asked.
        faults: samples the judge failed on, at any budget; with one of them there are no scores.
        score: of all problems, and `without_errata`, of those not in `errata`.
        errata: problems of the benchmark known to be wrong, that were named.
        by_difficulty: and `by_platform`: pass@1; empty where the data set does not tell.
        by_budget: smallest budget first.
        verdicts: how often each came, AC first, then the most frequent.
        truncated: samples that the budget cut.
        no_program: samples without a program, of which `no_program_truncated` were cut.
        lengths: of the completions.
        sample_graded: problems judged by nothing but the tests that their statement shows.
    """

    checker: str
    budget: int
    coverage: Coverage
    faults: tuple[Fault, ...]
    score: Score | None
    without_errata: Score | None
    errata: tuple[str, ...]
    by_difficulty: tuple[Score, ...]
    by_platform: tuple[Score, ...]
    by_budget: tuple[BudgetPoint, ...]
    verdicts: tuple[tuple[str, int], ...]
    truncated: int
    no_program: int
    no_program_truncated: int
    lengths: Lengths
    sample_graded: int


@dataclass(frozen=True, slots=True)
class _Row:
    """What is kept of a sample: its text is not."""

    key: str
    problem: str
    index: int
    budget: int
    truncated: bool
    tokens: int | None
    verdict: SampleVerdict | None


def summarize(
    info: RunInfo,
    samples: Iterable[Sample],
    verdicts: Mapping[str, SampleVerdict],
    checker: str,
    *,
    budget: int | None = None,
    errata: Collection[str] = (),
    truncated: Mapping[int, Mapping[str, SampleVerdict]] | None = None,
    ks: Sequence[int] | None = None,
) -> Summary:
    """Sum up a run by one checker. `samples` is read once, and no text of it is kept.

    Args:
        info: what the run was asked.
        samples: all of the run, of every budget, in any order.
        verdicts: of `checker`, by sample key; some may be missing.
        checker: its name, as the verdicts have it.
        budget: whose samples to sum up; the largest of the run when None.
        errata: ids of problems known to be wrong; ids of other benchmarks are no matter.
        truncated: for smaller budgets, `checker`'s verdicts on the samples of `budget` cut there,
            by sample key.
        ks: the k of pass@k; 1 is always there. When None: powers of two, 10, 100, n.

    Raises:
        InputError: a sample comes twice, a verdict is another checker's, or the run has no
            samples of such a budget.
    """
    budget = _budget(info, budget)
    cut = truncated or {}
    for some in (verdicts, *cut.values()):
        _must_be_of(checker, some)
    rows, left_out = _rows(info, samples, verdicts)
    ours = [row for row in rows if row.budget == budget]
    faults = _faults(rows, cut)
    wrong = set(errata)
    known = tuple(problem.id for problem in info.problems if problem.id in wrong)
    kinds = Counter(row.verdict.verdict for row in ours if row.verdict)
    points = (*_sampled_points(info, rows), *(_cut_point(b, v, ours) for b, v in cut.items()))
    summary = Summary(
        checker=checker, budget=budget, coverage=_coverage(info, ours, left_out), faults=faults,
        score=None, without_errata=None, errata=known, by_difficulty=(), by_platform=(),
        by_budget=tuple(sorted(points, key=lambda point: (point.budget, point.how))),
        verdicts=tuple(sorted(kinds.items(), key=lambda kind: (kind[0] != ACCEPTED, -kind[1]))),
        truncated=sum(row.truncated for row in ours),
        no_program=kinds[NO_PROGRAM],
        no_program_truncated=sum(row.truncated for row in ours if _is(row, NO_PROGRAM)),
        lengths=lengths_of([(row.tokens, row.truncated) for row in ours]),
        sample_graded=sum(problem.sample_graded for problem in info.problems),
    )  # fmt: skip
    if faults:
        return replace(
            summary, by_budget=tuple(replace(point, score=None) for point in summary.by_budget)
        )
    return _scored(summary, info, ours, usual_ks(info.n) if ks is None else ks)


def _scored(summary: Summary, info: RunInfo, rows: Sequence[_Row], ks: Sequence[int]) -> Summary:
    counts = _counts(rows)
    sound = {problem: pair for problem, pair in counts.items() if problem not in summary.errata}
    return replace(
        summary,
        score=score("all", counts, ks),
        without_errata=score("without errata", sound, ks) if summary.errata else None,
        by_difficulty=scores_by(lambda problem: problem.difficulty, info.problems, counts),
        by_platform=scores_by(lambda problem: problem.platform, info.problems, counts),
    )


def _budget(info: RunInfo, budget: int | None) -> int:
    if budget is None:
        return max(info.budgets)
    if budget not in info.budgets:
        there = ", ".join(map(str, info.budgets))
        raise InputError(f"the run has no samples of budget {budget} (it has {there}). Name one.")
    return budget


def _must_be_of(checker: str, verdicts: Mapping[str, SampleVerdict]) -> None:
    for verdict in verdicts.values():
        if verdict.checker != checker:
            msg = f"sample {verdict.key} was judged by {verdict.checker} (asked: {checker})"
            raise InputError(f"{msg}. Give each checker's verdicts apart.")


def _rows(
    info: RunInfo, samples: Iterable[Sample], verdicts: Mapping[str, SampleVerdict]
) -> tuple[list[_Row], int]:
    """The samples that the run asked for, and how many others there are."""
    problems = {problem.id for problem in info.problems}
    rows: dict[tuple[str, int, int], _Row] = {}
    left_out = 0
    for sample in samples:
        place = (sample.problem, sample.index, sample.budget)
        if place in rows:
            msg = f"sample {sample.index} of {sample.problem} at {sample.budget} tokens comes twice"
            raise InputError(f"{msg} (each counts once). Remove one, of key {sample.key}.")
        listed = sample.problem in problems and sample.budget in info.budgets
        if not listed or not 0 <= sample.index < info.n:
            left_out += 1
            continue
        rows[place] = _Row(
            sample.key, *place, sample.truncated, sample.completion_tokens,
            verdicts.get(sample.key),
        )  # fmt: skip
    return list(rows.values()), left_out


def _coverage(info: RunInfo, rows: Sequence[_Row], left_out: int) -> Coverage:
    sampled = Counter(row.problem for row in rows)
    return Coverage(
        problems=len(info.problems),
        sampled=len(sampled),
        complete=sum(number >= info.n for number in sampled.values()),
        samples_asked=len(info.problems) * info.n,
        samples=len(rows),
        judged=sum(row.verdict is not None for row in rows),
        left_out=left_out,
    )


def _faults(
    rows: Sequence[_Row], truncated: Mapping[int, Mapping[str, SampleVerdict]]
) -> tuple[Fault, ...]:
    verdicts = [row.verdict for row in rows if row.verdict]
    verdicts += [verdict for some in truncated.values() for verdict in some.values()]
    return tuple(
        Fault(verdict.key, verdict.problem, verdict.index, verdict.detail)
        for verdict in verdicts
        if verdict.verdict == FAULT
    )


def _is(row: _Row, kind: str) -> bool:
    return row.verdict is not None and row.verdict.verdict == kind


def _counts(rows: Iterable[_Row]) -> dict[str, tuple[int, int]]:
    return count((row.problem, row.verdict.accepted) for row in rows if row.verdict)


def _sampled_points(info: RunInfo, rows: Sequence[_Row]) -> list[BudgetPoint]:
    points = []
    for budget in info.budgets:
        some = [row for row in rows if row.budget == budget]
        cut = sum(row.truncated for row in some)
        points.append(
            BudgetPoint(budget, "sampled", score("all", _counts(some), (1,)), len(some), cut)
        )
    return points


def _cut_point(
    budget: int, verdicts: Mapping[str, SampleVerdict], rows: Sequence[_Row]
) -> BudgetPoint:
    """What the samples of the largest budget are worth when cut at a smaller one."""
    judged = [replace(row, verdict=verdicts[row.key]) for row in rows if row.key in verdicts]
    cut = sum(row.truncated if row.tokens is None else row.tokens > budget for row in judged)
    made = score("all", _counts(judged), (1,))
    return BudgetPoint(budget, "truncated", made, len(judged), cut)
