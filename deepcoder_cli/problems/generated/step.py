"""A step: one operation with its wordings, its code and an independent meaning.

`code` is what the reference solution says, `apply` is what the step means, written a second
time in another way. The judge runs the code in the sandbox against outputs that come from
`apply`, so an error in either shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Parameter = int | str


class Kind(StrEnum):
    """The type of the value between two steps, and the variable that holds it."""

    INT = "x"
    PAIR = "x, y"
    LIST = "a"
    STRING = "s"
    WORDS = "w"
    GRID = "g"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation.

    Attributes:
        name: stable identifier, part of a composition's key.
        takes: kind of the value it needs.
        gives: kind of the value it makes.
        texts: paraphrases in the imperative; the first is the one that solutions restate.
        code: one or more lines on the variable of `takes`; ``{c}`` is the parameter.
        apply: the meaning, as a function of the value and the parameter.
        parameters: values that ``{c}`` may take; empty without a parameter.
        imports: import lines that the code needs.
        limit: largest number it is meant for, when its work grows with the number.
    """

    name: str
    takes: Kind
    gives: Kind
    texts: tuple[str, ...]
    code: str
    apply: Callable[[Any, Any], Any]
    parameters: tuple[Parameter, ...] = ()
    imports: tuple[str, ...] = ()
    limit: int | None = None


def index(steps: tuple[Step, ...]) -> dict[str, Step]:
    """Steps by name.

    Raises:
        ValueError: two steps share a name.
    """
    by_name = {step.name: step for step in steps}
    if len(by_name) != len(steps):
        msg = "two steps share a name"
        raise ValueError(msg)
    return by_name
