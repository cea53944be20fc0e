"""Values of functions, compared as JSON: strict types, and nothing parsed that is past its caps.

Lists and tuples are alike (JSON has one kind). True is not 1. Where an integer is expected, only an
integer will do; where a float is, any number within the tolerance. NaN and infinities equal
nothing, themselves included. Keys of an object may come in any order, none of them twice.
"""

from __future__ import annotations

import json
import re
from array import array
from itertools import accumulate
from math import isfinite
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.multiset import all_paired
from deepcoder_cli.sandbox.tokens import MAX_NUMBER_CHARS, TOLERANCE, encoded, is_close

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

MAX_JSON_CHARS = 64 << 20
MAX_DEPTH = 500  # below what the parser can take, so that the verdict hangs on no caller's stack
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_STEPS = bytes({91: 1, 123: 1, 93: 255, 125: 255}.get(byte, 0) for byte in range(256))
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class LongNumber(str):
    """The text of a number too long to convert; equal only to the same text of another."""

    __slots__ = ()


def parse_value(text: str) -> object:
    """The value of a JSON text; numbers of more than 400 characters stay text, a kind apart.

    Raises:
        ValueError: it is no JSON, has a key twice, or is larger or deeper than is read.
    """
    if len(text) > MAX_JSON_CHARS:
        raise ValueError(f"JSON text too large: {len(text)} characters (at most {MAX_JSON_CHARS})")
    if _depth(text) > MAX_DEPTH:
        raise ValueError(f"JSON text too deep (at most {MAX_DEPTH} levels)")
    try:
        return json.loads(text, parse_int=_integer, parse_float=_float, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("JSON text too deep for this caller's stack") from None


def values_match(expected: str, actual: str) -> bool:
    """Whether two JSON texts hold the same value under the rules above.

    A text that is no JSON, or too deep or large to read, matches nothing.

    >>> values_match("[1, [2.0]]", "[1,[2.0000001]]"), values_match("1", "true")
    (True, False)
    """
    try:
        return same_value(parse_value(expected), parse_value(actual))
    except ValueError:
        return False


def strict_scalars(expected: object, actual: object) -> bool:
    """Numbers, texts, booleans and null under the rules above."""
    if isinstance(expected, float) and _is_number(actual):
        relative = 0.0 if expected.is_integer() else TOLERANCE
        return _near(expected, actual, absolute=TOLERANCE, relative=relative)
    return type(expected) is type(actual) and expected == actual


def exact_scalars(expected: object, actual: object) -> bool:
    """As `strict_scalars`, without a tolerance."""
    if isinstance(expected, float) and _is_number(actual):
        return isfinite(expected) and expected == actual
    return type(expected) is type(actual) and expected == actual


def close_scalars(expected: object, actual: object, tolerance: float) -> bool:
    """Any two numbers within the tolerance, absolute or relative; all else as `strict_scalars`."""
    if _is_number(expected) and _is_number(actual):
        if type(expected) is type(actual) is int and expected == actual:
            return True  # also beyond what a float holds
        return _near(expected, actual, absolute=tolerance, relative=tolerance)
    return type(expected) is type(actual) and expected == actual


def equal_scalars(expected: object, actual: object) -> bool:
    """Python's `==`, as LiveCodeBench compares; but True is not 1 here either."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, LongNumber) or isinstance(actual, LongNumber):
        return type(expected) is type(actual) and expected == actual
    return expected == actual


def same_value(
    expected: object,
    actual: object,
    scalars: Callable[[object, object], bool] = strict_scalars,
) -> bool:
    """Whether two parsed values are the same, their scalars under the rule `scalars`."""
    return _compared(expected, actual, scalars)[0]


def _compared(
    expected: object,
    actual: object,
    scalars: Callable[[object, object], bool] = strict_scalars,
) -> tuple[bool, int]:
    """`same_value`, and how many steps it took to see."""
    pending, steps = [(expected, actual)], 0
    while pending:
        want, got = pending.pop()
        steps += 1
        if isinstance(want, list):
            if not isinstance(got, list) or len(want) != len(got):
                return False, steps
            pending.extend(zip(want, got, strict=True))
            steps += len(want) >> 3
        elif isinstance(want, dict):
            if not isinstance(got, dict) or want.keys() != got.keys():
                return False, steps + (len(want) >> 3)
            pending.extend((want[key], got[key]) for key in want)
            steps += len(want) >> 3
        elif isinstance(got, list | dict) or not scalars(want, got):
            return False, steps
    return True, steps


def unordered_value(expected: object, actual: object) -> bool:
    """As `same_value`, but the elements of a list come in any order (those of inner lists not)."""
    if not isinstance(expected, list) or not isinstance(actual, list):
        return same_value(expected, actual)
    return all_paired(sorted(expected, key=json.dumps), sorted(actual, key=json.dumps), _compared)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _near(expected: float, actual: float, *, absolute: float, relative: float) -> bool:
    try:
        want, got = float(expected), float(actual)
    except OverflowError:  # an integer beyond every float
        return False
    return is_close(want, got, max(absolute, relative * abs(want)))


def _integer(digits: str) -> int | LongNumber:
    return int(digits) if len(digits) <= MAX_NUMBER_CHARS else LongNumber(digits)


def _float(text: str) -> float | LongNumber:
    return float(text) if len(text) <= MAX_NUMBER_CHARS else LongNumber(text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("JSON text with a key twice in one object")
    return found


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text are nested, without recursion."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    brackets = _STRING.sub(b"", encoded(text)).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(array("b", brackets)), default=0)
