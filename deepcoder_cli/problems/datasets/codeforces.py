"""Problems of Codeforces in CodeElo's form, and in the plain one: problem, tests, contest, index.

Only the statement's samples are public for most: then `examples` are all there is, and a score is
"sample-graded". Official tests, where a row has them, become `tests`. Interactive problems and
those that read files are refused. Not covered: problems with several right answers, whose own
checkers no data set gives in a form that runs here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deepcoder_cli.problems.datasets.build import dataset_problem, limits_of
from deepcoder_cli.problems.datasets.cases import Cases, stdin_case
from deepcoder_cli.problems.datasets.fields import (
    Row,
    identity,
    kind_of,
    known_text,
    optional_text,
    sequence,
    text,
)
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.problems.datasets.solutions import programs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepcoder_cli.problems.datasets.row import DatasetProblem
    from deepcoder_cli.types import Limits, TestCase

NAME = "codeforces"
COLUMNS = (
    "id", "problem_id", "url", "title", "rating", "tags", "time_limit_ms", "memory_limit_mb",
    "time_limit", "memory_limit", "problem", "description", "input", "output", "input_format",
    "output_format", "interaction", "interaction_format", "note", "examples", "tests",
    "official_tests", "contest_id", "contest", "index", "letter", "contest_start", "input_mode",
    "solutions",
)  # fmt: skip
_PROBLEM_ID = re.compile(r"(?P<contest>\d{1,9})[ /_-]?(?P<letter>[A-Z]\d{0,2})", re.IGNORECASE)
_URL = re.compile(r"/(?:contest|problemset/problem|gym)/(\d{1,9})(?:/problem)?/([A-Z]\d{0,2})\b")


def read(row: Row) -> DatasetProblem:
    """The problem of a row.

    Raises:
        RowRefused: it is none.
    """
    if known_text(row, "interaction", "interaction_format"):
        raise RowRefused("interactive", "an interactive problem (input first, then output)")
    if (known_text(row, "input_mode") or "stdio") not in {"stdio", "stdin"}:
        raise RowRefused("file-io", "the program would have to read and write files")
    examples = tuple(_pairs(row, "examples"))
    tests = tuple(_pairs(row, "official_tests", "tests"))
    statement = optional_text(row, "problem") or _composed(row, examples)
    contest, letter = _place(row)
    known = f"{contest}{letter}" if contest and letter else None
    problem = dataset_problem(
        NAME, row, Cases((*examples, *tests)),
        statement=statement,
        id=known_text(row, "problem_id") or known or identity(row, NAME, statement, "id"),
        title=known_text(row, "title"),
        shown=len(examples),
        solutions=programs(row.get("solutions")),
        limits=_limits(row),
    )  # fmt: skip
    return replace(
        problem,
        difficulty=known_text(row, "rating") or problem.difficulty,
        platform=NAME,
        date=_date(row.get("contest_start")),
        url=known_text(row, "url"),
        contest=contest,
        letter=letter,
    )


def _pairs(row: Row, *names: str) -> Iterable[TestCase]:
    """Tests given as `{input, output}` or as [input, output]."""
    for name in names:
        for number, test in enumerate(sequence(row.get(name), name)):
            if isinstance(test, Mapping):
                yield stdin_case(test.get("input"), test.get("output"))
            elif isinstance(test, list | tuple) and len(test) == 2:
                yield stdin_case(*test)
            else:
                message = f"{name}: test {number} is {kind_of(test)} (input and output)"
                raise RowRefused("unreadable-test", message)


def _composed(row: Row, examples: tuple[TestCase, ...]) -> str:
    """The statement of a row that gives it in parts, in the order of the site."""
    parts = [text(row, "description")]
    for heading in ("Input", "Output"):
        part = optional_text(row, heading.lower(), f"{heading.lower()}_format")
        if part:
            parts.append(f"### {heading}\n\n{part}")
    for number, example in enumerate(examples, 1):
        for heading, side in (("Input", example.input), ("Output", example.output)):
            parts.append(f"### Sample {heading} {number}\n\n```\n{side.rstrip()}\n```")
    note = optional_text(row, "note")
    if note:
        parts.append(f"### Note\n\n{note}")
    title = optional_text(row, "title")
    return "\n\n".join((f"# {title}", *parts) if title else parts)


def _place(row: Row) -> tuple[str | None, str | None]:
    """The contest, and the problem's letter in it."""
    contest = known_text(row, "contest_id", "contest")
    letter = known_text(row, "index", "letter")
    if contest and letter:
        return contest.strip(), letter.strip()
    url = _URL.search(known_text(row, "url") or "")
    if url:
        return url[1], url[2]
    match = _PROBLEM_ID.fullmatch((known_text(row, "problem_id", "id") or "").strip())
    return (match["contest"], match["letter"].upper()) if match else (contest, letter)


def _limits(row: Row) -> Limits:
    ms, mb = known_text(row, "time_limit_ms"), known_text(row, "memory_limit_mb")
    return limits_of(
        f"{ms} ms" if ms else known_text(row, "time_limit"),
        f"{mb} MB" if mb else known_text(row, "memory_limit"),
    )


def _date(start: object) -> str | None:
    """A contest's start, seconds since 1970, as ISO 8601 in UTC."""
    if not isinstance(start, int | float) or not 0 < start < 1 << 33:
        return None
    return datetime.fromtimestamp(start, UTC).isoformat()
