"""The paired test against counting every sign pattern."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.evaluate import paired
from deepcoder_cli.evaluate.paired import mcnemar, paired_difference, sign_flip_test

SCORES = st.integers(1, 4).flatmap(
    lambda n: st.integers(0, n).map(lambda right: Fraction(right, n))
)
ONE, NONE = Fraction(1), Fraction(0)


@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_the_p_value_is_the_share_of_all_sign_patterns_as_far_from_zero(
    pairs: list[tuple[Fraction, Fraction]],
) -> None:
    differences = [b - a for a, b in pairs]
    seen = abs(sum(differences))
    patterns = list(product((-1, 1), repeat=len(differences)))
    hits = sum(
        abs(sum(s * d for s, d in zip(signs, differences, strict=True))) >= seen
        for signs in patterns
    )

    assert sign_flip_test(differences)[0] == pytest.approx(hits / len(patterns))


@given(st.integers(0, 60), st.integers(0, 60))
def test_with_one_sample_a_problem_it_is_mcnemars_exact_test(only_a: int, only_b: int) -> None:
    differences = [-ONE] * only_a + [ONE] * only_b + [NONE] * 5

    assert sign_flip_test(differences)[0] == pytest.approx(mcnemar(only_a, only_b), rel=1e-9)


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(3, 12) == pytest.approx(2 * sum(math.comb(15, i) for i in range(4)) / 2**15)


def test_random_patterns_come_near_to_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    differences = [Fraction(rng.randint(-3, 4), 8) for _ in range(80)]
    exact, how = sign_flip_test(differences)
    monkeypatch.setattr(paired, "EXACT_WORK", 0)
    drawn, other = sign_flip_test(differences)

    assert (how, other) == ("exact sign-flip", "sign-flip, 100,000 draws")
    assert drawn == pytest.approx(exact, abs=0.01)


def test_a_hundred_problems_won_out_of_a_thousand_are_no_luck_and_the_interval_agrees() -> None:
    a = [NONE] * 600 + [ONE] * 400
    b = [ONE] * 150 + [NONE] * 450 + [NONE] * 50 + [ONE] * 350
    difference = paired_difference(a, b)

    assert difference.value == pytest.approx(0.1)
    assert difference.test == "exact McNemar"
    assert difference.p_value == pytest.approx(mcnemar(50, 150))
    assert 0 < difference.low < 0.1 < difference.high < 0.14


def test_the_order_of_runs_turns_the_sign_and_nothing_else() -> None:
    rng = random.Random(1)
    a = [Fraction(rng.randint(0, 8), 8) for _ in range(200)]
    b = [Fraction(rng.randint(0, 8), 8) for _ in range(200)]
    there, back = paired_difference(a, b), paired_difference(b, a)

    assert there.value == -back.value
    assert there.p_value == back.p_value
    assert there.low == pytest.approx(-back.high, abs=0.01)


def test_equal_runs_do_not_differ_and_say_how_far_that_can_be_trusted() -> None:
    same = paired_difference([ONE, NONE] * 50, [ONE, NONE] * 50)

    assert (same.value, same.p_value) == (0.0, 1.0)
    assert -0.05 < same.low < 0 < same.high < 0.05


def test_two_problems_won_prove_nothing() -> None:
    assert paired_difference([NONE] * 2, [ONE] * 2).p_value == 0.5


def test_runs_without_common_problems_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        paired_difference([], [])
