"""DeepCoder-Preview-Dataset: problem, starter_code, tests, solutions, metadata {func_name}.

`tests` is the JSON text of one of three forms, those of the sets it was made from: LiveCodeBench's
(`testtype`), SYNTHETIC-1's (`type`, `fn_name`), TACO's (`inputs`, `outputs`). Without a type, as in
its Codeforces part, a test is stdin to stdout. Rows have no id: one is made of the statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deepcoder_cli.problems.datasets.build import dataset_problem
from deepcoder_cli.problems.datasets.cases import Cases, from_columns, from_objects
from deepcoder_cli.problems.datasets.fields import (
    Row,
    identity,
    kind_of,
    mapping,
    text,
)
from deepcoder_cli.problems.datasets.literals import read_json_or_literal
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.problems.datasets.solutions import programs

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.row import DatasetProblem

NAME = "deepcoder"
COLUMNS = ("id", "problem", "starter_code", "tests", "solutions", "metadata")


def read(row: Row) -> DatasetProblem:
    """The problem of a row.

    Raises:
        RowRefused: it is none.
    """
    statement = text(row, "problem")
    metadata = mapping(row.get("metadata"), "metadata")
    return dataset_problem(
        NAME, row, cases_of(row.get("tests"), metadata.get("func_name")),
        statement=statement,
        id=identity(row, NAME, statement, "id"),
        solutions=programs(row.get("solutions")),
    )  # fmt: skip


def cases_of(value: object, function: object) -> Cases:
    """The tests of a `tests` field in whichever of its forms.

    Raises:
        RowRefused: in none of them.
    """
    if isinstance(value, str):
        value = read_json_or_literal(value, "tests") if value.strip() else None
    name = function if isinstance(function, str) and function else None
    if isinstance(value, Mapping):
        named = {"fn_name": name, **value} if name else value
        return from_columns(named, codewars=None)
    if value is None:
        return Cases(())
    if not isinstance(value, list | tuple):
        raise RowRefused("bad-field", f"tests is {kind_of(value)} (a list or an object is needed)")
    return from_objects(value, name)
