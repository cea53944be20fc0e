"""Values from a program's process: every type comes back, and no bytes do harm."""

from __future__ import annotations

import marshal
import pickle
import sys
import time
from collections import Counter, OrderedDict, defaultdict, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.sandbox.encoded import NotEncoded, plain_value, returned
from deepcoder_cli.sandbox.inside import encoding

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.binary(),
    st.text(st.characters()), st.complex_numbers(allow_nan=False),
    st.integers(-(1 << 400), 1 << 400),
)  # fmt: skip
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(SCALARS, inner),
        st.sets(SCALARS), st.frozensets(SCALARS),
    ),
)  # fmt: skip
Point = namedtuple("Point", "x y")


def types_of(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value), [types_of(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types_of(k), types_of(v)) for k, v in value.items()]
    return type(value)


@given(PLAIN)
@settings(max_examples=40)
def test_plain_values_come_back_with_their_types(value: Any) -> None:
    found = plain_value(marshal.dumps(value, encoding.FORMAT))
    assert found == value
    assert types_of(found) == types_of(value)


@given(PLAIN)
@settings(max_examples=40)
def test_the_tagged_form_says_the_same(value: Any) -> None:
    body = marshal.dumps(encoding._tree(value, 0), encoding.FORMAT)
    found = returned(body, tagged=True).value
    assert found == value
    assert types_of(found) == types_of(value)


@given(st.one_of(st.binary(), PLAIN.map(lambda value: marshal.dumps(value, 2)[:-1])))
@settings(max_examples=60)
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    for tagged in (False, True):
        try:
            returned(body, tagged=tagged)
        except NotEncoded:
            continue


@given(PLAIN)
@settings(max_examples=40)
def test_a_tree_of_the_wrong_form_is_refused_or_plain(value: Any) -> None:
    try:
        returned(marshal.dumps(value, 2), tagged=True)
    except NotEncoded:
        return


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[\xff\xff\xff\x7f",
        b"[\xff\xff\xff\xff",
        b"l\xff\xff\xff\x7f",
        b"l\x01\x00\x00\x00\xff\xff",
        b"c\x00",
        pytest.param(b"[\x01\x00\x00\x00" * 300 + b"N", id="deep"),
        b"NN",
        b"<\x01\x00\x00\x00[\x00\x00\x00\x00",
        marshal.dumps(compile("1", "", "eval"), 2),
        pickle.dumps([1]),
    ],
)
def test_malformed_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(NotEncoded):
        plain_value(body)


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (("n", 1, "object"), "no type of numpy"),
        (("n", [1], "int64"), "no scalar"),
        (("D", "9" * 5000, "Decimal"), "no number"),
        (("q", "1/0", "Fraction"), "no value"),
        (("q", "1e999999999", "Fraction"), "no value"),
        (("zz", 1, ""), "no tag"),
        (("d", [1], "dict"), "no value"),
        (("s", [("l", [], "list")], "set"), "no value"),
        ((1, 2), "no value"),
    ],
)
def test_malformed_trees_are_refused(tree: Any, why: str) -> None:
    with pytest.raises(NotEncoded, match=why):
        returned(marshal.dumps(tree, 2), tagged=True)


@pytest.mark.parametrize(
    ("value", "plain", "name"),
    [
        (Counter("aab"), {"a": 2, "b": 1}, "Counter"),
        (OrderedDict(a=1), {"a": 1}, "OrderedDict"),
        (defaultdict(list, {1: [2]}), {1: [2]}, "defaultdict"),
        (Point(1, [2]), (1, [2]), "Point"),
        (Fraction(1, 3), Fraction(1, 3), "Fraction"),
        (Decimal("1.50"), Decimal("1.50"), "Decimal"),
    ],
)
def test_values_of_the_library(value: Any, plain: Any, name: str) -> None:
    kind, body = encoding.encoded(value, iterate=False)
    assert kind == encoding.TAGGED
    found = returned(body, tagged=True)
    assert found.value == plain
    assert found.type_name == name


def test_numbers_and_arrays_of_numpy_come_back_as_such() -> None:
    np = pytest.importorskip("numpy")
    for value in (np.float32(0.1), np.int64(3), np.bool_(1), np.array([[1, 2]], dtype=np.int32)):
        kind, body = encoding.encoded([value], iterate=False)
        assert kind == encoding.TAGGED
        (found,) = returned(body, tagged=True).value
        assert found.dtype == value.dtype
        assert np.array_equal(found, value)
    assert encoding.encoded(np.array([object()]), iterate=False)[0] == encoding.NOT_DATA


def test_a_subclass_is_taken_by_what_its_base_class_holds() -> None:
    class Liar(list):  # type: ignore[type-arg]
        def __iter__(self) -> Any:
            return iter([9])

        def __len__(self) -> int:
            return 1

    class Number(int):
        def __int__(self) -> int:
            return 9

        __index__ = __int__

    kind, body = encoding.encoded(Liar([1, Number(2)]), iterate=False)
    assert kind == encoding.TAGGED
    assert returned(body, tagged=True).value == [1, 2]


@pytest.mark.parametrize("value", [object(), len, sys, type, iter([1]), range(3), [object()]])
def test_other_objects_are_no_data(value: object) -> None:
    assert encoding.encoded(value, iterate=False)[0] == encoding.NOT_DATA


def test_what_contains_itself_is_no_data() -> None:
    value: list[Any] = []
    value.append(value)
    assert encoding.encoded(value, iterate=False)[0] == encoding.NOT_DATA


def test_keys_that_were_made_to_collide_are_refused_at_once() -> None:
    colliding = [number * ((1 << 61) - 1) for number in range(20_000)]
    items = marshal.dumps(colliding, 2)[1:]
    began = time.process_time()
    with pytest.raises(NotEncoded, match="collide"):
        plain_value(b"<" + items)
    assert time.process_time() - began < 5


def test_a_million_numbers_are_read_at_once() -> None:
    numbers = [*range(300_000)]
    assert plain_value(marshal.dumps(numbers, 2)) == numbers
    floats = [number / 7 for number in numbers]
    assert plain_value(marshal.dumps(floats, 2)) == floats
