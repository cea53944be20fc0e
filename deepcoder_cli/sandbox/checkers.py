"""Comparing what a program gave with what was expected: one rule set for solve, eval and reward.

`tokens`, the default for output: ASCII white space only separates, and lines count for nothing;
as many tokens; each the same text, or, where the expected token is written with a point or an
exponent, a number within the tolerance. Integers and words are exact. `exact`: the same text but
for white space at line ends and the end.

Values of functions are compared as JSON: lists and tuples alike, True is not 1, NaN is not NaN,
the tolerance only where the expected number is a float; an expected integer wants an integer.

The tolerance is 1e-6, absolute; or relative too, where the expected number is no whole number
(`1000000000.0` is most likely a count, and one more is wrong).
"""

from __future__ import annotations

import json
import math
import re
import string
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOLERANCE = 1e-6
MAX_NUMBER_CHARS = 400  # longer tokens are compared as text: parsing them is quadratic
MAX_JSON_CHARS = 64 << 20
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
WHITE = string.whitespace  # ASCII; a no-break space is a character like any other
_SPACE = re.compile(f"[{WHITE}]+")
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two outputs first differ; None on a side that ends before.

    Attributes:
        place: a line of the expected output (`line 3, token 2`), or a path into a value (`[0][2]`).
        expected: the piece that was expected.
        actual: the piece that came instead.
    """

    place: str
    expected: str | None
    actual: str | None

    def __str__(self) -> str:
        """One line for people, long pieces cut."""
        expected, actual = (_shortened(piece) for piece in (self.expected, self.actual))
        return f"{self.place}: expected {expected}, got {actual}"


def tokens_match(expected: str, actual: str) -> bool:
    r"""Whether `actual` is right under the `tokens` rules.

    >>> tokens_match("3 4\n0.5\n", "3 4\n0.5000001")
    True
    >>> tokens_match("3", "3.0"), tokens_match("1 2", "1")
    (False, False)
    """
    want = _tokens(expected)
    got = _tokens(actual, splits=len(want) + 1)  # a flood of tokens is never built
    return len(want) == len(got) and all(map(token_matches, want, got))


def token_matches(expected: str, actual: str) -> bool:
    """Whether one token is right.

    >>> token_matches("1e3", "1000"), token_matches("1000", "1e3"), token_matches("0.1", "nan")
    (True, False, False)
    """
    if expected == actual:
        return True
    if len(expected) > MAX_NUMBER_CHARS or len(actual) > MAX_NUMBER_CHARS:
        return False
    if _INTEGER.fullmatch(expected) or not _NUMBER.fullmatch(expected):
        return False
    return bool(_NUMBER.fullmatch(actual)) and _close(float(expected), float(actual))


def exact_match(expected: str, actual: str) -> bool:
    r"""Whether the texts are the same but for white space at line ends and at the end.

    >>> exact_match("a  b\n", "a  b \n\n"), exact_match("a  b", "a b")
    (True, False)
    """
    want = _lines(expected)
    return want == _lines(actual, splits=len(want))


CHECKERS: dict[str, Callable[[str, str], bool]] = {"tokens": tokens_match, "exact": exact_match}


def checker_named(name: str) -> Callable[[str, str], bool]:
    """The comparison of outputs called `name`.

    Raises:
        InputError: there is none of that name.
    """
    try:
        return CHECKERS[name]
    except KeyError:
        known = ", ".join(CHECKERS)
        raise InputError(f"unknown checker: {name} (known: {known}). Choose one.") from None


def values_match(expected: str, actual: str) -> bool:
    """Whether two JSON texts hold the same value under the rules above.

    A text that is no JSON, or too deep or large to read, matches nothing.

    >>> values_match("[1, [2.0]]", "[1,[2.0000001]]"), values_match("1", "true")
    (True, False)
    """
    try:
        return value_difference(parse_value(expected), parse_value(actual)) is None
    except ValueError:
        return False


def parse_value(text: str) -> object:
    """The value of a JSON text; integers too long to convert stay apart from all else.

    Raises:
        ValueError: it is no JSON, or larger or deeper than is read.
    """
    if len(text) > MAX_JSON_CHARS:
        raise ValueError(f"JSON text too large: {len(text)} characters (at most {MAX_JSON_CHARS})")
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("JSON text too deep") from None


def value_difference(expected: object, actual: object) -> Difference | None:
    """Where two parsed JSON values first differ, by path; None when they are the same."""
    pending = [("", expected, actual)]
    while pending:
        path, want, got = pending.pop()
        if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
            pending += [(f"{path}[{i}]", want[i], got[i]) for i in reversed(range(len(want)))]
        elif isinstance(want, dict) and isinstance(got, dict) and want.keys() == got.keys():
            pending += [(f"{path}[{key!r}]", want[key], got[key]) for key in reversed(want)]
        elif isinstance(want, list | dict) or not _same_scalar(want, got):
            return Difference(path or "value", json.dumps(want), json.dumps(got))
    return None


def first_difference(
    expected: str, actual: str, *, checker: str = "tokens", values: bool = False
) -> Difference | None:
    r"""Where `actual` first goes wrong under `checker` (or as JSON `values`); None if it does not.

    >>> str(first_difference("1\n2 3\n", "1\n2 4\n"))
    'line 2, token 2: expected 3, got 4'
    """
    if values:
        return value_difference(parse_value(expected), parse_value(actual))
    if checker_named(checker)(expected, actual):
        return None
    if checker == "exact":
        for number, (want, got) in enumerate(zip_longest(_lines(expected), _lines(actual)), 1):
            if want != got:
                return Difference(f"line {number}", want, got)
    return _first_token_difference(expected, actual)


def _first_token_difference(expected: str, actual: str) -> Difference | None:
    place = "the start"
    for want, got in zip_longest(_placed_tokens(expected), _tokens(actual)):
        if want is None:
            return Difference(f"after {place}", None, got)
        place, token = want
        if got is None or not token_matches(token, got):
            return Difference(place, token, got)
    return None


def _placed_tokens(text: str) -> Iterator[tuple[str, str]]:
    for line_number, line in enumerate(text.split("\n"), 1):
        for token_number, token in enumerate(_tokens(line), 1):
            yield f"line {line_number}, token {token_number}", token


def _same_scalar(expected: object, actual: object) -> bool:
    if isinstance(expected, float) and isinstance(actual, int | float):
        if isinstance(actual, bool):
            return False
        try:
            return expected == actual or _close(expected, float(actual))
        except OverflowError:  # an integer beyond every float
            return False
    return type(expected) is type(actual) and expected == actual


def _close(expected: float, actual: float) -> bool:
    """Within the tolerance. NaN and infinities are close to nothing."""
    if not (math.isfinite(expected) and math.isfinite(actual)):
        return False
    scale = 1.0 if expected.is_integer() else max(1.0, abs(expected))
    return abs(expected - actual) <= TOLERANCE * scale


class _LongInteger(str):
    """The digits of an integer beyond Python's conversion limit."""

    __slots__ = ()


def _integer(digits: str) -> int | _LongInteger:
    return int(digits) if len(digits) <= 4000 else _LongInteger(digits)


def _tokens(text: str, splits: int = 0) -> list[str]:
    """The words between ASCII white space; after `splits` of them, if given, the rest is one."""
    text = text.strip(WHITE)
    return _SPACE.split(text, splits) if text else []


def _lines(text: str, splits: int = -1) -> list[str]:
    return [line.rstrip(WHITE) for line in text.rstrip(WHITE).split("\n", splits)]


def _shortened(piece: str | None, limit: int = 60) -> str:
    if piece is None:
        return "nothing"
    return piece if len(piece) <= limit else f"{piece[:limit]}… ({len(piece)} characters)"
