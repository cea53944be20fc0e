"""JSON and Python literals that somebody else wrote, read within bounds and never executed."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import NoReturn

from deepcoder_cli.problems.datasets.refusal import RowRefused

MAX_JSON_CHARS = 256 << 20
MAX_LITERAL_CHARS = 64 << 20  # of a Python literal, its strings included
MAX_LITERAL_SYNTAX = 512 << 10  # what is left without strings: parsed, up to 900 times as much
_STRINGS = re.compile(r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"", re.DOTALL)


def read_json(text: str, what: str, kind: str = "unreadable-tests") -> object:
    """The value of a JSON text.

    Args:
        text: the JSON.
        what: its name in the refusal.
        kind: of the refusal.

    Raises:
        RowRefused: it is no JSON, holds NaN or Infinity, or is too large or too deep.
    """
    if len(text) > MAX_JSON_CHARS:
        raise too_large(what, len(text), MAX_JSON_CHARS)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise RowRefused(kind, f"{what}: JSON nested too deeply") from None
    except ValueError as error:
        raise RowRefused(kind, f"{what} is no JSON: {error}") from None


def read_json_or_literal(text: str, what: str, kind: str = "unreadable-tests") -> object:
    """The value of a JSON text, or of a Python literal as `repr` writes it.

    Raises:
        RowRefused: it is neither, or over a bound.

    >>> read_json_or_literal("{'a': (1, None)}", "tests")
    {'a': (1, None)}
    """
    try:
        return read_json(text, what, kind)
    except RowRefused as as_json:
        if as_json.kind == "too-large":
            raise
        try:
            return _read_literal(text, what)
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
            if isinstance(error, RowRefused):
                raise
            message = f"{what} is neither JSON ({as_json.reason}) nor a Python literal"
            raise RowRefused(kind, message) from None


def to_json(value: object, what: str) -> str:
    """`value` as one line of JSON; tuples become lists.

    Raises:
        RowRefused: it holds what JSON has not: sets, bytes, NaN, complex numbers, cycles.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RowRefused("unreadable-test", f"{what} is not JSON: {error}") from None


def too_large(what: str, size: int, limit: int) -> RowRefused:
    """The refusal of something over its bound."""
    return RowRefused("too-large", f"{what}: {size} characters or bytes (at most {limit})")


def _read_literal(text: str, what: str) -> object:
    if len(text) > MAX_LITERAL_CHARS:
        raise too_large(f"{what}, a Python literal", len(text), MAX_LITERAL_CHARS)
    syntax = len(_STRINGS.sub("", text))
    if syntax > MAX_LITERAL_SYNTAX:
        raise too_large(f"{what}, a Python literal without its strings", syntax, MAX_LITERAL_SYNTAX)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarning: an escape Python does not know
        return ast.literal_eval(text.strip())


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
