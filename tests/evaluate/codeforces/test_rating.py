"""Scores, ranks and ratings, against a slow reference and against algebra."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.evaluate.codeforces.rating import (
    Score,
    contest_rating,
    expected_place,
    mean_interval,
    rank_of,
    rating_of,
    score_of,
)
from deepcoder_cli.evaluate.codeforces.snapshot import Contest, ContestProblem, Row
from tests.evaluate.codeforces.contests import contest, slow_rating

STATUSES = st.dictionaries(
    st.sampled_from("ABCD"), st.lists(st.sampled_from(["AC", "WA", "TLE"]), max_size=4)
)


@st.composite
def contests(draw: st.DrawFn) -> Contest:
    """Contests around the smallest size, with ties, unrated rows and old ratings of all kinds."""
    style = draw(st.sampled_from(["CF", "ICPC"]))
    olds = st.none() | st.integers(-50, 300)
    results = draw(
        st.lists(
            st.tuples(st.sampled_from([0, 1, 2, 450, 500, 1450]), st.sampled_from([0, 10, 20])),
            min_size=20,
            max_size=20,
        )
    )
    few = draw(st.lists(olds, min_size=10, max_size=11))
    # each drawn participant many times over: the size matters, not 200 different people
    rows = [Row(*result, 1, old) for result, old in itertools.product(results, few)]
    points = [500.0, 1000.0, None, 250.0] if style == "CF" else [None] * 4
    problems = [ContestProblem(a, b) for a, b in zip("ABCD", points, strict=True)]
    return Contest("1", "One", style, "", tuple(problems), tuple(rows))


@settings(max_examples=40, deadline=None)
@given(contests(), STATUSES)
def test_a_rating_is_the_slow_references(made: Contest, statuses: dict[str, list[str]]) -> None:
    solved = {k: tries.index("AC") for k, tries in statuses.items() if "AC" in tries}

    found = contest_rating(made, solved)
    slow = slow_rating(made, statuses)

    if slow is None:
        assert found is None
    else:
        assert found is not None
        assert (found.score.points, found.score.penalty, found.rank, found.rating) == slow


@pytest.mark.parametrize("style", ["CF", "ICPC"])
@pytest.mark.parametrize("solved", [{}, {"A": 0}, {"A": 3, "B": 0}, dict.fromkeys("ABCD", 0)])
def test_a_rating_over_the_whole_range_is_the_slow_references(
    style: str, solved: dict[str, int]
) -> None:
    made = contest(style="CF" if style == "CF" else "ICPC", participants=201)
    statuses = {letter: ["WA"] * failed + ["AC"] for letter, failed in solved.items()}

    found = contest_rating(made, solved)

    assert found is not None
    assert (found.score.points, found.score.penalty, found.rank, found.rating) == slow_rating(
        made, statuses
    )


@pytest.mark.parametrize("rank", [2, 3, 50, 200, 399, 400])
def test_among_equals_the_rating_is_what_algebra_says(rank: int) -> None:
    equals, old = 400, 1500
    chance = (rank - 1) / equals  # to be beaten by each of them
    exact = old - 400 * math.log10(chance / (1 - chance)) if chance < 1 else 0
    capped = min(max(exact, 0), old + 99)

    assert rating_of(rank, [old] * equals) == math.floor(capped)


def test_the_expected_place_is_the_sum_over_single_players() -> None:
    olds = {1200: 3, 1900: 1, 0: 2}
    one_by_one = [old for old, count in olds.items() for _ in range(count)]
    plain = 1 + sum(1 / (1 + 10 ** ((1500 - old) / 400)) for old in one_by_one)

    assert expected_place(1500, olds) == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize(
    ("points", "failed", "score"),
    [
        (500, 0, Score(500, 0)), (500, 1, Score(450, 0)), (500, 10, Score(0, 0)),
        (500, 11, Score(0, 0)), (None, 0, Score(1, 0)), (None, 3, Score(1, 30)),
    ],
)  # fmt: skip
def test_failed_attempts_cost_50_points_or_10_minutes(
    points: float | None, failed: int, score: Score
) -> None:
    assert score_of([ContestProblem("A", points)], {"A": failed, "Z": 0}) == score


def test_a_rank_counts_the_rows_that_are_not_worse_in_whatever_order_they_come() -> None:
    rows = [Row(p, q, 1, 1500) for p, q in [(2, 30), (2, 20), (1, 5), (0, 0), (2, 10)]]

    for order in itertools.permutations(rows):
        assert rank_of(Score(2, 20), order) == 2
        assert rank_of(Score(2, 15), order) == 1
        assert rank_of(Score(3, 99), order) == 0
        assert rank_of(Score(0, 0), order) == 5


@given(st.integers(0, 6000), st.integers(0, 6000))
def test_more_points_never_lower_a_rank(one: int, other: int) -> None:
    rows = contest().rated

    ranks = [rank_of(Score(points, 0), rows) for points in sorted((one, other))]

    assert ranks[0] >= ranks[1]


@pytest.mark.parametrize(("rated", "counts"), [(200, False), (201, True)])
def test_a_contest_counts_from_201_rated_rows_on(rated: int, counts: bool) -> None:
    made = contest(participants=rated)
    rows = (*made.rows, *(Row(0, 0, 400, None) for _ in range(50)))
    with_unrated = Contest("1", "One", "CF", "", made.problems, rows)

    assert (contest_rating(with_unrated, {}) is not None) is counts


@pytest.mark.parametrize(
    ("solved", "old", "rank", "rating", "bound"),
    [
        ({}, 10, 300, 0, "low"),
        ({"A": 0, "B": 0}, 1500, 150, 1502, None),  # half of them, less one place
        ({"A": 0, "B": 0, "C": 0}, 1500, 0, 1599, "high"),
    ],
)
def test_the_ends_of_the_search_are_told(
    solved: dict[str, int], old: int, rank: int, rating: int, bound: str | None
) -> None:
    rows = [Row(2, 0, 1, old)] * 150 + [Row(1, 0, 151, old)] * 150
    problems = tuple(ContestProblem(letter) for letter in "ABC")

    found = contest_rating(Contest("1", "One", "ICPC", "", problems, tuple(rows)), solved)

    assert found is not None
    assert (found.rank, found.rating, found.bound) == (rank, rating, bound)


def test_the_interval_of_three_contests_is_that_of_all_27_resamples() -> None:
    ratings = [1200, 1500, 2100]
    means = sorted(sum(drawn) / 3 for drawn in itertools.product(ratings, repeat=3))
    interval = mean_interval(ratings)

    # each of the 27 has probability 3.7 %, more than the 2.5 % of a tail: the ends are the extremes
    assert interval == (means[0], means[-1])


def test_the_interval_agrees_with_the_normal_one_over_many_contests() -> None:
    ratings = [1500 + 10 * ((i * 37) % 101 - 50) for i in range(101)]
    mean = sum(ratings) / 101
    error = math.sqrt(sum((r - mean) ** 2 for r in ratings) / 101**2)

    interval = mean_interval(ratings)

    assert interval is not None
    assert interval == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=error / 10)
    assert interval == mean_interval(ratings)
    assert interval != mean_interval(ratings, seed=1)


def test_one_contest_has_no_interval() -> None:
    assert mean_interval([1500]) is None
    assert mean_interval([]) is None
