"""From the verdicts of a run to a rating: contest by contest, with what was left out and why."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.codeforces.attempts import attempts_of
from deepcoder_cli.evaluate.codeforces.percentile import NO_TABLE
from deepcoder_cli.evaluate.codeforces.rating import (
    MIN_RATED_ROWS,
    ContestRating,
    contest_rating,
    mean_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deepcoder_cli.evaluate.codeforces.attempts import Attempts
    from deepcoder_cli.evaluate.codeforces.percentile import RatingTable
    from deepcoder_cli.evaluate.codeforces.snapshot import Contest
    from deepcoder_cli.evaluate.records import SampleVerdict
    from deepcoder_cli.evaluate.run_info import ProblemInfo


@dataclass(frozen=True, slots=True)
class ContestRow:
    """One contest of a run.

    Attributes:
        id: and `name`, `start`, as in the snapshot.
        solved: letters, each with the failed attempts before the accepted one.
        asked: letters of the problems that the run has verdicts on.
        missing: letters of the contest's other problems, which count as unsolved.
        result: score, rank, rating.
    """

    id: str
    name: str
    start: str
    solved: tuple[tuple[str, int], ...]
    asked: tuple[str, ...]
    missing: tuple[str, ...]
    result: ContestRating


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A contest (or a problem) that does not count, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodeforcesResult:
    """The rating of a run.

    Attributes:
        rating: mean over `contests`; None where there are none.
        interval: 95 %, by bootstrap over contests; None for fewer than two.
        percentile: of `rating` in `table`; None without a table, or a rating.
        percentile_interval: of the ends of `interval`.
        table: name, date and size of the rating table, or `no rating table given`.
        table_is: the published table that it agrees with; "" where none.
        contests: those that count, by id.
        skipped: contests that do not, with reasons.
        unplaced: problems that belong to no contest, with reasons.
        attempts: the most that a problem was given.
        checker: what made the verdicts; "" where there are none.
        sample_graded: whether only the statement's samples were the tests of a problem that counts;
            then the rating can be too high.
    """

    rating: float | None
    interval: tuple[float, float] | None
    percentile: float | None
    percentile_interval: tuple[float, float] | None
    table: str
    table_is: str
    contests: tuple[ContestRow, ...]
    skipped: tuple[LeftOut, ...]
    unplaced: tuple[LeftOut, ...]
    attempts: int
    checker: str
    sample_graded: bool


def codeforces_summary(
    snapshot: Iterable[Contest],
    problems: Iterable[ProblemInfo],
    verdicts: Iterable[SampleVerdict],
    *,
    attempts: int | None = None,
    table: RatingTable | None = None,
    seed: int = 0,
) -> CodeforcesResult:
    """The rating that the verdicts of one checker at one budget earn.

    A sample's index is its place among the attempts. One without a program is a failed attempt.
    The snapshot's points count; those of `problems` are for display.

    Args:
        snapshot: contests, in any order; those the run did not touch are passed over.
        problems: of the run, with `contest` and `letter`.
        verdicts: at most one for each problem and index.
        attempts: use the first so many only; None uses all (CodeElo gives 8).
        table: for the percentile.
        seed: of the bootstrap.

    Raises:
        InputError: verdicts of two checkers, or two for one attempt: choose one budget.
        DeepcoderError: the judge itself failed on an attempt, so there is no honest rating.
    """
    tried = attempts_of(verdicts, attempts)
    by_contest, unplaced = _by_contest(p for p in problems if p.id in tried.by_problem)
    rows: list[ContestRow] = []
    skipped: list[LeftOut] = []
    sample_graded = False
    for contest in snapshot:
        asked = by_contest.pop(contest.id, None)
        if asked is None:
            continue
        unplaced += _unknown_letters(contest, asked)
        row = _row(contest, asked, tried) if asked else "none of its problems was asked"
        if isinstance(row, ContestRow):
            rows.append(row)
            sample_graded |= any(info.sample_graded for info in asked.values())
        else:
            skipped.append(LeftOut(contest.id, row))
    skipped += [LeftOut(contest, "not in the snapshot") for contest in by_contest]
    return _result(rows, skipped, unplaced, tried, table, seed, sample_graded)


def _by_contest(
    infos: Iterable[ProblemInfo],
) -> tuple[dict[str, dict[str, ProblemInfo]], list[LeftOut]]:
    """The problems by contest and letter, and those that have no place of their own."""
    found: dict[str, dict[str, ProblemInfo]] = defaultdict(dict)
    unplaced: list[LeftOut] = []
    for info in infos:
        if info.contest is None or info.letter is None:
            unplaced.append(LeftOut(info.id, "its contest or letter is not known"))
        elif info.letter in found[info.contest]:
            unplaced.append(LeftOut(info.id, f"another is {info.contest}{info.letter} too"))
        else:
            found[info.contest][info.letter] = info
    return found, unplaced


def _unknown_letters(contest: Contest, asked: dict[str, ProblemInfo]) -> list[LeftOut]:
    """Take the problems out of `asked` that the contest does not have."""
    letters = {problem.letter for problem in contest.problems}
    return [
        LeftOut(asked.pop(letter).id, f"contest {contest.id} has no {letter} in the snapshot")
        for letter in sorted(asked.keys() - letters)
    ]


def _row(contest: Contest, asked: Mapping[str, ProblemInfo], tried: Attempts) -> ContestRow | str:
    """The contest's row, or why it does not count."""
    failed = {letter: tried.failed_before(info.id) for letter, info in asked.items()}
    solved = {letter: count for letter, count in failed.items() if count is not None}
    result = contest_rating(contest, solved)
    if result is None:
        return f"{len(contest.rated)} rated rows (at least {MIN_RATED_ROWS} are needed)"
    letters = [problem.letter for problem in contest.problems]
    return ContestRow(
        contest.id, contest.name, contest.start,
        solved=tuple((letter, solved[letter]) for letter in letters if letter in solved),
        asked=tuple(letter for letter in letters if letter in asked),
        missing=tuple(letter for letter in letters if letter not in asked),
        result=result,
    )  # fmt: skip


def _result(
    rows: list[ContestRow],
    skipped: list[LeftOut],
    unplaced: list[LeftOut],
    tried: Attempts,
    table: RatingTable | None,
    seed: int,
    sample_graded: bool,
) -> CodeforcesResult:
    rows.sort(key=lambda row: _natural(row.id))
    ratings = [row.result.rating for row in rows]
    rating = math.fsum(ratings) / len(ratings) if ratings else None
    interval = mean_interval(ratings, seed=seed)
    anchor = table.same_as() if table else None
    return CodeforcesResult(
        rating=rating,
        interval=interval,
        percentile=table.percentile(rating) if table and rating is not None else None,
        percentile_interval=(table.percentile(interval[0]), table.percentile(interval[1]))
        if table and interval
        else None,
        table=table.title if table else NO_TABLE,
        table_is=anchor.table if anchor else "",
        contests=tuple(rows),
        skipped=tuple(sorted(skipped, key=lambda left: _natural(left.id))),
        unplaced=tuple(sorted(unplaced, key=lambda left: left.id)),
        attempts=tried.most,
        checker=tried.checker,
        sample_graded=sample_graded,
    )


def _natural(name: str) -> tuple[int, str]:
    """Contest 987 before 1994."""
    return (len(name), name)
