"""What holds of every checker, whatever the outputs; and what a hostile output may not cost."""

from __future__ import annotations

import re
import tracemalloc
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox import lines, multiset, values
from deepcoder_cli.sandbox.checkers import Checker, checker_named
from deepcoder_cli.sandbox.multiset import MAX_STEPS, all_paired
from deepcoder_cli.sandbox.tokens import decimal_matches
from deepcoder_cli.sandbox.values import (
    MAX_DEPTH,
    parse_value,
    strict_scalars,
    unordered_value,
    values_match,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NAMES = ("tokens", "exact", "float", "float:1e-9", "unordered", "lcb-compat")

words = st.text(st.characters(exclude_categories=["Z", "C"]), max_size=6).map("w{}".format)
integers = st.integers(-(10**20), 10**20).map(str)
decimals = st.floats(-1e6, 1e6).map(lambda x: f"{x:.6f}")
tokens = st.one_of(words, integers, decimals)
rows = st.lists(st.lists(tokens, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=5)
outputs = rows.map(lambda lines: "\n".join(lines) + "\n")
every_checker = pytest.mark.parametrize("name", NAMES)


def matching(name: str) -> Callable[[str, str], bool]:
    checker = checker_named(name)
    assert isinstance(checker, Checker)
    return checker.outputs_match


@every_checker
@given(output=outputs)
def test_an_output_is_right_against_itself(name: str, output: str) -> None:
    assert matching(name)(output, output)
    assert matching(name)(output, output.rstrip("\n") + " \n\n")


@every_checker
@given(output=outputs, token=tokens)
def test_a_token_more_or_less_is_never_right(name: str, output: str, token: str) -> None:
    matches = matching(name)

    for longer in (f"{output} {token}", f"{output}{token}\n", f"{token} {output}"):
        assert not matches(output, longer)
        assert not matches(longer, output)


@every_checker
@given(lines=st.lists(st.one_of(words, integers), min_size=1, max_size=8), data=st.data())
def test_no_proper_prefix_is_right(name: str, lines: list[str], data: st.DataObject) -> None:
    output = "\n".join(lines)
    cut = data.draw(st.integers(0, len(output) - 1))

    assert not matching(name)(output, output[:cut])


@every_checker
@given(lines=rows, word=words, other=words, data=st.data())
def test_no_word_is_passed_over(
    name: str, lines: list[str], word: str, other: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    mine, theirs = lines.copy(), lines.copy()
    mine[at], theirs[at] = f"{word} 1", f"{other} 1"

    assert matching(name)("\n".join(mine), "\n".join(theirs)) is (word == other)


@pytest.mark.parametrize("name", ["exact", "lcb-compat"])
@given(a=outputs, b=outputs)
def test_without_a_tolerance_comparing_is_symmetric(name: str, a: str, b: str) -> None:
    assert matching(name)(a, b) is matching(name)(b, a)


@pytest.mark.parametrize("name", ["tokens", "unordered", "float"])
@given(a=st.lists(words | integers, max_size=4), b=st.lists(words | integers, max_size=4))
def test_words_and_integers_are_symmetric(name: str, a: list[str], b: list[str]) -> None:
    assert matching(name)(" ".join(a), " ".join(b)) is matching(name)(" ".join(b), " ".join(a))


@every_checker
@pytest.mark.parametrize("number", ["0", "0.0", "1.5", "1e3", "nan", "inf", "-inf", "x"])
@pytest.mark.parametrize("other", ["NaN", "-nan", "+inf", "Infinity", "1e9999", "0x0", "1j", ""])
def test_what_is_not_finite_is_no_number(name: str, number: str, other: str) -> None:
    infinite = {"inf", "+inf", "Infinity"}
    same_to_python = name == "lcb-compat" and {number, other} <= infinite

    assert matching(name)(number, other) is same_to_python


@every_checker
@pytest.mark.parametrize(
    "output",
    [
        "\udcff",
        "\ud800\udc00",
        "a\0b",
        "\0",
        "1\0",
        "\x1b[2J",
        "é",
        "e\u0301",
        "\ufeff1",
        "\\udcff",
    ],
)
def test_bytes_that_are_no_text_are_compared_like_any_other(name: str, output: str) -> None:
    matches = matching(name)

    assert matches(output, output)
    assert not matches(output, output + "x")
    assert not matches(output, output.replace(output[-1], ""))


@pytest.mark.parametrize("name", ["tokens", "exact", "float", "unordered"])
@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2028", "\x85", "\x1c", "\u200b", "\0"])
def test_only_ascii_white_space_is_white(name: str, space: str) -> None:
    assert not matching(name)("1 2", f"1{space}2")
    assert not matching(name)("1", f"1{space}")
    assert not matching(name)("1", f"{space}1")


@every_checker
def test_integers_of_a_hundred_thousand_digits_are_compared_digit_by_digit(name: str) -> None:
    digits = "1" + "7" * 100_000
    many = "\n".join([digits] * 50)

    assert matching(name)(many, many)
    assert not matching(name)(many, many[:-1] + "8")
    assert not matching(name)(digits, digits + "0")


@pytest.mark.parametrize("name", ["tokens", "exact", "unordered", "float"])
@pytest.mark.parametrize("expected", ["", "1", "1 2\n3"])
@pytest.mark.parametrize("piece", ["1 ", "1\n", "\n", " ", "1 2\n"])
def test_a_flood_is_never_split_into_its_pieces(name: str, expected: str, piece: str) -> None:
    flood = piece * 500_000 + "x"
    tracemalloc.start()
    same = matching(name)(expected, flood)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert not same
    assert peak < 5 * len(flood) + (64 << 10)


@pytest.mark.parametrize(
    ("name", "expected", "actual", "same"),
    [
        ("float", "3", "3.0000001", True),
        ("float", "3", "3.1", False),
        ("float", "1000000000", "1000000100", True),
        ("float:1e-9", "1000000000", "1000000100", False),
        ("float:1e-9", "0.5 yes", "0.5000000001 yes", True),
        ("float:1e-9", "0.5", "0.500001", False),
        ("float", "yes 1", "Yes 1", False),
        ("float", "9" * 400, "9" * 399 + "8", False),
        ("float", "0.5", "0.5f", False),
        ("float", "10", "1_0", False),
        ("float", "1", "１", False),
        ("unordered", "a 1\nb 2", "b 2\na 1\n", True),
        ("unordered", "a\na\nb", "a\nb\nb", False),
        ("unordered", "a b", "b a", False),
        ("unordered", "a b", "a\nb", False),
        ("unordered", "1\n\n2", "2\n1", True),
        ("unordered", "0.5\n0.7", "0.7000001\n0.5000001", True),
        ("unordered", "0.5\n0.5", "0.5000001\n0.7", False),
        ("unordered", "1\n2", "2.0\n1.0", False),
        ("unordered", "0.1 5\n0.1000005 2", "0.1000005 5\n0.1 2", True),
        ("lcb-compat", "1\n2", "1 2", False),
        ("lcb-compat", "3", "3.0", True),
        ("lcb-compat", "0.5", "0.5000001", False),
        ("lcb-compat", "1 2", "\u00a01\u30002\u2003", True),
        ("lcb-compat", "1000", "1_000", True),
    ],
)
def test_what_each_checker_allows(name: str, expected: str, actual: str, same: bool) -> None:
    assert matching(name)(expected, actual) is same


@pytest.mark.parametrize("bad", ["float:", "float:x", "float:nan", "float:0", "float:1"])
def test_a_tolerance_that_is_none_is_bad_input(bad: str) -> None:
    with pytest.raises(InputError, match="bad tolerance"):
        checker_named(bad)


@pytest.mark.parametrize("bad", ["", "TOKENS", "float ", "floats:1e-3", "program", "tokens:1"])
def test_an_unknown_name_says_what_is_known(bad: str) -> None:
    with pytest.raises(InputError, match=r"known: tokens, .*lcb-compat, float:1e-9, program:PATH"):
        checker_named(bad)


@given(st.lists(st.lists(decimals | words, min_size=1, max_size=3), max_size=8), st.randoms())
def test_lines_in_any_order_with_noise_are_right(
    lines: list[list[str]], chance: random.Random
) -> None:
    expected = [" ".join(line) for line in lines]
    noisy = [" ".join(with_noise(token, chance) for token in line) for line in lines]
    chance.shuffle(noisy)
    clear = all(
        abs(float(a) - float(b)) > 1e-5
        for a, b in pairs_of([t for line in lines for t in line if is_decimal(t)])
        if a != b
    )

    assert matching("unordered")("\n".join(expected), "\n".join(noisy)) or not clear


def is_decimal(token: str) -> bool:
    return re.fullmatch(r"-?\d+\.\d+", token, re.ASCII) is not None


def with_noise(token: str, chance: random.Random) -> str:
    return f"{float(token) + chance.uniform(-9e-7, 9e-7):.9f}" if is_decimal(token) else token


def pairs_of(items: list[str]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(items) for b in items[i + 1 :]]


@given(st.lists(st.integers(0, 9), max_size=6), st.lists(st.integers(0, 9), max_size=6))
def test_pairing_finds_a_pairing_exactly_when_there_is_one(a: list[int], b: list[int]) -> None:
    possible = len(a) == len(b) and any(
        all(abs(x - y) <= 1 for x, y in zip(a, order, strict=True)) for order in permutations(b)
    )

    assert all_paired(a, b, lambda x, y: (abs(x - y) <= 1, 1)) is possible


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ([f"0.{i:06d}" for i in range(20_000)], [f"50.{i:06d}" for i in range(20_000)]),
        (["0.5"] * 20_000, ["0.5000001"] * 10_000 + ["0.7"] * 10_000),
    ],
    ids=["nothing alike", "half alike"],
)
def test_a_pairing_that_would_take_too_long_is_given_up(
    expected: list[str], actual: list[str]
) -> None:
    assert not matching("unordered")("\n".join(expected), "\n".join(actual))


def long_rows(rows: int, *, turned: bool = False) -> str:
    """Rows of 500 decimals of which only the last tells them apart, in the order of the first.

    Written otherwise and `turned`, none stands where it is looked for first.
    """
    order = [(rows - n if turned else n, n) for n in range(rows)]
    number = "0.50" if turned else "0.5"
    return "\n".join(
        f"0.5{at:09d} {' '.join([number] * 498)} {n}.5{'0' * turned}" for at, n in order
    )


def test_rows_of_many_decimals_are_given_up_by_the_decimals_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the rows compared it would take minutes, in the caller's event loop."""
    compared = 0

    def counting(want: bytes, got: bytes) -> bool:
        nonlocal compared
        compared += 1
        return decimal_matches(want, got)

    monkeypatch.setattr(lines, "decimal_matches", counting)

    assert not matching("unordered")(long_rows(80), long_rows(80, turned=True))
    assert compared < MAX_STEPS / 2 + 80 * 500


def test_lists_of_many_numbers_are_given_up_by_the_numbers_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0

    def counting(*values: object) -> bool:
        nonlocal compared
        compared += 1
        return strict_scalars(*values)

    monkeypatch.setattr(values._compared, "__defaults__", (counting,))
    want = [[0.5] * 500] * 200
    got = [[0.5000001] * 500] * 100 + [[0.7] + [0.5000001] * 499] * 100

    assert not unordered_value(want, got)
    assert compared < MAX_STEPS + 200 * 500


def test_no_output_is_too_long_where_the_order_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiset, "MAX_STEPS", 1000)
    expected = long_rows(10)
    turned = "\n".join(reversed(expected.split("\n")))
    written_otherwise = expected.replace(" ", "0 ") + "0"

    assert matching("unordered")(expected, written_otherwise)
    assert matching("unordered")(expected, turned)
    assert not matching("unordered")(expected, long_rows(10, turned=True))
    assert unordered_value(
        [[n, *[0.5] * 500] for n in range(9)], [[n, *[0.5000001] * 500] for n in range(9)]
    )


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000, 4_000_000])
def test_json_too_deep_is_refused_at_every_depth_of_the_caller(depth: int) -> None:
    text = "[" * depth + "]" * depth

    with pytest.raises(ValueError, match="deep"):
        parse_value(text)
    assert not values_match(text, text)


def test_json_as_deep_as_is_allowed_is_read() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    objects = '{"[":' * MAX_DEPTH + '"[[[\\"[["' + "}" * MAX_DEPTH

    assert values_match(text, text)
    assert values_match(objects, objects)
    assert not values_match(text, "[" + text + "]")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ('{"a":1,"a":1}', '{"a":1,"a":1}', False),
        ('{"a":1}', '{"a":2,"a":1}', False),
        ("1e999", "1e999", False),
        ("-Infinity", "-Infinity", False),
        ("1.5", "Infinity", False),
        ("0", "-0", True),
        ("1" * 100_001, "1" * 100_001, True),
        ("1" * 100_001, "1" * 100_000 + "2", False),
        ("1." + "1" * 100_000, "1." + "1" * 100_000, True),
        ('"\\ud800"', '"\\ud800"', True),
        ('"\\u0000"', '"\\u0000"', True),
        ('"\\u0000"', '""', False),
        ('"1"', "1", False),
        ("[]", "[[]]", False),
        ("null", "false", False),
        ("null", "0", False),
        ("1", "1 2", False),
        ("1", "[1]", False),
    ],
)
def test_values_at_the_edge(expected: str, actual: str, same: bool) -> None:
    assert values_match(expected, actual) is same


VALUES = [
    # checker, expected, actual, same
    ("tokens", "0.1", "0.10000001", True),
    ("tokens", "[1,2]", "[2,1]", False),
    ("exact", "0.1", "0.10000001", False),
    ("exact", "1.0", "1", True),
    ("exact", "1", "1.0", False),
    ("exact", "9007199254740993", "9007199254740992.0", False),
    ("float:1e-3", "[1,2]", "[1.0001,2]", True),
    ("float:1e-3", "1", "true", False),
    ("float:1e-3", "1", '"1"', False),
    ("float", "1" * 399, "1" * 399, True),
    ("unordered", "[1,2,[3,4]]", "[[3,4],1,2]", True),
    ("unordered", "[[1,2]]", "[[2,1]]", False),
    ("unordered", "[1,1,2]", "[1,2,2]", False),
    ("unordered", "[0.5,0.7]", "[0.7000001,0.5]", True),
    ("unordered", '{"a":1}', '{"a":1}', True),
    ("unordered", "[1]", "[true]", False),
    ("lcb-compat", "1", "1.0", True),
    ("lcb-compat", "1.0", "1", True),
    ("lcb-compat", "0.1", "0.10000001", False),
    ("lcb-compat", "1", "true", False),
    ("lcb-compat", "[0]", "[false]", False),
    ("lcb-compat", "Infinity", "Infinity", True),
    ("lcb-compat", "NaN", "NaN", False),
    ("lcb-compat", "1" * 500, '"' + "1" * 500 + '"', False),
]


@pytest.mark.parametrize(("name", "expected", "actual", "same"), VALUES)
def test_values_under_each_checker(name: str, expected: str, actual: str, same: bool) -> None:
    checker = checker_named(name)
    assert isinstance(checker, Checker)

    assert checker.values_match(parse_value(expected), parse_value(actual)) is same
