"""Estimates against exact combinatorics, slow references and the figures of the model card."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.evaluate.estimators import (
    bootstrap_interval,
    estimate_mean,
    mean_pass_at_k,
    pass_at_k,
    resampled_means,
    wilson,
)

COUNTS = st.integers(1, 200).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


@given(COUNTS)
def test_pass_at_k_is_one_minus_the_share_of_draws_without_a_right_one(
    counts: tuple[int, int, int],
) -> None:
    n, c, k = counts

    exact = 1 - Fraction(math.comb(n - c, k), math.comb(n, k))

    assert pass_at_k(n, c, k) == pytest.approx(float(exact), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", range(1, 8))
def test_pass_at_k_is_what_drawing_every_subset_gives(n: int) -> None:
    for c, k in product(range(n + 1), range(1, n + 1)):
        draws = list(combinations([True] * c + [False] * (n - c), k))
        share = sum(any(draw) for draw in draws) / len(draws)

        assert pass_at_k(n, c, k) == pytest.approx(share)


@pytest.mark.parametrize(("n", "c", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 5), (4, 2, 0), (0, 0, 1)])
def test_counts_that_cannot_be_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"pass@{k} of {c} right among {n}"):
        pass_at_k(n, c, k)


def test_problems_with_fewer_samples_than_k_are_left_out_and_not_counted_as_solved() -> None:
    estimate = mean_pass_at_k([(4, 4), (4, 0), (1, 1)], 2)

    assert estimate is not None
    assert (estimate.value, estimate.problems) == (0.5, 2)
    assert mean_pass_at_k([(1, 1)], 2) is None


@pytest.mark.parametrize(
    ("right", "of", "card", "half_width"),
    [(169, 279, 60.6, 5.7), (119, 279, 42.7, 5.8), (151, 163, 92.6, 4.0)],
)
def test_the_cards_scores_and_how_far_they_can_be_trusted(
    right: int, of: int, card: float, half_width: float
) -> None:
    estimate = estimate_mean([1.0] * right + [0.0] * (of - right))

    assert round(100 * estimate.value, 1) == card
    assert 50 * (estimate.high - estimate.low) == pytest.approx(half_width, abs=0.25)


def test_the_standard_error_of_the_cards_score_is_2_9_points() -> None:
    means = resampled_means([1.0] * 169 + [0.0] * 110)

    assert 100 * float(means.std()) == pytest.approx(2.9, abs=0.05)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60), st.randoms())
@settings(max_examples=40, deadline=None)
def test_an_interval_holds_its_mean_and_not_the_order_of_the_problems(
    values: list[float], rng: random.Random
) -> None:
    shuffled = values[:]
    rng.shuffle(shuffled)
    estimate = estimate_mean(values)

    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate == estimate_mean(shuffled)


def test_another_seed_is_another_draw_of_nearly_the_same_interval() -> None:
    values = [1.0] * 100 + [0.0] * 179
    one, other = bootstrap_interval(values, seed=1), bootstrap_interval(values, seed=2)

    assert one == bootstrap_interval(values, seed=1)
    assert resampled_means(values, seed=1).tolist() != resampled_means(values, seed=2).tolist()
    assert one == pytest.approx(other, abs=0.01)


def test_both_ways_of_resampling_are_the_plain_bootstrap() -> None:
    few = [i % 9 / 8 for i in range(200)]  # multinomial
    many = [i / 199 for i in range(200)]  # one by one
    rng = random.Random(7)
    for values in (few, many):
        slow = sorted(math.fsum(rng.choices(values, k=200)) / 200 for _ in range(5000))
        low, high = bootstrap_interval(values)

        assert low == pytest.approx(slow[125], abs=0.006)
        assert high == pytest.approx(slow[4874], abs=0.006)
        assert float(resampled_means(values).std()) == pytest.approx(np.std(slow), rel=0.05)


def test_a_perfect_score_on_few_problems_is_not_certain() -> None:
    estimate = estimate_mean([1.0] * 5)

    assert estimate.method == "wilson"
    assert (estimate.low, estimate.high) == pytest.approx((0.5655, 1.0), abs=1e-4)
    assert estimate_mean([0.5]).low < 0.1


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_ends_solve_its_equation(counts: tuple[int, int]) -> None:
    successes, trials = counts
    for end in wilson(successes, trials):
        gap = abs(successes / trials - end)

        # Wilson: |share - p| = z sqrt(p (1 - p) / n)
        assert gap == pytest.approx(1.959963985 * math.sqrt(end * (1 - end) / trials), abs=1e-7)


def test_wilson_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 of 0"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="no problems"):
        estimate_mean([])
