"""Composition + a variant number -> a problem as people write them, with its solution.

The variant picks the wording, the input form, the layout of the output and of the examples,
and whether a program or a function is asked for. Equal numbers give equal problems.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from deepcoder_cli.problems.generated import cases, solution
from deepcoder_cli.problems.generated.outputs import LAYOUTS, RESULT
from deepcoder_cli.types import Limits, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.problems.generated.compose import Composition
    from deepcoder_cli.types import TestCase

FUNCTION_SHARE = 0.3
FUNCTION_NAMES = ("solve", "process", "transform", "compute", "answer")
TITLES = {
    "int": ("Number Work", "One Number", "A Small Sum"),
    "pair": ("Two Numbers", "A Pair", "Number Pair"),
    "list": ("List Work", "A List of Numbers", "Number Row"),
    "list_k": ("List and k", "Numbers and k", "Row With k"),
    "string": ("String Work", "A Line of Text", "Letters"),
    "words": ("Word Work", "A List of Words", "Words"),
    "grid": ("Grid Work", "A Grid of Numbers", "Rows and Columns"),
}
LIMITS = Limits(cpu_s=4.0, memory_mib=512)


@dataclass(frozen=True, slots=True)
class Generated:
    """A problem with the solution it was made from.

    Attributes:
        key: of the composition.
        problem: statement, two examples, eight further tests.
        program: the reference solution.
        completion: the program with reasoning before it, as a model would answer.
    """

    key: str
    problem: Problem
    program: str
    completion: str


def generate(composition: Composition, variant: int) -> Generated:
    """The problem of a composition in one of its many wordings."""
    rng = Random(f"{composition.key}#{variant}")
    make = _function if rng.random() < FUNCTION_SHARE else _stdin
    return make(composition, variant, rng)


def problem_id(composition: Composition, variant: int) -> str:
    """A stable id for files and reports.

    >>> from deepcoder_cli.problems.generated.compose import parse
    >>> problem_id(parse("list|even,sum|parity"), 2)
    'list-even-sum-parity-v2'
    """
    text = composition.key.replace("|plain_", "|")
    return f"{text}|v{variant}".translate(str.maketrans("|,:_", "----"))


def _stdin(composition: Composition, variant: int, rng: Random) -> Generated:
    form = rng.choice(composition.domain.forms)
    result = RESULT[composition.result.name]
    layout = LAYOUTS[result.kind][0] if result.type == "str" else rng.choice(LAYOUTS[result.kind])
    ask = f"{_asked(composition, 'Print', rng)}{layout.text}."
    tests = [
        cases.stdin_case(composition, arguments, form, layout)
        for arguments in _arguments(composition, rng)
    ]
    sections = f"{form.text}\n\n{{output}}\n\n{ask}" if rng.random() < 0.5 else form.text
    heading = rng.choice(("## {}", "### {}", "**{}**"))
    body = _body(composition, rng, "" if "{output}" in sections else f" {ask}")
    statement = (
        f"{body}\n\n{heading.format('Input')}\n\n"
        f"{sections.replace('{output}', heading.format('Output'))}\n\n"
        f"{rng.choice(_EXAMPLE_LAYOUTS)(tests[:2])}"
    )
    program = solution.stdin_program(composition, form, layout)
    return _finish(composition, variant, rng, statement, tests, program, form.note, None)


def _function(composition: Composition, variant: int, rng: Random) -> Generated:
    name = rng.choice(FUNCTION_NAMES)
    ask = f" {_asked(composition, 'Return', rng)}."
    arguments = _arguments(composition, rng)
    tests = [cases.function_case(composition, a) for a in arguments]
    names = [n for n, _ in composition.domain.parameters]
    statement = f"{_body(composition, rng, ask)}\n\n{_calls(names, tests[:2])}"
    program = solution.function_program(composition, name)
    note = " and ".join(names) + f" of the function {name}"
    return _finish(composition, variant, rng, statement, tests, program, note, name)


def _finish(
    composition: Composition,
    variant: int,
    rng: Random,
    statement: str,
    tests: Sequence[TestCase],
    program: str,
    note: str,
    function: str | None,
) -> Generated:
    title = rng.choice(TITLES[composition.domain.name])
    problem = Problem(
        id=problem_id(composition, variant),
        title=title,
        statement=f"# {title}\n\n{statement}\n",
        examples=tuple(tests[:2]),
        tests=tuple(tests[2:]),
        starter_code=function and solution.starter_code(composition, function),
        function=function,
        limits=LIMITS,
    )
    completion = solution.completion(composition, note, program)
    return Generated(composition.key, problem, program, completion)


def _arguments(composition: Composition, rng: Random) -> list[tuple[object, ...]]:
    return cases.draw(composition, (*cases.EXAMPLE_SIZES, *cases.TEST_SIZES), rng)


def _asked(composition: Composition, verb: str, rng: Random) -> str:
    text = rng.choice(RESULT[composition.result.name].texts)
    return solution.filled(text.replace("{verb}", verb), composition.result.parameter)


def _body(composition: Composition, rng: Random, ask: str) -> str:
    steps = [solution.wording(step, rng.randrange(6)) for step in composition.steps]
    intro = rng.choice(composition.domain.intros)
    return rng.choice((_sentences, _sentences, _numbered))(intro, steps, ask)


def _sentences(intro: str, steps: list[str], ask: str) -> str:
    words = ("First, ", "Then ", "After that, ") if len(steps) > 1 else ("",)
    text = " ".join(_capital(f"{word}{step}.") for word, step in zip(words, steps, strict=False))
    return f"{intro} {text}{ask}"


def _numbered(intro: str, steps: list[str], ask: str) -> str:
    lines = "\n".join(f"{i}. {_capital(step)}." for i, step in enumerate(steps, 1))
    return f"{intro} Do this in order:\n\n{lines}" + (f"\n\n{ask.strip()}" if ask else "")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _fenced(tests: Sequence[TestCase]) -> str:
    return "## Examples\n\n" + "\n\n".join(
        f"Input:\n```\n{t.input}```\nOutput:\n```\n{t.output}```" for t in tests
    )


def _samples(tests: Sequence[TestCase]) -> str:
    return "\n\n".join(
        f"### Sample Input {i}\n\n```\n{t.input}```\n\n### Sample Output {i}\n\n```\n{t.output}```"
        for i, t in enumerate(tests, 1)
    )


def _headed(tests: Sequence[TestCase]) -> str:
    return "\n\n".join(
        f"## Example {i}\n\nInput\n\n```\n{t.input}```\n\nOutput\n\n```\n{t.output}```"
        for i, t in enumerate(tests, 1)
    )


_EXAMPLE_LAYOUTS = (_fenced, _samples, _headed)


def _calls(names: Sequence[str], tests: Sequence[TestCase]) -> str:
    blocks = []
    for i, test in enumerate(tests, 1):
        values = zip(names, test.input.split("\n"), strict=True)
        given = ", ".join(f"{name} = {value}" for name, value in values)
        blocks.append(f"**Example {i}:**\n\nInput: {given}\nOutput: {test.output}")
    return "\n\n".join(blocks)
