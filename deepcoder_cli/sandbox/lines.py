"""Outputs compared line by line: the checkers `exact` and `unordered`."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.multiset import all_paired
from deepcoder_cli.sandbox.tokens import WHITE, decimal_matches, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[bytes, ...]
DECIMAL_STEPS = 3  # what it takes to compare two short decimals


def exact_match(expected: str, actual: str) -> bool:
    r"""Whether the texts are the same but for white space at line ends and at the end.

    >>> exact_match("a  b\n", "a  b \n\n"), exact_match("a  b", "a b")
    (True, False)
    """
    want = stripped_lines(expected)
    return want == stripped_lines(actual, splits=len(want))


def stripped_lines(text: str, splits: int = -1) -> list[str]:
    """The lines without white space at their ends; after `splits` of them the rest is one."""
    return [line.rstrip(WHITE) for line in text.rstrip(WHITE).split("\n", splits)]


def unordered_match(expected: str, actual: str) -> bool:
    r"""Whether the lines are the same in some order, each as often; blank lines count for nothing.

    Tokens within a line are compared as in `tokens`, in their order. Lines that are the same text
    are paired first; the rest are paired one to one wherever a pairing within the tolerance is
    found. So nothing wrong is ever accepted. A right output is refused only where two expected
    lines are within twice the tolerance of one another and one of them is met exactly, or where
    `multiset.MAX_STEPS` (DECIMAL_STEPS for each decimal compared) are not enough.

    >>> unordered_match("a 1\nb 0.5\n", "b 0.5000001\n\na  1"), unordered_match("a\nb", "a\na")
    (True, False)
    """
    if exact_match(expected, actual):
        return True
    want = Counter(_rows(encoded(expected)))
    longest, total = max(map(len, want), default=0), want.total()
    got: Counter[Row] = Counter()
    for number, row in enumerate(_rows(encoded(actual), splits=longest), 1):
        if number > total or len(row) > longest:
            return False  # a flood of lines or tokens is never built
        got[row] += 1
    if got.total() != total:
        return False
    missing, extra = want - got, got - want
    return all_paired(sorted(missing.elements()), sorted(extra.elements()), _compared_rows)


def _rows(data: bytes, splits: int = -1) -> Iterator[Row]:
    """The tokens of each line that has any."""
    return (tuple(tokens) for line in io.BytesIO(data) if (tokens := line.split(None, splits)))


def _compared_rows(want: Row, got: Row) -> tuple[bool, int]:
    """Whether `got` is right, and the steps that took: tokens as text cost next to nothing."""
    if len(want) != len(got):
        return False, 0
    looked, steps = 0, 0
    for looked, (a, b) in enumerate(zip(want, got, strict=True)):
        if a != b:
            steps += DECIMAL_STEPS + ((len(a) + len(b)) >> 5)
            if not decimal_matches(a, b):
                return False, steps + (looked >> 3)
    return True, steps + (looked >> 3)
