"""`lcb-compat` against a plain second writing of LiveCodeBench's rule, as its grader states it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.sandbox.checkers import lcb_match

NUMBERS = [
    "1", "1.0", "01", "+1", "1e0", "10e-1", "1_0", "10", "-0", "0", "0.0", ".5", "0.50", "5.", "１",
    "NaN", "nan", "sNaN", "-sNaN", "Infinity", "inf", "-Inf", "1e9999999", "1e99999999999999999999",
    "0x1", "1,0", "yes", "Yes", "1j", "\0", "\udcff", "e", "-", "", "٣", "3", "1" * 50,
    "1" * 49 + "2",
]  # fmt: skip
SPACES = [
    " ",
    "  ",
    "\n",
    "\n\n",
    " \n ",
    "\t",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\x85",
    "\u2028",
    "\x1c",
]
pieces = st.sampled_from(NUMBERS) | st.sampled_from(SPACES)
texts = st.lists(pieces, max_size=8).map("".join)


def as_the_grader_does(expected: str, prediction: str) -> bool:
    """Lines stripped and counted; each the same, or every word of both a number, all equal."""
    ours = [line.strip() for line in prediction.strip().split("\n")]
    theirs = [line.strip() for line in expected.strip().split("\n")]
    if len(ours) != len(theirs):
        return False
    for got, want in zip(ours, theirs, strict=True):
        if got == want:
            continue
        try:
            numbers = [Decimal(word) for word in got.split()]
            wanted = [Decimal(word) for word in want.split()]
            if numbers != wanted:  # raises for a signalling NaN, and the grader then fails the test
                return False
        except Exception:  # noqa: BLE001 - whatever it is, the grader counts it as a failure
            return False
    return True


@given(texts, texts)
def test_any_two_texts_are_compared_as_the_grader_does(expected: str, actual: str) -> None:
    assert lcb_match(expected, actual) is as_the_grader_does(expected, actual)


@given(st.lists(pieces, max_size=8), st.data())
def test_texts_that_differ_little_are_compared_as_the_grader_does(
    parts: list[str], data: st.DataObject
) -> None:
    changed = [data.draw(pieces) if data.draw(st.integers(0, 5)) == 0 else part for part in parts]
    expected, actual = "".join(parts), "".join(changed)

    assert lcb_match(expected, actual) is as_the_grader_does(expected, actual)


@pytest.mark.parametrize("want", NUMBERS)
def test_every_pair_of_words_is_compared_as_the_grader_does(want: str) -> None:
    for got in NUMBERS:
        assert lcb_match(f"2 {want}", f"2.0 {got}") is as_the_grader_does(f"2 {want}", f"2.0 {got}")
        assert lcb_match(want, got) is as_the_grader_does(want, got)
