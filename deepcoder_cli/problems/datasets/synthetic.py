"""SYNTHETIC-1: PrimeIntellect's verifiable-coding-problems, and sets derived from it.

`verification_info` is JSON, Python's `repr` of the same, or an object:
`{language, test_cases: [{type: stdin_stdout | function_call, input, output, fn_name?}]}`.
Rows that ask for another language than Python are refused: the statement names it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.problems.datasets.build import dataset_problem, limits_of
from deepcoder_cli.problems.datasets.cases import from_objects
from deepcoder_cli.problems.datasets.fields import (
    Row,
    identity,
    known_text,
    mapping,
    sequence,
    text,
)
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.problems.datasets.solutions import programs
from deepcoder_cli.problems.datasets.taco import platform_of

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.row import DatasetProblem

NAME = "synthetic-1"
COLUMNS = (
    "problem_id", "source", "task_type", "in_source_id", "prompt", "problem",
    "problem_statement", "gold_standard_solution", "verification_info", "metadata",
)  # fmt: skip
_PYTHON = {"python", "python3", "py"}


def read(row: Row) -> DatasetProblem:
    """The problem of a row.

    Raises:
        RowRefused: it is none.
    """
    statement = text(row, "prompt", "problem", "problem_statement")
    info = mapping(row.get("verification_info"), "verification_info", "unreadable-tests")
    language = known_text(info, "language") or "python"
    if language.strip().lower() not in _PYTHON:
        raise RowRefused("language", f"the row asks for {language[:40]} (python is allowed)")
    cases = from_objects(sequence(info.get("test_cases"), "test_cases"), None)
    metadata = _metadata(row)
    url = known_text(metadata, "problem_url", "url")
    problem = dataset_problem(
        NAME, row, cases,
        statement=statement,
        id=identity(row, NAME, statement, "problem_id"),
        solutions=programs(row.get("gold_standard_solution")),
        limits=limits_of(known_text(metadata, "time_limit"), known_text(metadata, "memory_limit")),
    )  # fmt: skip
    difficulty = problem.difficulty or known_text(metadata, "difficulty")
    return replace(problem, difficulty=difficulty, platform=platform_of(None, url), url=url)


def _metadata(row: Row) -> Row:
    """The row's metadata; none where it cannot be read, since a problem can do without."""
    try:
        return mapping(row.get("metadata"), "metadata")
    except RowRefused:
        return {}
