"""TACO and TACO-verified.

`input_output` is `{fn_name?, inputs, outputs}`; in Codewars's rows outputs are wrapped in a list.
Not covered: objects with integer keys as arguments (JSON has none), limits on auxiliary space.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.problems.datasets.build import dataset_problem, limits_of
from deepcoder_cli.problems.datasets.cases import from_columns
from deepcoder_cli.problems.datasets.fields import Row, identity, known_text, mapping, text
from deepcoder_cli.problems.datasets.solutions import programs

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.row import DatasetProblem

NAME = "taco"
COLUMNS = (
    "id", "question", "solutions", "starter_code", "input_output", "difficulty", "name", "source",
    "time_limit", "memory_limit", "url", "date", "tags",
)  # fmt: skip
_SITES = re.compile(r"\b(codewars|codeforces|leetcode|atcoder|codechef|hackerrank|hackerearth|"
                    r"geeksforgeeks|aizu|kattis)\b")  # fmt: skip


def read(row: Row) -> DatasetProblem:
    """The problem of a row.

    Raises:
        RowRefused: it is none.
    """
    statement = text(row, "question")
    url = known_text(row, "url")
    platform = platform_of(known_text(row, "source"), url)
    cases = from_columns(
        mapping(row.get("input_output"), "input_output", "unreadable-tests"),
        codewars=None if platform is None else platform == "codewars",
    )
    own = known_text(row, "id")
    problem = dataset_problem(
        NAME, row, cases,
        statement=statement,
        id=f"{NAME}-{own}" if own and own.isdecimal() else identity(row, NAME, statement, "id"),
        title=known_text(row, "name"),
        solutions=programs(row.get("solutions")),
        limits=limits_of(known_text(row, "time_limit"), known_text(row, "memory_limit")),
    )  # fmt: skip
    return replace(problem, platform=platform, date=known_text(row, "date"), url=url)


def platform_of(source: str | None, url: str | None) -> str | None:
    """The site a problem is from: what `source` says, else the site its address names."""
    if source:
        return source.strip().lower()
    found = _SITES.search(url.lower()) if url else None
    return found[1] if found else None
