"""Where an output, or a value, first goes wrong; for people, never for a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.lines import stripped_lines
from deepcoder_cli.sandbox.tokens import WHITE, token_matches
from deepcoder_cli.sandbox.values import parse_value, strict_scalars

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def token_difference(expected: str, actual: str) -> Difference | None:
    """Where `actual` first goes wrong under `tokens`."""
    place = "the start"
    for want, got in zip_longest(_placed_tokens(expected), _words(actual)):
        if want is None:
            return Difference(f"after {place}", None, got)
        place, token = want
        if got is None or not token_matches(token, got):
            return Difference(place, token, got)
    return None


def line_difference(expected: str, actual: str) -> Difference | None:
    """Where `actual` first goes wrong under `exact`."""
    pairs = zip_longest(stripped_lines(expected), stripped_lines(actual))
    for number, (want, got) in enumerate(pairs, 1):
        if want != got:
            return Difference(f"line {number}", want, got)
    return None


def value_difference(expected: object, actual: object) -> Difference | None:
    """Where two parsed JSON values first differ, by path; None when they are the same."""
    pending = [("", expected, actual)]
    while pending:
        path, want, got = pending.pop()
        if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
            pending += [(f"{path}[{i}]", want[i], got[i]) for i in reversed(range(len(want)))]
        elif isinstance(want, dict) and isinstance(got, dict) and want.keys() == got.keys():
            pending += [(f"{path}[{key!r}]", want[key], got[key]) for key in reversed(want)]
        elif isinstance(want, list | dict) or not strict_scalars(want, got):
            return Difference(path or "value", json.dumps(want), json.dumps(got))
    return None


def first_difference(
    expected: str, actual: str, *, checker: str = "tokens", values: bool = False
) -> Difference | None:
    r"""Where `actual` first goes wrong (or, of JSON texts, the value); None if it does not.

    Told by line for the checker `exact`, by the rules of `tokens` and of values for any other.

    >>> str(first_difference("1\n2 3\n", "1\n2 4\n"))
    'line 2, token 2: expected 3, got 4'
    """
    if values:
        return value_difference(parse_value(expected), parse_value(actual))
    if checker == "exact":
        return line_difference(expected, actual)
    return token_difference(expected, actual)


def _placed_tokens(text: str) -> Iterator[tuple[str, str]]:
    for line_number, line in enumerate(text.split("\n"), 1):
        for token_number, token in enumerate(_words(line), 1):
            yield f"line {line_number}, token {token_number}", token


def _words(text: str) -> list[str]:
    """The words between ASCII white space."""
    for space in WHITE:
        text = text.replace(space, " ")
    return [word for word in text.split(" ") if word]


def _shortened(piece: str | None, limit: int = 60) -> str:
    if piece is None:
        return "nothing"
    return piece if len(piece) <= limit else f"{piece[:limit]}… ({len(piece)} characters)"
