"""The rating that a set of attempts would have earned in an official contest.

As CodeElo computes it (Quan et al., 2025, https://arxiv.org/abs/2501.01257, and its published
script), so that figures can be set beside published ones:

1. Score. A problem accepted at attempt i (i failed ones before it) earns max(0, points - 50 i)
   where problems have points; else it earns 1, with 10 i minutes of penalty.
2. Rank. The number of rated official rows that are not worse: more points, or as many points and
   no more penalty.
3. Rating. The largest whole R for which 1 + sum 1/(1 + 10^((R - old)/400)) over the rated rows,
   the place that a player rated R would expect, is at least that rank; from 0 to the best old
   rating + 99.

What the rule leaves out: a participant's points fall with time and their ICPC penalty counts
minutes, which favours the model; ties count against it; the rank is the number of rows before it,
while the sum begins at 1, which favours it by one place. The old rating of a first contest is what
the API says, 0.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deepcoder_cli.evaluate.codeforces.snapshot import Contest, ContestProblem, Row

MIN_RATED_ROWS = 201  # a contest with 200 or fewer says too little
POINTS_LOST, PENALTY_MINUTES = 50, 10  # for each failed attempt before the accepted one
ABOVE_BEST = 100  # the search ends below the best old rating + this
RESAMPLES = 10_000
Bound = Literal["low", "high"]


@dataclass(frozen=True, slots=True)
class Score:
    """Points and penalty, as a row of the standings has them."""

    points: float
    penalty: float


@dataclass(frozen=True, slots=True)
class ContestRating:
    """What a set of attempts is worth in one contest.

    Attributes:
        score: points and penalty.
        rank: how many rated rows are not worse; 0 is better than all.
        rated_rows: how many there are.
        rating: as the module says.
        bound: `low` or `high` where it is that end of the search: the true one may lie beyond.
    """

    score: Score
    rank: int
    rated_rows: int
    rating: int
    bound: Bound | None


def score_of(problems: Iterable[ContestProblem], solved: Mapping[str, int]) -> Score:
    """The score of a contest.

    Args:
        problems: of the contest.
        solved: by letter, how many attempts failed before the accepted one; others are unsolved.

    >>> from deepcoder_cli.evaluate.codeforces.snapshot import ContestProblem
    >>> score_of([ContestProblem("A", 500), ContestProblem("B", 1000)], {"A": 0, "B": 2})
    Score(points=1400, penalty=0)
    >>> score_of([ContestProblem("A"), ContestProblem("B")], {"B": 2})
    Score(points=1, penalty=20)
    """
    points = penalty = 0.0
    for problem in problems:
        failed = solved.get(problem.letter)
        if failed is None:
            continue
        if problem.points is None:
            points += 1
            penalty += PENALTY_MINUTES * failed
        else:
            points += max(0, problem.points - POINTS_LOST * failed)
    return Score(_whole(points), _whole(penalty))


def _whole(value: float) -> float:
    """An int where it is one: 1400, not 1400.0."""
    return int(value) if value == int(value) else value


def rank_of(score: Score, rows: Iterable[Row]) -> int:
    """How many of `rows` are not worse than `score`: 0 is better than all."""
    keys = sorted((-row.points, row.penalty) for row in rows)
    return bisect_right(keys, (-score.points, score.penalty))


def expected_place(rating: float, old_ratings: Mapping[int, int]) -> float:
    """1 + sum 1/(1 + 10^((R - old)/400)): the place that a player rated R would expect.

    Args:
        rating: R.
        old_ratings: how often each old rating occurs: some thousand differ, where rows are many.
    """
    return 1 + math.fsum(
        count / (1 + 10 ** ((rating - old) / 400)) for old, count in old_ratings.items()
    )


def rating_of(rank: int, old_ratings: Iterable[int]) -> int:
    """The rating whose expected place is `rank`, a whole number, by binary search."""
    counts = Counter(old_ratings)
    low, high = 0, max(counts) + ABOVE_BEST
    while high - low > 1:
        middle = (low + high) // 2
        if expected_place(middle, counts) < rank:
            high = middle
        else:
            low = middle
    return low


def contest_rating(contest: Contest, solved: Mapping[str, int]) -> ContestRating | None:
    """What the attempts are worth in `contest`; None where it has too few rated rows.

    Args:
        contest: with its standings.
        solved: as for `score_of`.
    """
    rated = contest.rated
    if len(rated) < MIN_RATED_ROWS:
        return None
    old = [row.old_rating for row in rated if row.old_rating is not None]
    score = score_of(contest.problems, solved)
    rank = rank_of(score, rated)
    rating = rating_of(rank, old)
    return ContestRating(score, rank, len(rated), rating, _bound(rating, max(old)))


def _bound(rating: int, best: int) -> Bound | None:
    if rating <= 0:
        return "low"
    return "high" if rating >= best + ABOVE_BEST - 1 else None


def mean_interval(
    ratings: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The 95 % bootstrap interval (percentiles) of the mean over contests.

    None for fewer than two contests: one says nothing of how much they differ.

    Args:
        ratings: one a contest.
        seed: equal seeds give equal intervals.
        resamples: how many means are drawn.
    """
    count = len(ratings)
    if count < 2:
        return None
    rng = Random(f"bootstrap/{seed}")  # noqa: S311 - reproducible, not secret
    means = sorted(math.fsum(rng.choices(ratings, k=count)) / count for _ in range(resamples))
    tail = int(0.025 * resamples)
    return means[tail], means[-1 - tail]
