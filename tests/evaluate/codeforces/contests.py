"""Contests made for tests, and a rating worked out in the slowest way."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from deepcoder_cli.evaluate.codeforces.snapshot import Contest, ContestProblem, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepcoder_cli.evaluate.codeforces.snapshot import Style

API = Path(__file__).parent / "api"


def contest(
    name: str = "1994",
    *,
    participants: int = 300,
    style: Style = "CF",
    seed: int = 1,
    ratings: tuple[int, int] = (0, 3000),
) -> Contest:
    """A contest of A, B, C and D, whose better players tend to be higher up."""
    rng = Random(f"{name}/{seed}")
    results = []
    for _ in range(participants):
        old = rng.randint(*ratings)
        solved = sum(rng.random() < old / ratings[1] for _ in range(4))
        if style == "CF":
            points = sum((500, 1000, 1500, 2000)[:solved])
            results.append((max(0, points - 50 * rng.randint(0, 9)), 0, old))
        else:
            results.append((solved, rng.randint(0, 120) * solved, old))
    results.sort(key=lambda result: (-result[0], result[1]))
    rows = tuple(Row(p, q, rank, old) for rank, (p, q, old) in enumerate(results, 1))
    points = (500, 1000, 1500, 2000) if style == "CF" else (None,) * 4
    problems = tuple(ContestProblem(a, b) for a, b in zip("ABCD", points, strict=True))
    start = "2024-07-20T14:35:00Z"
    return Contest(name, f"Round {name}", style, start, problems, rows)


def slow_rating(
    made: Contest, statuses: Mapping[str, Sequence[str]]
) -> tuple[float, float, int, int] | None:
    """Points, penalty, rank and rating, row by row and rating by rating; None for few rows."""
    rows = [row for row in made.rows if row.old_rating is not None]
    if len(rows) <= 200:
        return None
    points = penalty = 0.0
    for problem in made.problems:
        for attempt, status in enumerate(statuses.get(problem.letter, ())):
            if status == "AC":
                if problem.points is not None:
                    points += max(0.0, problem.points - 50 * attempt)
                else:
                    points, penalty = points + 1, penalty + 10 * attempt
                break
    standings = sorted(rows, key=lambda row: (-row.points, row.penalty))
    rank = len(standings)
    for place, row in enumerate(standings):
        if row.points < points or (row.points == points and row.penalty > penalty):
            rank = place
            break
    best = max(row.old_rating or 0 for row in rows)
    rating = 0
    for candidate in range(best + 100):
        expected = 1.0
        for row in rows:
            expected += 1 / (1 + 10 ** ((candidate - (row.old_rating or 0)) / 400))
        if expected >= rank:
            rating = candidate
    return points, penalty, rank, rating


def answers(made: Contest, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the API answers of a contest: contest.standings and contest.ratingChanges."""
    number = int(made.id)
    rows = [
        {
            "party": {
                "contestId": number,
                "members": [{"handle": f"user{place}"}],
                "participantType": "CONTESTANT",
                "ghost": False,
            },
            "rank": row.rank, "points": float(row.points), "penalty": int(row.penalty),
            "successfulHackCount": 0, "unsuccessfulHackCount": 0, "problemResults": [],
        }
        for place, row in enumerate(made.rows)
    ]  # fmt: skip
    problems = [
        {"contestId": number, "index": p.letter, "name": p.letter, "type": "PROGRAMMING"}
        | ({} if p.points is None else {"points": float(p.points)})
        | {"tags": []}
        for p in made.problems
    ]
    head = {
        "id": number, "name": made.name, "type": made.style, "phase": "FINISHED",
        "frozen": False, "durationSeconds": 7200, "startTimeSeconds": 1721486100, **more,
    }  # fmt: skip
    changes = [
        {
            "contestId": number, "contestName": made.name, "handle": f"user{place}",
            "rank": row.rank, "ratingUpdateTimeSeconds": 1721493300,
            "oldRating": row.old_rating, "newRating": row.old_rating,
        }
        for place, row in enumerate(made.rows)
        if row.old_rating is not None
    ]  # fmt: skip
    standings = {"contest": head, "problems": problems, "rows": rows}
    return {"status": "OK", "result": standings}, {"status": "OK", "result": changes}
