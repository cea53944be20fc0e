"""Compositions: a domain, one to three steps, a result; with a stable text key.

``list|even,multiply:3,sum|parity`` reads: a list; keep the even numbers; times 3; the sum;
say YES if it is even. Two compositions are told apart by what they compute, never by how a
statement or a program words it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.grids import GRID_STEPS
from deepcoder_cli.problems.generated.inputs import DOMAIN
from deepcoder_cli.problems.generated.lists import LIST_STEPS
from deepcoder_cli.problems.generated.numbers import NUMBER_STEPS, PAIR_STEPS
from deepcoder_cli.problems.generated.outputs import RESULT, RESULTS
from deepcoder_cli.problems.generated.reductions import REDUCTIONS
from deepcoder_cli.problems.generated.step import index
from deepcoder_cli.problems.generated.strings import STRING_STEPS, WORD_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.problems.generated.inputs import Arguments, Domain
    from deepcoder_cli.problems.generated.outputs import Result
    from deepcoder_cli.problems.generated.step import Kind, Parameter, Step

MAX_STEPS = 3
STEP = index(
    LIST_STEPS + REDUCTIONS + NUMBER_STEPS + PAIR_STEPS + STRING_STEPS + WORD_STEPS + GRID_STEPS
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A step or a result with its parameter: a number, a letter, the input ``"k"``, or None."""

    name: str
    parameter: Parameter | None = None

    def __str__(self) -> str:
        return self.name if self.parameter is None else f"{self.name}:{self.parameter}"


@dataclass(frozen=True, slots=True)
class Composition:
    """What a generated problem computes."""

    domain: Domain
    steps: tuple[Applied, ...]
    result: Applied

    @property
    def key(self) -> str:
        """The stable text form; `parse` reads it back."""
        return f"{self.domain.name}|{','.join(map(str, self.steps))}|{self.result}"

    def evaluate(self, arguments: Arguments) -> Any:
        """The answer for `arguments`, from the steps' independent meanings."""
        *_, answer = self.values(arguments)
        return answer

    def values(self, arguments: Arguments) -> Iterator[Any]:
        """The value before each step and before the result, and last the answer."""
        k = arguments[-1] if self.domain.has_k else None
        value: Any = arguments[0] if self.domain.name != "pair" else arguments
        for applied in self.steps:
            yield value
            value = STEP[applied.name].apply(value, _value(applied.parameter, k))
        yield value
        yield RESULT[self.result.name].apply(value, _value(self.result.parameter, k))


def _value(parameter: Parameter | None, k: int | None) -> Any:
    return k if parameter == "k" else parameter


def parse(key: str) -> Composition:
    """The composition with this key.

    >>> parse("list|even,multiply:3,sum|parity").evaluate(([1, 2, 4],))
    'YES'

    Raises:
        ValueError: the key is not of that form or names an unknown part.
    """
    domain, _, rest = key.partition("|")
    steps, _, result = rest.partition("|")
    parts, last = tuple(map(_applied, steps.split(","))), _applied(result)
    if domain not in DOMAIN or last.name not in RESULT or any(p.name not in STEP for p in parts):
        msg = f"unknown composition: {key!r}"
        raise ValueError(msg)
    return Composition(DOMAIN[domain], parts, last)


def _applied(text: str) -> Applied:
    name, _, parameter = text.partition(":")
    if not parameter:
        return Applied(name)
    return Applied(name, int(parameter) if parameter.isdigit() else parameter)


def _variants(entry: Step | Result, domain: Domain) -> list[Applied]:
    parameters: tuple[Parameter, ...] = entry.parameters
    if not parameters:
        return [Applied(entry.name)]
    if domain.has_k and isinstance(parameters[0], int):
        parameters = (*parameters, "k")
    return [Applied(entry.name, parameter) for parameter in parameters]


def _paths(kind: Kind, length: int) -> Iterator[tuple[Step, ...]]:
    """All sequences of `length` steps that start from `kind` and fit together."""
    if not length:
        yield ()
        return
    for step in STEP.values():
        if step.takes is kind:
            for rest in _paths(step.gives, length - 1):
                yield (step, *rest)


def all_of_length(domain: Domain, length: int) -> Iterator[Composition]:
    """Every composition of `domain` with `length` steps (millions at three)."""
    for path in _paths(domain.kind, length):
        last = path[-1].gives
        choices = [_variants(step, domain) for step in path]
        results = [v for r in RESULTS if r.kind is last for v in _variants(r, domain)]
        for *steps, result in itertools.product(*choices, results):
            composition = Composition(domain, tuple(steps), result)
            if not domain.has_k or _uses_k(composition):
                yield composition


def _uses_k(composition: Composition) -> bool:
    return any(part.parameter == "k" for part in (*composition.steps, composition.result))
