"""The comparison against a restatement of EvalPlus's own; values travel through our encoding."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.evaluate.evalplus.rules import (
    AS_SETS,
    NOT_DATA,
    NOT_NONE,
    Question,
    atol_after,
    digit_distance,
    is_right,
    surface_area,
)
from deepcoder_cli.sandbox.encoded import Returned, returned
from deepcoder_cli.sandbox.inside import encoding
from tests.evaluate.evalplus import restated

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.evalplus import Dataset

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.integers(),
    st.sampled_from([0.0, 1.0, 1.0000001, 1.000002, float("nan"), float("inf"), 1e300, "a", "1"]),
    st.complex_numbers(max_magnitude=3), st.binary(max_size=2),
)  # fmt: skip
HASHABLE = st.one_of(st.integers(-3, 3), st.booleans(), st.text(max_size=2))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=3), st.sets(HASHABLE, max_size=3),
        st.frozensets(HASHABLE, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip
NUMPY = st.one_of(
    st.floats(-2, 2).map(np.float64), st.floats(-2, 2, width=32).map(np.float32),
    st.integers(-3, 3).map(np.int64), st.booleans().map(np.bool_),
    st.lists(st.floats(-2, 2), max_size=3).map(np.array),
    st.lists(st.integers(-2, 2), max_size=3).map(lambda items: np.array(items, dtype=np.int64)),
)  # fmt: skip
NAMES = [
    ("humaneval", "f"), ("humaneval", "find_zero"), ("mbpp", "f"), ("mbpp", "are_equivalent"),
    ("mbpp", "sum_div"), ("mbpp", "Diff"), ("mbpp", "check_str"), ("mbpp", "find_zero"),
]  # fmt: skip


def travelled(value: Any, *, iterate: bool = False) -> Returned:
    """The value as it comes out of the sandbox."""
    kind, body = encoding.encoded(value, iterate=iterate)
    if kind == encoding.NOT_DATA:
        return Returned(NOT_DATA, body.decode())
    return returned(body, tagged=kind == encoding.TAGGED)


def ours(dataset: Dataset, name: str, out: Any, exp: Any, atol: float) -> tuple[bool, float]:
    iterate = name in AS_SETS
    expected = travelled(exp)
    after = atol_after(atol, expected)
    asked = Question(dataset, name, ([1.0, 1.0],), atol, after)
    return is_right(asked, travelled(out, iterate=iterate), expected), after


@given(
    name=st.sampled_from(NAMES), exp=VALUES, atol=st.sampled_from([0.0, 1e-6, 1e-4]),
    out=st.one_of(VALUES, NUMPY), same=st.booleans(),
)  # fmt: skip
@settings(max_examples=80)
def test_the_verdict_on_a_value_is_evalplus_own(
    name: tuple[Dataset, str], exp: Any, out: Any, atol: float, same: bool
) -> None:
    dataset, function = name
    if function == "check_str":
        exp = bool(exp)  # EvalPlus keeps of these whether something was returned
    out = travelled(exp).value if same else out
    right, _ = restated.right(dataset, function, ([1.0, 1.0],), out, exp, atol)
    assert ours(dataset, function, out, exp, atol)[0] == right


@given(exps=st.lists(VALUES, max_size=5), atol=st.sampled_from([0.0, 1e-4]))
@settings(max_examples=40)
def test_the_tolerance_stays_once_it_was_set(exps: list[Any], atol: float) -> None:
    there = mine = atol
    for exp in exps:
        _, there = restated.right("humaneval", "f", (), exp, exp, there)
        mine = atol_after(mine, travelled(exp))
    assert mine == there


@pytest.mark.parametrize(
    ("out", "exp", "right"),
    [
        ((1, 2), [1, 2], False),
        ([1, 2], [1, 2.0], True),
        (True, 1, True),
        (1.0000001, 1.0, True),
        (1, 1.0, True),
        (np.float64(1.0), 1.0, True),
        (np.float64(1.0000001), 1.0, False),  # type(out) == type(exp) fails there, too
        ([np.float64(1.0000001)], [1.0], True),
        ([1.0, 2.0, 3.0], [1.0, 2.0], False),
        ([], [], True),
        ({1, 2}, {2, 1}, True),
        (float("nan"), float("nan"), False),
        ([[1.0], [1.0]], [1.0, 1.0], True),  # EvalPlus's allclose broadcasts
        ("1", 1, False),
        ({"a": 1.00000001}, {"a": 1.0}, False),
    ],
)
def test_cases_to_read(out: Any, exp: Any, right: bool) -> None:
    assert ours("humaneval", "f", out, exp, 0.0)[0] is right
    assert restated.right("humaneval", "f", (), out, exp, 0.0)[0] is right


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_oracles_of_two_mbpp_tasks(one: int, other: int) -> None:
    assert digit_distance(one, other) == restated.digits(one, other)
    assert surface_area(one, other) == restated.surface(one, other)


def test_sets_are_compared_as_sets_whatever_holds_them() -> None:
    for out in ((x for x in (2, 1)), {1: 0, 2: 0}.keys(), [1, 2, 1], np.array([1, 2])):
        assert ours("mbpp", "Diff", out, [1, 2], 0.0)[0]
    assert not ours("mbpp", "Diff", [1], [1, 2], 0.0)[0]
    assert "check_str" in NOT_NONE


def test_an_object_that_says_it_is_equal_is_not() -> None:
    class All:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    assert restated.right("humaneval", "f", (), All(), 3, 0.0)[0]  # there it is
    assert not ours("humaneval", "f", All(), 3, 0.0)[0]


def test_a_broadcast_that_would_fill_the_memory_is_refused() -> None:
    tall = [[float(i)] for i in range(20_000)]
    assert not ours("humaneval", "f", tall, [float(i) for i in range(20_000)], 0.0)[0]
    assert len(marshal.dumps(tall, 2)) > 1000
