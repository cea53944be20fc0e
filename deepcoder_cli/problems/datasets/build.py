"""What every format does with what it read: one way to make a `DatasetProblem`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.fields import (
    Row,
    known_text,
    optional_text,
    title_of,
    words,
)
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.problems.datasets.row import DatasetProblem
from deepcoder_cli.problems.datasets.signature import stub
from deepcoder_cli.problems.front_matter import FrontMatter
from deepcoder_cli.problems.limits import read_limits
from deepcoder_cli.types import Limits, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.problems.datasets.cases import Cases

_RANGE = re.compile(r"\s*[\d.]+\s*-\s*(?=[\d.])")  # CodeChef: "1.0 - 5.0 seconds"


def dataset_problem(
    source: str,
    row: Row,
    cases: Cases,
    *,
    statement: str,
    id: str,
    title: str | None = None,
    shown: int = 0,
    solutions: Sequence[str] = (),
    limits: Limits | None = None,
) -> DatasetProblem:
    """The problem of a row, from what its format read.

    `starter_code`, `difficulty` and `tags` have one name in every format and are read here.

    Args:
        source: the format's name.
        row: the row.
        cases: its tests.
        statement: as the model is to see it.
        id: of the problem.
        title: None takes it from the statement.
        shown: how many of the tests, from the first on, the statement shows.
        solutions: programs.
        limits: None are the default ones.

    Raises:
        RowRefused: there is no test.
    """
    if not cases.tests:
        raise RowRefused("no-tests", "there is no test")
    starter = optional_text(row, "starter_code")
    if starter is None and cases.function is not None:
        starter = stub(cases.function, statement, solutions, cases.tests)
    problem = Problem(
        id=id,
        title=title or title_of(statement),
        statement=statement,
        examples=cases.tests[:shown],
        tests=cases.tests[shown:],
        starter_code=starter,
        function=cases.function,
        limits=limits or Limits(),
    )
    return DatasetProblem(
        problem,
        source=source,
        solutions=tuple(solutions),
        difficulty=known_text(row, "difficulty"),
        tags=words(row.get("tags")),
    )


def limits_of(time: str | None, memory: str | None) -> Limits:
    """Limits as a data set writes them; what is absent, unreadable or out of range is the default.

    >>> limits_of("2.0 seconds", "256.0 megabytes").cpu_s, limits_of("None", None).cpu_s
    (2.0, 10.0)
    """
    limits = Limits()
    time_s = _read("time_limit", time).cpu_s
    memory_mib = _read("memory_limit", memory).memory_mib
    return Limits(time_s, limits.wall_s, memory_mib, limits.output_kib)


def _read(key: str, written: str | None) -> Limits:
    if written is None:
        return Limits()
    try:
        return read_limits(FrontMatter({key: _RANGE.sub("", written).strip()}), "")
    except InputError:
        return Limits()
