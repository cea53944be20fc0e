"""Examples of functions: `nums = [2,7], target = 9` -> one JSON value a line."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import TYPE_CHECKING

from deepcoder_cli.types import TestCase

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSIGNMENT = re.compile(r"\s*(?P<name>[A-Za-z_]\w{0,60})\s*=(?!=)\s*(?P<value>.*)$", re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"
_MAX_CHARS = 200_000


def call_example(example: TestCase, parameters: Sequence[str]) -> TestCase:
    r"""The example with its input as JSON arguments, one a line, and its output as JSON.

    Args:
        example: as written in the statement.
        parameters: of the function; () when unknown, then the order written is kept.

    Raises:
        ValueError: an argument or the result cannot be read as a value, or their number is wrong.

    >>> call_example(TestCase("k = 2, s = 'ab'", "True"), ("s", "k"))
    TestCase(input='"ab"\n2', output='true')
    """
    arguments = _arguments(example.input, parameters)
    if parameters and len(arguments) != len(parameters):
        msg = f"{len(arguments)} arguments ({len(parameters)} expected)"
        raise ValueError(msg)
    return TestCase("\n".join(arguments), json_value(example.output))


def json_value(text: str) -> str:
    """`text`, a JSON value or a Python literal, as JSON; JSON stays as it is written.

    Raises:
        ValueError: neither.
    """
    text = text.strip()
    if len(text) > _MAX_CHARS:
        msg = f"a value of {len(text)} characters"
        raise ValueError(msg)
    if "\n" not in text and _is_json(text):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return _from_literal(text)


def _arguments(text: str, parameters: Sequence[str]) -> list[str]:
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) == max(1, len(parameters)) and all(_is_json(line) for line in lines):
        return [line.strip() for line in lines]
    pieces = [piece for line in _whole_lines(lines) for piece in _split(line)]
    named = [_ASSIGNMENT.match(piece) for piece in pieces]
    values = [
        json_value(match["value"] if match else piece)
        for match, piece in zip(named, pieces, strict=True)
    ]
    names = [match["name"] if match else "" for match in named]
    if parameters and sorted(names) == sorted(parameters):
        by_name = dict(zip(names, values, strict=True))
        return [by_name[name] for name in parameters]
    return values


def _whole_lines(lines: list[str]) -> list[str]:
    """Lines joined until their brackets close: a matrix may be written over several."""
    out: list[list[str]] = []
    depth = 0
    for line in lines:
        if depth > 0 and out:
            out[-1].append(line)
        else:
            out.append([line])
        depth += sum(map(line.count, _OPENING)) - sum(map(line.count, _CLOSING))
    return [" ".join(parts) for parts in out]


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets and strings."""
    cuts = [-1]
    depth, quote, escaped = 0, "", False
    for at, char in enumerate(text):
        if quote:
            if not escaped and char == quote:
                quote = ""
            escaped = char == "\\" and not escaped
        elif char in "'\"":
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char == "," and depth <= 0:
            cuts.append(at)
    pieces = (text[a + 1 : b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True))
    return [piece for piece in pieces if piece.strip()]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _from_literal(text: str) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(words.get(text, text))
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        msg = f"not a value: {text[:60]}"
        raise ValueError(msg) from error
