"""Tests of a generated problem: two examples and eight more, edges and larger inputs among them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deepcoder_cli.types import TestCase

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from deepcoder_cli.problems.generated.compose import Composition
    from deepcoder_cli.problems.generated.inputs import Arguments, Form
    from deepcoder_cli.problems.generated.outputs import Layout

EXAMPLE_SIZES = (5, 4)
TEST_SIZES = (1, 2, 3, 6, 8, 10, 12, 12)


def draw(composition: Composition, sizes: Iterable[int], rng: Random) -> list[Arguments]:
    """Random arguments, one for each size, all different."""
    drawn: list[Arguments] = []
    for size in sizes:
        arguments = composition.domain.draw(rng, size)
        while arguments in drawn:
            arguments = composition.domain.draw(rng, size)
        drawn.append(arguments)
    return drawn


def stdin_case(
    composition: Composition, arguments: Arguments, form: Form, layout: Layout
) -> TestCase:
    """The test of a program that reads stdin."""
    return TestCase(form.write(arguments), layout.write(composition.evaluate(arguments)))


def function_case(composition: Composition, arguments: Arguments) -> TestCase:
    """The test of a function: one JSON value a line, and a JSON value."""
    lines = "\n".join(json.dumps(argument) for argument in arguments)
    return TestCase(lines, json.dumps(composition.evaluate(arguments)))
