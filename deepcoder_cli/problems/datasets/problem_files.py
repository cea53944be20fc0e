"""A folder of problem.md files, as `deepcoder solve` reads them, as a data set.

Every `.md` file in the folder and below, but README.md and hidden ones, is a problem.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.files import is_data
from deepcoder_cli.problems.datasets.formats import PROBLEM_FILES
from deepcoder_cli.problems.datasets.row import DatasetProblem, Refused
from deepcoder_cli.problems.markdown import load_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def is_problem_folder(folder: Path) -> bool:
    """Whether a folder holds problem files and no data files."""
    return bool(_files(folder)) and not any(is_data(path.name) for path in folder.rglob("*"))


def problem_rows(folder: Path) -> Iterator[tuple[str, DatasetProblem | Refused]]:
    """The problems of a folder, sorted by path, or why a file is none."""
    for path in _files(folder):
        place = str(path.relative_to(folder))
        try:
            problem = load_problem(str(path))
        except InputError as error:
            yield place, Refused(place, None, "bad-problem", str(error))
            continue
        if path.stem == problem.id == "problem":  # one folder a problem: the folder names it
            problem = replace(problem, id=path.parent.name or problem.id)
        if problem.examples:
            yield place, DatasetProblem(problem, PROBLEM_FILES)
        else:
            reason = "no example that could be read"
            yield place, Refused(place, problem.id, "no-tests", reason)


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*.md")
        if path.is_file()
        and path.name.lower() != "readme.md"
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
