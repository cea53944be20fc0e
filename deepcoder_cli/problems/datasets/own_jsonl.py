"""Our own JSONL: a problem a line, with the fields of `Problem` and of `DatasetProblem`.

Only `statement` and one test, in `examples` or `tests`, have to be there. A field we do not know is
refused: it would most likely be a known one, misspelled. docs/datasets.md shows the form.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, cast

from deepcoder_cli.errors import OutputError
from deepcoder_cli.problems.checker import found_from
from deepcoder_cli.problems.datasets.cases import Cases, call_case, function_name, stdin_case
from deepcoder_cli.problems.datasets.fields import (
    Row,
    identity,
    kind_of,
    mapping,
    optional_text,
    sequence,
    text,
    title_of,
)
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.problems.datasets.row import DatasetProblem
from deepcoder_cli.types import Limits, Problem, TestCase

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

NAME = "deepcoder-jsonl"
_PROBLEM = tuple(field.name for field in fields(Problem))
_AROUND = tuple(field.name for field in fields(DatasetProblem) if field.name != "problem")
COLUMNS = (*_PROBLEM, *_AROUND)
_LIMITS = {field.name for field in fields(Limits)}
_RANGES = {
    "cpu_s": (0.01, 600.0), "wall_s": (0.01, 3600.0), "memory_mib": (1, 65536),
    "output_kib": (1, 1 << 20),
}  # fmt: skip


def read(row: Row, folder: Path | None = None) -> DatasetProblem:
    """The problem of a line.

    Args:
        row: the line's object.
        folder: where the path of a checker program starts; None refuses such a checker.

    Raises:
        RowRefused: it is none.
    """
    unknown = [name for name in row if name not in COLUMNS]
    if unknown:
        raise RowRefused("unknown-field", f"field {str(unknown[0])[:60]!r} is not known")
    statement = text(row, "statement")
    function = None if row.get("function") is None else function_name(row["function"])
    examples, tests = (_cases(row, name, function) for name in ("examples", "tests"))
    if not examples and not tests:
        raise RowRefused("no-tests", "there is no test")
    problem = Problem(
        id=identity(row, "problem", statement, "id"),
        title=optional_text(row, "title") or title_of(statement),
        statement=statement,
        examples=examples,
        tests=tests,
        starter_code=optional_text(row, "starter_code"),
        function=function,
        limits=_limits(mapping(row.get("limits"), "limits")),
        checker=_checker(row, folder),
    )
    return DatasetProblem(
        problem,
        source=optional_text(row, "source") or NAME,
        solutions=_texts(row, "solutions"),
        difficulty=optional_text(row, "difficulty"),
        platform=optional_text(row, "platform"),
        date=optional_text(row, "date"),
        url=optional_text(row, "url"),
        tags=_texts(row, "tags"),
        contest=optional_text(row, "contest"),
        letter=optional_text(row, "letter"),
    )


def to_line(given: DatasetProblem) -> str:
    """A problem as one line of our JSONL, without the newline; what is a default is left out.

    >>> to_line(DatasetProblem(Problem("a", "A", "Add.", (TestCase("1 2", "3"),)), "mine"))
    ... # doctest: +ELLIPSIS
    '{"id": "a", "title": "A", "statement": "Add.", "examples": [{"input": "1 2", ...}], ...}'
    """
    around = asdict(given)
    problem = around.pop("problem")
    defaults = asdict(Problem("", "", ""))
    row = {name: value for name, value in problem.items() if value != defaults[name]}
    if "limits" in row:
        limits = defaults["limits"]
        row["limits"] = {k: v for k, v in row["limits"].items() if v != limits[k]}
    row |= {name: value for name, value in around.items() if value not in (None, ())}
    return json.dumps(row, ensure_ascii=False)


def write_jsonl(path: Path, problems: Iterable[DatasetProblem]) -> int:
    """Write our JSONL, gzipped where the name ends in `.gz`; how many lines it has.

    The file appears whole or not at all: it is written beside its place and moved there.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(part, zipped=path.suffix == ".gz") as file:
            for problem in problems:
                file.write(_bytes(to_line(problem)))
                count += 1
        part.replace(path)
    except OSError as error:
        message = f"data set cannot be written: {path} ({error.strerror or error})."
        raise OutputError(f"{message} Check the path and the room on the disk.") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _opened(path: Path, *, zipped: bool) -> BinaryIO:
    if not zipped:
        return path.open("wb")
    return cast("BinaryIO", gzip.GzipFile(path, "wb", mtime=0))  # the same bytes every time


def _bytes(line: str) -> bytes:
    try:
        return f"{line}\n".encode()
    except UnicodeEncodeError:  # half a surrogate pair in a test: as an escape it comes back
        return f"{json.dumps(json.loads(line))}\n".encode()


def _cases(row: Row, name: str, function: str | None) -> tuple[TestCase, ...]:
    found: list[TestCase] = []
    for number, test in enumerate(sequence(row.get(name), name)):
        if not isinstance(test, Mapping) or set(test) != {"input", "output"}:
            message = f"{name}: test {number} is {kind_of(test)} (an object: input and output)"
            raise RowRefused("unreadable-test", message)
        given, expected = test["input"], test["output"]
        if function is None:
            found.append(stdin_case(given, expected))
        else:
            found.append(call_case(given, expected, wrapped=False))
    return Cases(tuple(found), function).tests


def _texts(row: Row, name: str) -> tuple[str, ...]:
    value = row.get(name)
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RowRefused("bad-field", f"field {name} is {kind_of(value)} (a list of texts)")
    texts = tuple(item for item in value if isinstance(item, str))
    if len(texts) != len(value):
        raise RowRefused("bad-field", f"field {name} holds something that is no text")
    return texts


def _limits(given: Row) -> Limits:
    for name, value in given.items():
        if name not in _LIMITS:
            message = f"limits: {str(name)[:60]!r} is not known (known: {', '.join(_RANGES)})"
            raise RowRefused("unknown-field", message)
        low, high = _RANGES[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:  # type: ignore[operator]
            raise RowRefused("bad-field", f"limits: {name} (a number from {low:g} to {high:g})")
        if name.endswith(("_mib", "_kib")) and not isinstance(value, int):
            raise RowRefused("bad-field", f"limits: {name} (a whole number)")
    return Limits(**given)  # type: ignore[arg-type]


def _checker(row: Row, folder: Path | None) -> str:
    checker = optional_text(row, "checker") or "tokens"
    if not checker.startswith("program:"):
        return checker
    if folder is None:
        message = "a checker program of a file that is not local (a file on this machine)"
        raise RowRefused("bad-field", message)
    return found_from(checker, folder)
