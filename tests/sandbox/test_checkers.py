from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.checkers import (
    checker_named,
    exact_match,
    first_difference,
    token_matches,
    tokens_match,
    values_match,
)

words = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def allowed(expected: str) -> float:
    """How far a number may be from the decimal `expected`."""
    value = float(expected)
    return 1e-6 * (1.0 if value.is_integer() else max(1.0, abs(value)))


@given(st.lists(words), st.sampled_from([" ", "\n", " \n ", "\t"]))
def test_white_space_only_separates_tokens(tokens: list[str], separator: str) -> None:
    assert tokens_match(" ".join(tokens), separator.join(tokens) + "\n")


@given(st.lists(words, min_size=1), words)
def test_a_missing_or_extra_token_is_wrong(tokens: list[str], extra: str) -> None:
    text = " ".join(tokens)

    assert not tokens_match(text, f"{text} {extra}")
    assert not tokens_match(f"{text} {extra}", text)


@given(st.integers(), st.integers())
def test_integers_are_exact(expected: int, actual: int) -> None:
    assert tokens_match(str(expected), str(actual)) is (expected == actual)


@given(st.floats(-1e9, 1e9), st.floats(-0.9, 0.9))
def test_decimals_within_the_tolerance_are_right(expected: float, share: float) -> None:
    text = f"{expected:.12f}"
    actual = float(text) + share * allowed(text)

    assert token_matches(text, f"{actual:.17g}")


@given(st.floats(-1e9, 1e9), st.floats(1.1, 1e6), st.sampled_from([-1, 1]))
def test_decimals_outside_the_tolerance_are_wrong(
    expected: float, excess: float, sign: int
) -> None:
    text = f"{expected:.12f}"
    actual = float(text) + sign * excess * allowed(text)

    assert not token_matches(text, f"{actual:.17g}")


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1", "1.0"),
        ("7", "07"),
        ("yes", "Yes"),
        ("0.5", "nan"),
        ("0.5", "inf"),
        ("1e999", "1e998"),
        ("0.5", "0.5f"),
        ("1_0.0", "10.0"),
        ("0.5", "０.5"),
        ("1." + "0" * 500, "1.0"),
        ("True", "1"),
        ("1000000000.0", "1000000001.0"),
        ("1e9", "1000000001"),
        ("3.0", "3.00001"),
    ],
)
def test_tokens_that_must_not_match(expected: str, actual: str) -> None:
    assert not token_matches(expected, actual)


@pytest.mark.parametrize("actual", ["3", "3.0", "3.00", "3e0", "3.0000000001", "2.9999999999"])
def test_a_whole_number_written_as_a_decimal_is_compared_as_a_number(actual: str) -> None:
    assert token_matches("3.0", actual)


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2028", "\x85", "\x1c", "\u200b"])
def test_only_ascii_white_space_separates(space: str) -> None:
    assert not tokens_match("1 2", f"1{space}2")
    assert not tokens_match("1", f"1{space}")
    assert not exact_match("1", f"1{space}")
    assert tokens_match(f"1{space}2", f"1{space}2\n")


def test_lines_count_for_nothing_among_tokens_and_for_all_in_exact() -> None:
    assert tokens_match("1 2\n3\n", "1\n2 3")
    assert not exact_match("1 2\n3\n", "1\n2 3")


@pytest.mark.parametrize("expected", ["", "1", "1 2"])
def test_a_flood_is_never_split_into_its_tokens(expected: str) -> None:
    flood = "1 2 " * 500_000
    tracemalloc.start()
    same = tokens_match(expected, flood) or exact_match(expected, flood.replace(" ", "\n"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert not same
    assert peak < 5 * len(flood)


def test_a_decimal_of_a_million_digits_is_compared_as_text() -> None:
    long = "1." + "9" * 1_000_000

    assert tokens_match(long, long)
    assert not tokens_match(long, long[:-1] + "8")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a b\n", "a b", True),
        ("a b", "a b  \n\n", True),
        ("a  b", "a b", False),
        ("a\n\nb", "a\nb", False),
        (" a", "a", False),
        ("0.5", "0.50", False),
    ],
)
def test_exact_ignores_white_space_at_ends_only(expected: str, actual: str, same: bool) -> None:
    assert exact_match(expected, actual) is same


@given(json_values)
def test_every_value_equals_its_own_round_trip(value: object) -> None:
    text = json.dumps(value)

    assert values_match(text, text)


@given(json_values, json_values)
def test_a_difference_is_found_exactly_when_values_do_not_match(a: object, b: object) -> None:
    expected, actual = json.dumps(a), json.dumps(b)

    assert values_match(expected, actual) is (
        first_difference(expected, actual, values=True) is None
    )


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("1", "true", False),
        ("true", "1", False),
        ("0", "false", False),
        ("1", "1.0", False),
        ("1.0", "1", True),
        ("1.0", "true", False),
        ("NaN", "NaN", False),
        ("[NaN]", "[NaN]", False),
        ("Infinity", "Infinity", False),
        ("Infinity", "-Infinity", False),
        ("0.1", "0.10000001", True),
        ("1000000.5", "1000001.0", True),
        ("1000000.5", "1000003.0", False),
        ("1000000000.0", "1000000001.0", False),
        ("2.0", "2.0000000001", True),
        ("[1,[2]]", "[1, [2]]", True),
        ("[1,2]", "[2,1]", False),
        ("[]", "{}", False),
        ("[]", "null", False),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', True),
        ('{"a":1}', '{"a":1,"b":2}', False),
        ('"1"', "1", False),
        ("1.5", "1" + "0" * 400, False),
        ("1" * 5000, "1" * 5000, True),
        ("1" * 5000, '"' + "1" * 5000 + '"', False),
        ("1", "", False),
        ("1", "{", False),
    ],
)
def test_values(expected: str, actual: str, same: bool) -> None:
    assert values_match(expected, actual) is same


def test_json_a_million_levels_deep_matches_nothing_and_crashes_nothing() -> None:
    assert not values_match("[]", "[" * 1_000_000 + "]" * 1_000_000)


@given(st.lists(words, max_size=6), st.lists(words, max_size=6))
def test_a_difference_is_found_exactly_when_tokens_do_not_match(
    want: list[str], got: list[str]
) -> None:
    expected, actual = "\n".join(want), " ".join(got)

    assert tokens_match(expected, actual) is (first_difference(expected, actual) is None)


@pytest.mark.parametrize(
    ("expected", "actual", "said"),
    [
        ("1 2\n3 4\n", "1 2 3 5", "line 2, token 2: expected 4, got 5"),
        ("1\n2", "1", "line 2, token 1: expected 2, got nothing"),
        ("1", "1 2", "after line 1, token 1: expected nothing, got 2"),
        ("", "x", "after the start: expected nothing, got x"),
        ("a", "b" * 100, f"line 1, token 1: expected a, got {'b' * 60}… (100 characters)"),
    ],
)
def test_a_difference_reads_well(expected: str, actual: str, said: str) -> None:
    assert str(first_difference(expected, actual)) == said


def test_a_difference_of_values_names_the_path() -> None:
    found = first_difference('{"a": [1, [2, 3]]}', '{"a": [1, [2, 4]]}', values=True)

    assert str(found) == "['a'][1][1]: expected 3, got 4"


def test_an_exact_difference_names_the_line() -> None:
    assert str(first_difference("a\nb", "a\nb c", checker="exact")) == (
        "line 2: expected b, got b c"
    )


def test_an_unknown_checker_is_bad_input() -> None:
    with pytest.raises(InputError, match="known: tokens, exact, float, unordered, lcb-compat"):
        checker_named("fuzzy")
