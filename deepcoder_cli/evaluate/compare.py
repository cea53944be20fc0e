"""Two runs of one benchmark, problem by problem: which is better, by how much, and is it luck.

Only problems that both runs have verdicts of are compared. Not covered: different wordings of
the prompt or different budgets are compared as they are; `Comparison.differences_asked` lists them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.estimators import estimate_mean
from deepcoder_cli.evaluate.paired import paired_difference
from deepcoder_cli.evaluate.scores import UNKNOWN, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deepcoder_cli.evaluate.estimators import Estimate
    from deepcoder_cli.evaluate.paired import Difference
    from deepcoder_cli.evaluate.records import Sample, SampleVerdict
    from deepcoder_cli.evaluate.run_info import ProblemInfo, RunInfo

Pairs = list[tuple[Fraction, Fraction]]


@dataclass(frozen=True, slots=True)
class Side:
    """A run to compare: what it was asked, its samples (read once), verdicts of one checker."""

    name: str
    info: RunInfo
    samples: Iterable[Sample]
    verdicts: Mapping[str, SampleVerdict]
    checker: str
    budget: int | None = None  # the largest of the run


@dataclass(frozen=True, slots=True)
class SideScore:
    """One side on the common problems.

    Attributes:
        name: of the run, and its `model`, `checker`, `budget`.
        pass_at_1: over the common problems.
        problems: that it has verdicts of, common or not.
        samples: judged, of the common problems.
    """

    name: str
    model: str
    checker: str
    budget: int
    pass_at_1: Estimate
    problems: int
    samples: int


@dataclass(frozen=True, slots=True)
class Solved:
    """A problem that only one side solves: accepted samples of judged ones, on both."""

    problem: str
    title: str
    difficulty: str
    a: tuple[int, int]
    b: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A on the problems that both have.

    Attributes:
        benchmark: of both.
        a: and `b`, the sides.
        difference: B minus A, paired.
        only_a: problems of which A has an accepted sample and B none; `only_b` likewise.
        both: how many problems both solve, and `neither`.
        by_difficulty: (word, difference), empty where the data set does not tell.
        differences_asked: (setting, A's, B's), where the runs were not asked the same.
    """

    benchmark: str
    a: SideScore
    b: SideScore
    difference: Difference
    only_a: tuple[Solved, ...]
    only_b: tuple[Solved, ...]
    both: int
    neither: int
    by_difficulty: tuple[tuple[str, Difference], ...]
    differences_asked: tuple[tuple[str, str, str], ...]


def compare(a: Side, b: Side) -> Comparison:
    """Compare two runs of one benchmark by one checker.

    Raises:
        InputError: the benchmarks or checkers differ, the judge failed on a sample, a run has no
            such budget, or the runs have no problem in common.
    """
    _must_match(a, b)
    left, right = _counts(a), _counts(b)
    problems = [problem for problem in a.info.problems if problem.id in left.keys() & right.keys()]
    if not problems:
        msg = f"{a.name} and {b.name} have no problem in common with a verdict of {a.checker}"
        raise InputError(f"{msg} ({len(left)} and {len(right)} judged). Judge more of them.")
    pairs = [(Fraction(*left[p.id]), Fraction(*right[p.id])) for p in problems]
    only_a = _only(problems, left, right, a_solves=True)
    only_b = _only(problems, left, right, a_solves=False)
    both = sum(x > 0 and y > 0 for x, y in pairs)
    return Comparison(
        benchmark=a.info.benchmark,
        a=_side_score(a, [x for x, _ in pairs], left, problems),
        b=_side_score(b, [y for _, y in pairs], right, problems),
        difference=_difference(pairs), only_a=only_a, only_b=only_b, both=both,
        neither=len(problems) - both - len(only_a) - len(only_b),
        by_difficulty=_by_difficulty(problems, pairs),
        differences_asked=_differences_asked(a, b),
    )  # fmt: skip


def _must_match(a: Side, b: Side) -> None:
    for what, one, other in (
        ("benchmarks", a.info.benchmark, b.info.benchmark),
        ("checkers", a.checker, b.checker),
    ):
        if one != other:
            msg = f"different {what} cannot be compared: {one} ({a.name}) and {other} ({b.name})"
            raise InputError(f"{msg} (they must be the same). Compare runs of one.")


def _budget(side: Side) -> int:
    there = side.info.budgets
    if side.budget is None:
        return max(there)
    if side.budget not in there:
        has = ", ".join(map(str, there))
        msg = f"{side.name} has no samples of budget {side.budget} (it has {has}). Name one."
        raise InputError(msg)
    return side.budget


def _counts(side: Side) -> dict[str, tuple[int, int]]:
    """(accepted, judged) of each problem with a verdict at the side's budget."""
    budget = _budget(side)
    accepted: defaultdict[str, int] = defaultdict(int)
    judged: defaultdict[str, int] = defaultdict(int)
    seen: set[tuple[str, int]] = set()
    for sample in side.samples:
        verdict = side.verdicts.get(sample.key)
        if verdict is None or sample.budget != budget or sample.index >= side.info.n:
            continue
        if verdict.verdict == "IE":
            msg = f"{side.name} has no score: the judge failed on sample {sample.index} of"
            why = f"{sample.problem} ({verdict.detail or 'IE'})"
            raise InputError(f"{msg} {why}. Run `deepcoder eval score` on it again.")
        if (sample.problem, sample.index) in seen:
            msg = f"{side.name} holds sample {sample.index} of {sample.problem} twice"
            raise InputError(f"{msg} (each counts once). Remove one, of key {sample.key}.")
        seen.add((sample.problem, sample.index))
        judged[sample.problem] += 1
        accepted[sample.problem] += verdict.accepted
    return {problem: (accepted[problem], judged[problem]) for problem in judged}


def _difference(pairs: Pairs) -> Difference:
    return paired_difference([a for a, _ in pairs], [b for _, b in pairs])


def _side_score(
    side: Side,
    values: Sequence[Fraction],
    counts: Mapping[str, tuple[int, int]],
    problems: Sequence[ProblemInfo],
) -> SideScore:
    return SideScore(
        side.name, side.info.model, side.checker, _budget(side),
        estimate_mean([float(value) for value in values]), len(counts),
        sum(counts[problem.id][1] for problem in problems),
    )  # fmt: skip


def _only(
    problems: Sequence[ProblemInfo],
    left: Mapping[str, tuple[int, int]],
    right: Mapping[str, tuple[int, int]],
    *,
    a_solves: bool,
) -> tuple[Solved, ...]:
    return tuple(
        Solved(p.id, p.title, p.difficulty or "", left[p.id], right[p.id])
        for p in problems
        if (left[p.id][0] > 0) == a_solves and (right[p.id][0] > 0) != a_solves
    )


def _by_difficulty(
    problems: Sequence[ProblemInfo], pairs: Pairs
) -> tuple[tuple[str, Difference], ...]:
    parts: defaultdict[str, Pairs] = defaultdict(list)
    for problem, pair in zip(problems, pairs, strict=True):
        parts[problem.difficulty or UNKNOWN].append(pair)
    if set(parts) == {UNKNOWN}:
        return ()
    return tuple((word, _difference(parts[word])) for word in sorted(parts, key=place_of))


def _differences_asked(a: Side, b: Side) -> tuple[tuple[str, str, str], ...]:
    asked = (
        ("samples a problem", a.info.n, b.info.n),
        ("budget", _budget(a), _budget(b)),
        ("temperature", a.info.temperature, b.info.temperature),
        ("top_p", a.info.top_p, b.info.top_p),
        ("extraction", a.info.extraction, b.info.extraction),
        ("source sha256", a.info.source_sha256[:12], b.info.source_sha256[:12]),
        ("prompts", *_prompts(a.info, b.info)),
    )
    return tuple((what, f"{one}", f"{other}") for what, one, other in asked if one != other)


def _prompts(a: RunInfo, b: RunInfo) -> tuple[str, str]:
    """Equal, unless a common problem was asked in other words."""
    theirs = {problem.id: problem.prompt for problem in b.problems}
    other = sum(p.id in theirs and theirs[p.id] != p.prompt for p in a.problems)
    return ("", f"{other} differ") if other else ("", "")
