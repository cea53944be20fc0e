"""From the public API's answers, saved as files, to a contest snapshot.

The API's methods are contest.standings and contest.ratingChanges; docs/codeforces.md has the
commands that save their answers. Nothing is fetched here. Only official participants are kept
(`CONTESTANT`), each with the rating before the contest where one changed; a team goes by its first
member. A contest that was never rated, or is scored in another way than CF or ICPC, is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.codeforces.json_file import Fields, load
from deepcoder_cli.evaluate.codeforces.snapshot import (
    STYLES,
    Contest,
    ContestProblem,
    Row,
    Style,
    contest_of,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WHAT = "API answer"
MAX_MISSING = 0.01  # of the rating changes; more means that the standings are not whole
_STANDINGS = re.compile(r"standings-(\w+?)(?:-(\d+))?\.json(?:\.gz)?")
_CHANGES = "ratings-{}.json"


@dataclass(frozen=True, slots=True)
class Converted:
    """A contest from the API's answers.

    Attributes:
        contest: whole.
        unofficial: how many rows were left out as not official.
        without_row: how many rating changes belong to nobody in the standings.
    """

    contest: Contest
    unofficial: int
    without_row: int


@dataclass(frozen=True, slots=True)
class NotConverted:
    """A contest of which no snapshot can be made, and the reason in one line."""

    id: str
    reason: str


def convert_folder(folder: Path) -> Iterator[Converted | NotConverted]:
    """Every contest of a folder with `standings-ID.json` and `ratings-ID.json`, by id.

    Standings saved in several pages are `standings-ID-1.json`, `standings-ID-2.json` and so on.

    Raises:
        InputError: the folder cannot be read, or holds no standings.
    """
    pages: dict[str, list[tuple[int, Path]]] = {}
    try:
        for path in folder.iterdir():
            if found := _STANDINGS.fullmatch(path.name):
                pages.setdefault(found[1], []).append((int(found[2] or 0), path))
    except OSError as error:
        msg = f"folder of API answers cannot be read: {folder} ({error.strerror})."
        raise InputError(f"{msg} Check the path.") from error
    if not pages:
        raise InputError(f"no API answers in {folder} (standings-ID.json). Save them there.")
    for contest in sorted(pages, key=lambda name: (len(name), name)):
        try:
            yield _convert_files([path for _, path in sorted(pages[contest])], folder, contest)
        except InputError as error:
            yield NotConverted(contest, str(error))


def _convert_files(standings: list[Path], folder: Path, contest: str) -> Converted:
    changes = folder / _CHANGES.format(contest)
    if not changes.exists() and changes.with_name(f"{changes.name}.gz").exists():
        changes = changes.with_name(f"{changes.name}.gz")
    pages = [result_of(load(path, WHAT), f"{WHAT} {path}") for path in standings]
    return convert(pages, result_of(load(changes, WHAT), f"{WHAT} {changes}"), contest)


def result_of(answer: object, place: str) -> object:
    """What an answer of the API holds.

    Raises:
        InputError: it is none, or says that it failed; the API's own words are in the message.
    """
    fields = Fields.of(answer, place)
    if fields.values.get("status") != "OK" or "result" not in fields.values:
        said = str(fields.values.get("comment", "no status OK and result"))[:200]
        raise InputError(f"{place} is a failure: {said} (status OK is wanted). Fetch it again.")
    return fields.values["result"]


def convert(standings: Sequence[object], changes: object, name: str) -> Converted:
    """A contest from the results of contest.standings and contest.ratingChanges.

    Args:
        standings: one result, or the results of several pages in their order.
        changes: the other result.
        name: of the contest, for messages.

    Raises:
        InputError: the contest is not over, was not rated or is scored in another way; the pages
            overlap, or lack more than 1 % of those whose rating changed; or a field is not what the
            API says it is.
    """
    pages = [Fields.of(page, f"standings of contest {name}") for page in standings]
    contest = Fields.of(pages[0].values.get("contest"), f"contest {name}")
    old = _old_ratings(changes, name)
    rows, unofficial, handles = _rows(pages, old)
    without_row = len(old.keys() - handles)
    if without_row > MAX_MISSING * len(old):
        msg = f"standings of contest {name} lack {without_row:,} of {len(old):,} rated participants"
        raise InputError(f"{msg} (1 % at most). Fetch them without from and count, or all pages.")
    made = Contest(
        id=str(contest.integer("id")), name=contest.text("name"), style=_style(contest),
        start=_start(contest), problems=_problems(pages[0]), rows=rows,
    )  # fmt: skip
    return Converted(contest_of(to_json(made), f"contest {name}"), unofficial, without_row)


def _style(contest: Fields) -> Style:
    if contest.text("phase", "FINISHED") != "FINISHED":
        raise contest.refuse("phase", "FINISHED; its standings can still change")
    style = contest.text("type")
    if style not in STYLES:
        raise contest.refuse("type", f"{' or '.join(STYLES)}; other scoring is not covered")
    return cast(Style, style)


def _start(contest: Fields) -> str:
    if contest.optional_number("startTimeSeconds") is None:
        return ""
    try:
        start = datetime.fromtimestamp(contest.integer("startTimeSeconds"), UTC)
    except (OverflowError, ValueError, OSError):
        raise contest.refuse("startTimeSeconds", "seconds since 1970") from None
    return start.strftime("%Y-%m-%dT%H:%M:%SZ")


def _problems(page: Fields) -> tuple[ContestProblem, ...]:
    found = []
    for number, value in enumerate(page.items("problems"), 1):
        fields = Fields.of(value, f"{page.place} problem {number}")
        rating = fields.optional_number("rating")
        found.append(
            ContestProblem(
                letter=fields.text("index"),
                points=fields.optional_number("points"),
                rating=None if rating is None else int(rating),
                tags=tuple(str(tag) for tag in fields.items("tags", [])),
            )
        )
    return tuple(found)


def _old_ratings(changes: object, name: str) -> dict[str, int]:
    if not isinstance(changes, list) or not changes:
        msg = f"contest {name} has no rating changes (it was not rated, or not yet)."
        raise InputError(f"{msg} Leave it out.")
    place = f"rating changes of contest {name}"
    fields = (Fields.of(change, f"{place} number {n}") for n, change in enumerate(changes, 1))
    return {change.text("handle"): change.integer("oldRating") for change in fields}


def _rows(pages: Sequence[Fields], old: dict[str, int]) -> tuple[tuple[Row, ...], int, set[str]]:
    """The official rows, how many others there are, and the handles of the official ones."""
    rows: list[Row] = []
    handles: set[str] = set()
    unofficial = 0
    for page in pages:
        for number, value in enumerate(page.items("rows"), 1):
            row = Fields.of(value, f"{page.place} row {number}")
            party = Fields.of(row.values.get("party"), f"{row.place} party")
            if party.text("participantType", "CONTESTANT") != "CONTESTANT":
                unofficial += 1
                continue
            handle = _handle(party)
            if handle in handles:
                msg = f"{row.place}: {handle} is there twice (pages that overlap?)."
                raise InputError(f"{msg} Fetch the standings again.")
            handles.add(handle)
            points, penalty = row.number("points"), row.number("penalty")
            rows.append(Row(points, penalty, row.integer("rank"), old.get(handle)))
    return tuple(rows), unofficial, handles


def _handle(party: Fields) -> str:
    members = party.items("members")
    if not members:
        raise party.refuse("members", "one at least")
    return Fields.of(members[0], f"{party.place} member 1").text("handle")
