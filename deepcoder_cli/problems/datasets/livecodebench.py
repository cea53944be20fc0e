"""LiveCodeBench, code_generation_lite: `public_test_cases` are examples, `private_...` are tests.

Not covered: the releases. A release is a set of files (v5 is the first five); name those.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.problems.datasets.build import dataset_problem
from deepcoder_cli.problems.datasets.cases import from_objects
from deepcoder_cli.problems.datasets.fields import (
    Row,
    identity,
    known_text,
    mapping,
    optional_text,
    sequence,
    text,
)
from deepcoder_cli.problems.datasets.private_tests import read_private_tests

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.row import DatasetProblem

NAME = "livecodebench"
COLUMNS = (
    "question_title", "question_content", "platform", "question_id", "contest_id", "contest_date",
    "starter_code", "difficulty", "public_test_cases", "private_test_cases", "metadata",
)  # fmt: skip


def read(row: Row) -> DatasetProblem:
    """The problem of a row.

    Raises:
        RowRefused: it is none.
    """
    statement = text(row, "question_content")
    question = identity(row, NAME, statement, "question_id")
    contest = known_text(row, "contest_id")
    function = mapping(row.get("metadata"), "metadata").get("func_name")
    name = function if isinstance(function, str) else None
    public = sequence(row.get("public_test_cases"), "public_test_cases")
    private = row.get("private_test_cases")
    hidden = read_private_tests(private) if isinstance(private, str) else private
    cases = from_objects((*public, *sequence(hidden, "private_test_cases")), name)
    problem = dataset_problem(
        NAME, row, cases,
        statement=statement, id=question, title=optional_text(row, "question_title"),
        shown=len(public),
    )  # fmt: skip
    platform = known_text(row, "platform")
    return replace(
        problem,
        platform=platform and platform.lower(),
        date=known_text(row, "contest_date"),
        contest=contest,
        letter=_letter(question, contest),
    )


def _letter(question: str, contest: str | None) -> str | None:
    """`f` of `abc387_f`, whose contest is `abc387`."""
    if contest is None or not question.startswith(f"{contest}_"):
        return None
    return question.removeprefix(f"{contest}_") or None
