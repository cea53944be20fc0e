"""Comparing what a program gave with what was expected: the checkers, by name.

One rule set for solve, eval and reward; docs/checkers.md tells them in full. All of them run in
the caller's process, on data alone; a user's own program (`program:check.py`) runs in the sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.checker_program import PREFIX, CheckerProgram, load_checker_program
from deepcoder_cli.sandbox.difference import Difference, first_difference, value_difference
from deepcoder_cli.sandbox.lcb import lcb_match
from deepcoder_cli.sandbox.lines import exact_match, unordered_match
from deepcoder_cli.sandbox.tokens import TOLERANCE, float_match, token_matches, tokens_match
from deepcoder_cli.sandbox.values import (
    close_scalars,
    equal_scalars,
    exact_scalars,
    parse_value,
    same_value,
    unordered_value,
    values_match,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CHECKERS",
    "TOLERANCE",
    "Checker",
    "CheckerProgram",
    "Difference",
    "checker_named",
    "exact_match",
    "first_difference",
    "float_match",
    "lcb_match",
    "parse_value",
    "token_matches",
    "tokens_match",
    "unordered_match",
    "value_difference",
    "values_match",
]

FLOAT = "float"
MIN_TOLERANCE, MAX_TOLERANCE = 1e-15, 0.1


@dataclass(frozen=True, slots=True)
class Checker:
    """A comparison of outputs (expected text, actual text) and one of parsed values of functions.

    Neither is symmetric: the expected side says where a tolerance applies.
    """

    name: str
    outputs_match: Callable[[str, str], bool]
    values_match: Callable[[object, object], bool]


def _float_checker(name: str, tolerance: float) -> Checker:
    scalars = partial(close_scalars, tolerance=tolerance)
    return Checker(
        name, partial(float_match, tolerance=tolerance), partial(same_value, scalars=scalars)
    )


CHECKERS = {
    checker.name: checker
    for checker in (
        Checker("tokens", tokens_match, same_value),
        Checker("exact", exact_match, partial(same_value, scalars=exact_scalars)),
        _float_checker(FLOAT, TOLERANCE),
        Checker("unordered", unordered_match, unordered_value),
        Checker("lcb-compat", lcb_match, partial(same_value, scalars=equal_scalars)),
    )
}


def checker_named(name: str) -> Checker | CheckerProgram:
    """The checker called `name`: one of CHECKERS, `float:TOLERANCE` or `program:PATH`.

    Raises:
        InputError: there is none of that name, a tolerance that is none, or a program that
            cannot be read.
    """
    if name.startswith(PREFIX):
        return load_checker_program(name.removeprefix(PREFIX))
    if name.startswith(f"{FLOAT}:"):
        return _float_checker(name, _tolerance(name))
    try:
        return CHECKERS[name]
    except KeyError:
        known = ", ".join((*CHECKERS, f"{FLOAT}:1e-9", f"{PREFIX}PATH"))
        raise InputError(f"unknown checker: {name} (known: {known}). Choose one.") from None


def _tolerance(name: str) -> float:
    try:
        tolerance = float(name.partition(":")[2])
    except ValueError:
        tolerance = 0.0
    if not MIN_TOLERANCE <= tolerance <= MAX_TOLERANCE:
        allowed = f"{MIN_TOLERANCE:g} to {MAX_TOLERANCE:g}"
        raise InputError(f"checker with a bad tolerance: {name} ({allowed}). Write float:1e-9.")
    return tolerance
