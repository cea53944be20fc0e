"""Outputs compared word by word: the checkers `tokens` and `float`.

Texts are compared as bytes (lone surrogates included, one text one sequence of bytes), because
`bytes.split` knows exactly the ASCII white space and is fast.
"""

from __future__ import annotations

import math
import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TOLERANCE = 1e-6
MAX_NUMBER_CHARS = 400  # longer tokens are compared as text
WHITE = string.whitespace  # ASCII; a no-break space is a character like any other
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_INTEGER = re.compile(rb"[+-]?\d+")


def tokens_match(expected: str, actual: str) -> bool:
    r"""Whether `actual` has the same tokens; decimals that are expected, within the tolerance.

    >>> tokens_match("3 4\n0.5\n", "3 4\n0.5000001")
    True
    >>> tokens_match("3", "3.0"), tokens_match("1 2", "1")
    (False, False)
    """
    return _all_match(expected, actual, decimal_matches)


def token_matches(expected: str, actual: str) -> bool:
    """Whether one token is right under the rules of `tokens`.

    >>> token_matches("1e3", "1000"), token_matches("1000", "1e3"), token_matches("0.1", "nan")
    (True, False, False)
    """
    return expected == actual or decimal_matches(encoded(expected), encoded(actual))


def float_match(expected: str, actual: str, tolerance: float = TOLERANCE) -> bool:
    """Whether `actual` has the same tokens, any numbers within the tolerance, absolute or relative.

    >>> float_match("3 x", "3.0000001 x"), float_match("3", "3.1"), float_match("nan", "0")
    (True, False, False)
    """
    return _all_match(expected, actual, lambda want, got: number_matches(want, got, tolerance))


def decimal_matches(expected: bytes, actual: bytes) -> bool:
    """Whether a decimal (a point or an exponent) is expected, and `actual` is a number close to it.

    Of a whole number the distance is absolute: `1000000000.0` is most likely a count.
    """
    if _INTEGER.fullmatch(expected) or not _are_numbers(expected, actual):
        return False
    want = float(expected)
    scale = 1.0 if want.is_integer() else max(1.0, abs(want))
    return is_close(want, float(actual), TOLERANCE * scale)


def number_matches(expected: bytes, actual: bytes, tolerance: float) -> bool:
    """Whether both are numbers and close, absolute or relative to the expected one."""
    if not _are_numbers(expected, actual):
        return False
    want = float(expected)
    return is_close(want, float(actual), tolerance * max(1.0, abs(want)))


def is_close(expected: float, actual: float, distance: float) -> bool:
    """Within `distance`. NaN and infinities are close to nothing."""
    if not (math.isfinite(expected) and math.isfinite(actual)):
        return False
    return abs(expected - actual) <= distance


def encoded(text: str) -> bytes:
    """The bytes of any text; two texts have the same bytes only when they are the same."""
    return text.encode("utf-8", "surrogatepass")


def _are_numbers(*tokens: bytes) -> bool:
    return all(len(t) <= MAX_NUMBER_CHARS and _NUMBER.fullmatch(t) for t in tokens)


def _all_match(expected: str, actual: str, unlike: Callable[[bytes, bytes], bool]) -> bool:
    """Whether there are as many tokens, each the same or, if `unlike`, right under that rule."""
    want = encoded(expected).split()
    got = encoded(actual).split(None, len(want))  # a flood of tokens is never built
    if len(want) != len(got):
        return False
    return all(a == b or unlike(a, b) for a, b in zip(want, got, strict=True))
