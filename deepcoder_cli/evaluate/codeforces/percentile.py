"""Percentiles of a rating in a table of users' ratings, which always has a name.

The same rating is at different percentiles in different tables, so a percentile without its table
says nothing. deepcoder ships no table: the two that published figures used are known here by what
they give for one rating (`ANCHORS`), and `same_as` tells whether a table of yours is one of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.codeforces.json_file import Fields, is_number, is_whole, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHAT = "rating table"
NO_TABLE = "no rating table given"
FORMS = "a list of ratings, an object of rating to count, or an object with ratings or counts"


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is published of a table that is not.

    Attributes:
        table: what it is known as.
        rating: and its `percentile` there, to one digit.
        users: how many it holds; None where that is not published.
    """

    table: str
    rating: float
    percentile: float
    users: int | None


ANCHORS = (
    Anchor("the model card's table (users of 2024)", 1936.4, 95.3, 89_352),
    Anchor("CodeElo's table", 1936.4, 97.2, None),
)


@dataclass(frozen=True, slots=True)
class RatingTable:
    """Ratings of users.

    Attributes:
        name: what reports call it.
        date: of the ratings, ISO 8601; "" where unknown.
        source: where they are from; "" where unknown.
        ratings: the different ones, in order.
        below: how many users are below each of them.
        users: how many there are.
    """

    name: str
    date: str
    source: str
    ratings: tuple[float, ...]
    below: tuple[int, ...]
    users: int

    @property
    def title(self) -> str:
        """Name, date and size, as reports print it."""
        return f"{self.name}{f' of {self.date}' if self.date else ''} ({self.users:,} users)"

    def percentile(self, rating: float) -> float:
        """The share of users rated below `rating`, in percent."""
        place = bisect_left(self.ratings, rating)
        below = self.below[place] if place < len(self.ratings) else self.users
        return 100 * below / self.users

    def same_as(self) -> Anchor | None:
        """The published table that this one can be: it gives its percentile, and is of its size."""
        for anchor in ANCHORS:
            agrees = round(self.percentile(anchor.rating), 1) == anchor.percentile
            if agrees and anchor.users in {None, self.users}:
                return anchor
        return None


def table_of(
    counts: Mapping[float, int], *, name: str, date: str = "", source: str = ""
) -> RatingTable:
    """The table in which each rating of `counts` is that many users'.

    Raises:
        InputError: there are no users.

    >>> table = table_of({1200: 3, 1900: 1}, name="four users")
    >>> [table.percentile(rating) for rating in (1200, 1201, 1900, 2000)]
    [0.0, 75.0, 75.0, 100.0]
    """
    ratings = sorted(rating for rating, count in counts.items() if count)
    ends = list(accumulate(counts[rating] for rating in ratings))
    if not ratings:
        raise InputError(f"{WHAT} is empty: {name} (a user at least). Give another.")
    return RatingTable(name, date, source, tuple(ratings), (0, *ends[:-1]), ends[-1])


def read_table(path: Path) -> RatingTable:
    """A rating table from a JSON file (gzip or not); docs/codeforces.md says its forms.

    Bare lists, bare objects of rating to count (as CodeElo's and rLLM's scripts read them) and
    answers of the API's user.ratedList are known by their file's name.

    Raises:
        InputError: the file cannot be read, holds no table, or something in it is no rating.
    """
    place = f"{WHAT} {path}"
    value = load(path, WHAT)
    if isinstance(value, list):
        return table_of(_of_list(value, place), name=path.name)
    fields = Fields.of(value, place)
    if fields.values.get("status") == "OK" and "result" in fields.values:
        return table_of(_of_users(fields), name=path.name, source="user.ratedList")
    if not {"ratings", "counts"} & set(fields.values):
        return table_of(_of_object(fields.values, place), name=path.name)
    if "ratings" in fields.values:
        counts = _of_list(fields.items("ratings"), place)
    else:
        counts = _counts(fields)
    name = fields.text("name")
    return table_of(counts, name=name, date=fields.date("date"), source=fields.text("source", ""))


def _counts(fields: Fields) -> dict[float, int]:
    value = fields.values["counts"]
    if isinstance(value, dict):
        return _of_object(value, fields.place)
    counts: Counter[float] = Counter()
    for number, row in enumerate(fields.items("counts"), 1):
        match row:
            case [rating, count] if is_number(rating) and is_whole(count) and count >= 0:
                counts[rating] += count
            case _:
                msg = f"{fields.place}: row {number} of counts is {row!r:.60}"
                raise InputError(f"{msg} ([rating, how many users]). Mend the file.")
    return counts


def _of_list(values: list[object], place: str) -> dict[float, int]:
    for number, value in enumerate(values, 1):
        if not is_number(value):
            msg = f"{place}: rating {number} is {value!r:.60} (a number)."
            raise InputError(f"{msg} Mend the file.")
    return Counter(values)  # type: ignore[arg-type]  # numbers, as was just checked


def _of_object(values: dict[str, object], place: str) -> dict[float, int]:
    counts: Counter[float] = Counter()
    for key, count in values.items():
        rating = _rating(key)
        if rating is None or not is_whole(count) or count < 0:
            msg = f"{place} is no table: {key!r:.60} is {count!r:.60} ({FORMS})."
            raise InputError(f"{msg} Mend the file.")
        counts[rating] += count
    return counts


def _rating(key: str) -> float | None:
    try:
        value = float(key)
    except ValueError:
        return None
    return value if is_number(value) else None


def _of_users(answer: Fields) -> dict[float, int]:
    users = answer.items("result")
    return Counter(
        Fields.of(user, f"{answer.place} user {number}").number("rating")
        for number, user in enumerate(users, 1)
    )
