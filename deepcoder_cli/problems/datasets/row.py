"""What a row of any data set becomes: a problem with its tests, or a reason why it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepcoder_cli.types import Problem


@dataclass(frozen=True, slots=True)
class DatasetProblem:
    """A problem of a data set.

    Attributes:
        problem: `examples` are the tests that the statement shows, `tests` those it does not.
        source: the format it was read from, such as `livecodebench`.
        solutions: official or collected programs, not verified here.
        difficulty: the data set's own word.
        platform: where it is from, lower case: `atcoder`, `leetcode`, `codeforces`.
        date: of its contest, ISO 8601, as precise as given.
        url: of its page.
        tags: the data set's own words.
        contest: the contest's id, and `letter` the problem's place in it.
    """

    problem: Problem
    source: str
    solutions: tuple[str, ...] = ()
    difficulty: str | None = None
    platform: str | None = None
    date: str | None = None
    url: str | None = None
    tags: tuple[str, ...] = ()
    contest: str | None = None
    letter: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no problem.

    Attributes:
        place: file and line (or row), for people.
        id: the row's own id, where it has one.
        kind: a short stable word to count by, such as `no-tests`.
        reason: one line.
    """

    place: str
    id: str | None
    kind: str
    reason: str
