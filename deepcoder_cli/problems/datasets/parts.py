"""The parts of a data set: its files, each with its format, and the problems of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets import own_jsonl
from deepcoder_cli.problems.datasets.fields import Row, known_text
from deepcoder_cli.problems.datasets.files import keys_of_parquet, rows_of
from deepcoder_cli.problems.datasets.formats import PROBLEM_FILES, Format, format_of, not_recognised
from deepcoder_cli.problems.datasets.problem_files import problem_rows
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.problems.datasets.row import DatasetProblem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS_LOOKED_AT = 100
_ID_FIELDS = ("question_id", "problem_id", "task_id", "id")
Keep = Callable[[Row], bool]
Outcome = DatasetProblem | Refused | None


class Part(Protocol):
    """A part of a data set."""

    name: str

    @property
    def format(self) -> str:
        """The name of its format."""

    def path(self) -> Path:
        """Where it lies on this machine; it is downloaded when it has to be."""

    def problems(self, keep: Keep | None) -> Iterator[tuple[str, Outcome]]:
        """For each row its place, and the problem, the refusal, or None when not kept."""


class RowFile:
    """One file of rows, found or downloaded when it is reached."""

    def __init__(
        self, name: str, path: Callable[[], Path], wanted: Format | None, folder: Path | None
    ) -> None:
        self.name = name
        self.path = path
        self._wanted = wanted
        self._folder = folder

    @cached_property
    def _format(self) -> Format:
        return self._wanted or _detected(self.path())

    @property
    def format(self) -> str:
        """The name of the format asked for, or of the one its first rows are of."""
        return self._format.name

    def problems(self, keep: Keep | None) -> Iterator[tuple[str, Outcome]]:
        """See `Part`."""
        read = self._format.read
        if self.format == own_jsonl.NAME:
            read = partial(own_jsonl.read, folder=self._folder)
        for place, row in rows_of(self.path(), self._format.columns):
            if isinstance(row, RowRefused):
                yield place, Refused(place, None, row.kind, row.reason)
            elif keep is not None and not keep(row):
                yield place, None
            else:
                yield place, _problem_or_refused(place, row, read)


class ProblemFolder:
    """A folder of problem.md files. It has no rows, so all of them are kept."""

    format = PROBLEM_FILES

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder

    def path(self) -> Path:
        """The folder."""
        return self._folder

    def problems(self, keep: Keep | None) -> Iterator[tuple[str, Outcome]]:
        """See `Part`."""
        yield from problem_rows(self._folder)


def _problem_or_refused(
    place: str, row: Row, read: Callable[[Row], DatasetProblem]
) -> DatasetProblem | Refused:
    try:
        return read(row)
    except RowRefused as refused:
        kind, reason = refused.kind, refused.reason
    except (RecursionError, MemoryError):
        kind, reason = "too-large", "nested too deeply, or too large for the memory"
    own = known_text(row, *_ID_FIELDS)
    return Refused(place, own[:200] if own else None, kind, reason)


def _detected(path: Path) -> Format:
    if path.name.lower().endswith(".parquet"):
        keys = keys_of_parquet(path)
        found = format_of(keys)
        if found is None:
            raise not_recognised(str(path), keys)
        return found
    first: Row | None = None
    for number, (_, row) in enumerate(rows_of(path, None)):
        if not isinstance(row, RowRefused):
            first = first or row
            found = format_of(row.keys())
            if found is not None:
                return found
        if number >= _ROWS_LOOKED_AT:
            break
    if first is None:
        message = f"data file holds no row: {path} (one JSON object a line)."
        raise InputError(f"{message} Check the file, or get it again.")
    raise not_recognised(str(path), first.keys())


def sha256_of(path: Path) -> str:
    """SHA-256 in hex of a file; of a folder of problem files, that of their names and hashes."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*.md") if file.is_file())
        listing = "".join(f"{sha256_of(file)}  {file.relative_to(path)}\n" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
