"""Contest snapshots: what was official when a contest ended, as a file.

A rating can be worked out again at any time, offline, from the same rows. One object a contest,
with its standings and the ratings that its participants came with; see docs/codeforces.md. No
handles are kept, since nothing needs them.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeGuard, cast

from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.codeforces.json_file import (
    Fields,
    is_number,
    is_whole,
    load,
    load_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = 1
WHAT = "contest snapshot"
Style = Literal["CF", "ICPC"]
STYLES = ("CF", "ICPC")
MAX_RATING = 10_000  # either way; the best ever is near 4,000


class Row(NamedTuple):
    """One line of the official standings.

    Attributes:
        points: of the participant; with ICPC the number of solved problems.
        penalty: with ICPC in minutes; 0 with CF.
        rank: as published, from 1.
        old_rating: before the contest; None where it did not count for them.
    """

    points: float
    penalty: float
    rank: int
    old_rating: int | None


@dataclass(frozen=True, slots=True)
class ContestProblem:
    """A problem in its contest.

    Attributes:
        letter: `A`, `B`, `F1`.
        points: what it was worth at the start; None where solving counts as 1 (ICPC).
        rating: its difficulty, where known.
        tags: as published.
    """

    letter: str
    points: float | None = None
    rating: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contest:
    """A contest with its official standings.

    Attributes:
        id: as Codeforces numbers it.
        name: as published.
        style: how it was scored.
        start: ISO 8601; "" where unknown.
        problems: in their order.
        rows: in any order.
    """

    id: str
    name: str
    style: Style
    start: str
    problems: tuple[ContestProblem, ...]
    rows: tuple[Row, ...]

    @property
    def rated(self) -> tuple[Row, ...]:
        """The rows of those for whom it counted."""
        return tuple(row for row in self.rows if row.old_rating is not None)


def read_snapshot(path: Path) -> Iterator[Contest]:
    """The contests of a snapshot file, one at a time; of a `.jsonl` file only one is in memory.

    A file is JSONL when its name holds `.jsonl`; else JSON, an object or a list of objects. Either
    may be packed with gzip.

    Raises:
        InputError: the file cannot be read, is of another version, or a field is not what it must
            be; the message names the place. Or a contest is in it twice, or none at all.
    """
    seen: set[str] = set()
    for place, value in _objects(path):
        contest = contest_of(value, place)
        if contest.id in seen:
            raise InputError(
                f"{place}: contest {contest.id} is there twice. Remove one of the two."
            )
        seen.add(contest.id)
        yield contest
    if not seen:
        raise InputError(f"{WHAT} is empty: {path} (a contest at least). Convert one into it.")


def _objects(path: Path) -> Iterator[tuple[str, object]]:
    if ".jsonl" in path.name:
        for number, value in load_lines(path, WHAT):
            yield f"{WHAT} {path} line {number}", value
        return
    whole = load(path, WHAT)
    for number, value in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield f"{WHAT} {path} contest {number}", value


def contest_of(value: object, place: str) -> Contest:
    """The contest that a JSON object holds.

    Raises:
        InputError: another version, or a field that is not what it must be.
    """
    fields = Fields.of(value, place)
    if fields.values.get("version") != VERSION:
        raise fields.refuse("version", f"this deepcoder reads version {VERSION}")
    style = fields.text("type")
    if style not in STYLES:
        raise fields.refuse("type", " or ".join(STYLES))
    return Contest(
        id=_id(fields),
        name=fields.text("name"),
        style=cast(Style, style),
        start=fields.date("start"),
        problems=_problems(fields),
        rows=tuple(_row(row, n, fields) for n, row in enumerate(fields.items("rows"), 1)),
    )


def _id(fields: Fields) -> str:
    """Contest ids are numbers, but people may well write them as text."""
    value = fields.values.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise fields.refuse("id", "a number or a text")
    return str(value)


def _problems(fields: Fields) -> tuple[ContestProblem, ...]:
    found = tuple(
        _problem(Fields.of(value, f"{fields.place} problem {number}"))
        for number, value in enumerate(fields.items("problems"), 1)
    )
    letters = [problem.letter for problem in found]
    if not found or len(set(letters)) < len(letters):
        raise fields.refuse("problems", "one at least, each letter once")
    return found


def _problem(fields: Fields) -> ContestProblem:
    rating = fields.optional_number("rating")
    tags = fields.items("tags", [])
    if not all(isinstance(tag, str) for tag in tags):
        raise fields.refuse("tags", "a list of texts")
    return ContestProblem(
        letter=fields.text("letter"),
        points=fields.optional_number("points"),
        rating=None if rating is None else int(rating),
        tags=tuple(cast(list[str], tags)),
    )


def _row(value: object, number: int, fields: Fields) -> Row:
    match value:
        case [points, penalty, rank, old] if (
            is_number(points) and is_number(penalty) and is_whole(rank) and _is_rating(old)
        ):
            return Row(points, penalty, rank, old)
    msg = f"{fields.place} row {number} is {json.dumps(value)[:60]}"
    wanted = f"[points, penalty, rank, old rating of at most {MAX_RATING}, or null]"
    raise InputError(f"{msg} ({wanted}). Mend the file.")


def _is_rating(value: object) -> TypeGuard[int | None]:
    return value is None or (is_whole(value) and abs(value) <= MAX_RATING)


def to_json(contest: Contest) -> dict[str, object]:
    """The object that `contest_of` reads back.

    >>> row = Row(1.0, 12.0, 1, 1500)
    >>> contest = Contest("1", "One", "ICPC", "", (ContestProblem("A"),), (row,))
    >>> contest_of(to_json(contest), "here") == contest
    True
    """
    return {
        "version": VERSION, "id": contest.id, "name": contest.name, "type": contest.style,
        "start": contest.start,
        "problems": [
            {"letter": p.letter, "points": p.points, "rating": p.rating, "tags": list(p.tags)}
            for p in contest.problems
        ],
        "rows": [list(row) for row in contest.rows],
    }  # fmt: skip


def write_snapshot(contests: Iterable[Contest], path: Path) -> int:
    """Write a snapshot as JSONL, packed where the name ends in `.gz`; how many contests.

    The file is replaced as a whole when all contests are written; equal contests give equal bytes.
    With no contest nothing is written.

    Raises:
        OutputError: it cannot be written, or its name is not that of a JSONL file.
    """
    if ".jsonl" not in path.name:
        msg = f"not the name of a snapshot: {path} (it ends in .jsonl or .jsonl.gz)."
        raise OutputError(f"{msg} Choose another.")
    count = 0
    try:
        descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for contest in contests:
                    line = json.dumps(to_json(contest), separators=(",", ":"), ensure_ascii=False)
                    data = line.encode("utf-8", "surrogatepass") + b"\n"
                    # a gzip file may be several, one after another: no state to keep
                    file.write(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
                    count += 1
            if count:
                Path(made).chmod(0o666 & ~_umask())
                Path(made).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(made).unlink()
    except OSError as error:
        msg = f"snapshot cannot be written: {path} ({error.strerror}). Choose another place."
        raise OutputError(msg) from error
    return count


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
