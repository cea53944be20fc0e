"""Problem files in Markdown -> `Problem`: statement, limits, examples, starter code.

The statement goes to the model as it is written, but for the front matter and for a section
named "Starter code", which the prompt shows in its own place. See docs/problem-files.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.checker import found_from
from deepcoder_cli.problems.elements import Fence, elements
from deepcoder_cli.problems.examples import Examples, find_examples
from deepcoder_cli.problems.front_matter import FrontMatter, split
from deepcoder_cli.problems.limits import read_limits
from deepcoder_cli.problems.source import STDIN, read_source
from deepcoder_cli.problems.starter import (
    StarterCode,
    find_starter,
    read_starter,
    without_own_section,
)
from deepcoder_cli.problems.values import call_example
from deepcoder_cli.types import Problem, TestCase

MAX_TITLE = 80
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<title>\S.*)$")
_INTERACTIVE = re.compile(
    r"\bthis\s+is\s+an\s+interactive\s+(?:problem|task)\b"
    r"|^#{1,6}[ \t]+interact(?:ion|ive)(?:[ \t]+protocol)?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE = re.compile(r"(?:def\s+)?(?P<name>[A-Za-z_]\w*)\s*(?P<call>\(.*\))?.*$")


@dataclass(frozen=True, slots=True)
class Reading:
    """A problem, and notes for people on what of its file could not be used."""

    problem: Problem
    notes: tuple[str, ...] = ()


def load_problem(source: str) -> Problem:
    """The problem in the file `source`, or on stdin when it is `-`.

    Raises:
        InputError: the file cannot be read, or is no problem this product can judge.
    """
    return load(source).problem


def load(source: str) -> Reading:
    """`load_problem`, with the notes; a checker program is looked for beside the file.

    Raises:
        InputError: as `load_problem`.
    """
    path = Path("stdin" if source == STDIN else source)
    reading = read(read_source(source), path.stem)
    checker = found_from(reading.problem.checker, path.parent)
    return replace(reading, problem=replace(reading.problem, checker=checker))


def read_problem(text: str, name: str) -> Problem:
    r"""The problem in `text`; `name` becomes its id where the text gives none.

    Raises:
        InputError: an interactive problem, or a front matter with a value that is not allowed.

    >>> read_problem("# Sum\n\nAdd.\n\n## Example\nInput\n```\n1 2\n```\nOutput\n```\n3\n```", "s")
    ... # doctest: +ELLIPSIS
    Problem(id='s', title='Sum', ..., examples=(TestCase(input='1 2\n', output='3\n'),), ...)
    """
    return read(text, name).problem


def read(text: str, name: str) -> Reading:
    """`read_problem`, with the notes.

    Raises:
        InputError: as `read_problem`.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    front, statement = split(text)
    if front.flag("interactive") or _INTERACTIVE.search(statement):
        msg = f"interactive problems cannot be judged: {name} (input first, then output)."
        raise InputError(f"{msg} Choose a problem without interaction.")
    reading = find_examples(statement)
    starter = _starter(front, statement, reading.found)
    examples, notes = _examples(reading, starter)
    problem = Problem(
        id=front.get("id") or _slug(name),
        title=front.get("title") or _title(statement, name),
        statement=statement if starter is None else without_own_section(statement, starter),
        examples=examples,
        starter_code=starter.code if starter else None,
        function=starter.function if starter else None,
        limits=read_limits(front, statement),
        checker=front.get("checker") or "tokens",
    )
    return Reading(problem, notes)


def _starter(front: FrontMatter, statement: str, found: tuple[TestCase, ...]) -> StarterCode | None:
    blocks = [part for part in elements(statement) if isinstance(part, Fence)]
    starter = find_starter(blocks)
    wanted = front.get("function")
    if wanted is None or (starter and starter.function == wanted):
        return starter
    match = _SIGNATURE.match(wanted)
    call = match["call"] if match else None
    if match and call is None and len(found) > 0:
        names = re.findall(r"([A-Za-z_]\w*)\s*=(?!=)", found[0].input[:2000])
        call = f"({', '.join(dict.fromkeys(names))})" if names else None
    signature = read_starter(f"def {match['name']}{call}:\n    pass\n") if match and call else None
    if signature is None:
        msg = f"front matter: function: {wanted} (a name with parameters, as in add(a, b))."
        raise InputError(msg)
    return signature


def _examples(
    reading: Examples, starter: StarterCode | None
) -> tuple[tuple[TestCase, ...], tuple[str, ...]]:
    """The examples that the judge can use, and the notes."""
    if starter is None:
        return reading.found, reading.notes
    if starter.unjudged is not None:
        note = f"the examples cannot be judged: of the starter code, {starter.unjudged}"
        return (), (note,)
    examples: list[TestCase] = []
    notes = list(reading.notes)
    for number, example in enumerate(reading.found, 1):
        try:
            examples.append(call_example(example, starter.parameters))
        except ValueError as error:
            notes.append(f"example {number} cannot be used: {error}")
    return tuple(examples), tuple(notes)


def _title(statement: str, name: str) -> str:
    first = next((line.strip() for line in statement.split("\n") if line.strip()), name)
    heading = _HEADING.match(first)
    return (heading["title"].rstrip(" \t#") if heading else first)[:MAX_TITLE]


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-") or "problem"
