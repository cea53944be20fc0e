"""From verdicts to a rating: which contests count, what is left out, and what must be said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import DeepcoderError, InputError
from deepcoder_cli.evaluate.codeforces import codeforces_summary, lines
from deepcoder_cli.evaluate.codeforces.percentile import table_of
from deepcoder_cli.evaluate.codeforces.rating import mean_interval
from deepcoder_cli.evaluate.records import SampleVerdict
from deepcoder_cli.evaluate.run_info import ProblemInfo
from tests.evaluate.codeforces.contests import contest, slow_rating

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GOLDEN = Path(__file__).parent / "golden"
SNAPSHOT = [
    contest("1994"),
    contest("1999", style="ICPC"),
    contest("2002", participants=200),
    contest("987"),
]


def info(problem: str, *, sample_graded: bool = False) -> ProblemInfo:
    """`1994A` as the problem A of contest 1994."""
    number, letter = problem[:-1], problem[-1]
    return ProblemInfo(
        problem, problem, "Solve it.", 3, sample_graded=sample_graded, contest=number, letter=letter
    )


def verdicts(
    statuses: Mapping[str, Iterable[str]], checker: str = "strict/1"
) -> list[SampleVerdict]:
    """The verdicts on each problem's attempts, the last attempt first."""
    made = [
        SampleVerdict(f"{problem}#{i}", checker, v, problem, i, 0, 3, None, "", None, 0.1)
        for problem, all_of_it in statuses.items()
        for i, v in enumerate(all_of_it)
    ]
    return made[::-1]


RUN = {
    "1994A": ["WA", "AC", "AC"], "1994B": ["NP", "TLE", "AC"], "1994C": ["WA", "WA", "RE"],
    "1999A": ["AC", "AC", "WA"], "1999B": ["WA", "AC", "WA"], "1999C": ["MLE", "OLE", "CE"],
    "1999D": ["WA", "WA", "WA"], "987A": ["AC", "AC", "AC"], "2002A": ["AC", "AC", "AC"],
    "777A": ["AC", "AC", "AC"], "1994Z": ["AC", "AC", "AC"],
}  # fmt: skip
INFOS = [info(problem) for problem in RUN]


def test_the_rating_is_the_mean_over_the_contests_that_count() -> None:
    result = codeforces_summary(SNAPSHOT, INFOS, verdicts(RUN))

    slow = {
        made.id: slow_rating(
            made, {problem[-1]: tries for problem, tries in RUN.items() if problem[:-1] == made.id}
        )
        for made in SNAPSHOT
    }
    assert [row.id for row in result.contests] == ["987", "1994", "1999"]
    for row in result.contests:
        found = row.result
        assert (found.score.points, found.score.penalty, found.rank, found.rating) == slow[row.id]
    ratings = [row.result.rating for row in result.contests]
    assert result.rating == pytest.approx(sum(ratings) / 3)
    assert result.interval == mean_interval(ratings)
    assert (result.attempts, result.checker) == (3, "strict/1")
    assert (result.percentile, result.table) == (None, "no rating table given")
    assert result.contests[1].solved == (("A", 1), ("B", 2))
    assert result.contests[1].asked == ("A", "B", "C")
    assert result.contests[1].missing == ("D",)


def test_what_does_not_count_is_listed_with_its_reason() -> None:
    result = codeforces_summary(SNAPSHOT, [*INFOS, info("5A"), info("1994D")], verdicts(RUN))

    assert [(left.id, left.reason) for left in result.skipped] == [
        ("777", "not in the snapshot"),
        ("2002", "200 rated rows (at least 201 are needed)"),
    ]
    assert [(left.id, left.reason) for left in result.unplaced] == [
        ("1994Z", "contest 1994 has no Z in the snapshot")
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["1994A", "1994B", "1999A", "1999D", "987C"]),
        st.lists(st.sampled_from(["AC", "WA", "NP", "TLE"]), min_size=1, max_size=4),
        min_size=1,
    ),
    st.none() | st.integers(1, 4),
)
def test_any_attempts_give_the_slow_references_rating(
    statuses: dict[str, list[str]], limit: int | None
) -> None:
    small = [
        contest(made.id, style=made.style, participants=210, ratings=(0, 300)) for made in SNAPSHOT
    ]
    result = codeforces_summary(
        small, [info(problem) for problem in statuses], verdicts(statuses), attempts=limit
    )

    for row in result.contests:
        made = next(one for one in small if one.id == row.id)
        tries = {p[-1]: all_of[:limit] for p, all_of in statuses.items() if p[:-1] == row.id}
        slow = slow_rating(made, tries)
        assert slow is not None
        assert row.result.rating == slow[3]
    assert {row.id for row in result.contests} == {problem[:-1] for problem in statuses}


def test_only_the_first_attempts_count_where_a_limit_is_set() -> None:
    one = codeforces_summary(SNAPSHOT, INFOS, verdicts(RUN), attempts=1)
    first = codeforces_summary(
        SNAPSHOT, INFOS, verdicts({problem: tries[:1] for problem, tries in RUN.items()})
    )

    assert one == first
    assert one.attempts == 1


def test_points_of_the_problem_list_do_not_count() -> None:
    priced = [replace(one, points=9999.0) for one in INFOS]

    assert codeforces_summary(SNAPSHOT, priced, verdicts(RUN)) == codeforces_summary(
        SNAPSHOT, INFOS, verdicts(RUN)
    )


def test_sample_graded_is_said_where_a_problem_that_counts_has_only_samples() -> None:
    def graded(problem: str) -> bool:
        infos = [info(name, sample_graded=name == problem) for name in RUN]
        return codeforces_summary(SNAPSHOT, infos, verdicts(RUN)).sample_graded

    assert graded("1994C")
    assert not graded("2002A")  # its contest does not count
    assert not graded("1994Z")
    assert not graded("none")


def test_a_percentile_comes_with_its_table_and_interval() -> None:
    table = table_of({1000: 953, 2500: 47}, name="a thousand", date="2025-01-01")
    result = codeforces_summary(SNAPSHOT, INFOS, verdicts(RUN), table=table)

    assert result.rating is not None
    assert result.interval is not None
    assert result.percentile == table.percentile(result.rating) == 95.3
    assert result.percentile_interval == tuple(map(table.percentile, result.interval))
    assert result.table == "a thousand of 2025-01-01 (1,000 users)"
    assert result.table_is == ""


def test_a_fault_of_the_judge_refuses_the_rating() -> None:
    with pytest.raises(DeepcoderError, match="the judge failed on 1 attempts") as error:
        codeforces_summary(SNAPSHOT, INFOS, verdicts({"1994A": ["AC", "IE"]}))

    assert "1994A" in str(error.value)
    assert not isinstance(error.value, InputError)


def test_verdicts_of_two_checkers_or_two_budgets_are_refused() -> None:
    with pytest.raises(InputError, match="several checkers: lcb-compat/1, strict/1"):
        codeforces_summary(
            SNAPSHOT, INFOS, verdicts(RUN) + verdicts({"1994A": ["AC"]}, "lcb-compat/1")
        )
    with pytest.raises(InputError, match="two verdicts for attempt 0 of 1994A"):
        codeforces_summary(SNAPSHOT, INFOS, verdicts(RUN) + verdicts({"1994A": ["AC"]}))


def test_problems_without_a_place_of_their_own_are_listed() -> None:
    infos = [
        info("1994A"),
        replace(info("1994B"), letter=None),
        replace(info("1994C"), letter="A"),
    ]

    result = codeforces_summary(SNAPSHOT, infos, verdicts(RUN))

    assert [(left.id, left.reason) for left in result.unplaced] == [
        ("1994B", "its contest or letter is not known"),
        ("1994C", "another is 1994A too"),
    ]
    assert [row.asked for row in result.contests] == [("A",)]


def test_without_contests_there_is_no_rating() -> None:
    table = table_of({1500: 1}, name="one")
    result = codeforces_summary([], INFOS, verdicts(RUN), table=table)

    assert (result.rating, result.interval, result.percentile, result.contests) == (
        None, None, None, ()
    )  # fmt: skip
    assert lines(result)[0] == "no rating: none of 5 contests counts"
    assert codeforces_summary(SNAPSHOT, [], []).rating is None


@pytest.mark.parametrize("name", ["whole", "without-table"])
def test_the_text_says_all_that_must_be_said(name: str) -> None:
    table = table_of({1000: 972, 2500: 28}, name="table of 2024", date="2024-12-31")
    infos = [info(problem, sample_graded=name == "whole") for problem in RUN]
    run = RUN if name == "whole" else {"1994A": ["AC"]}
    result = codeforces_summary(
        SNAPSHOT, infos, verdicts(run), table=table if name == "whole" else None
    )

    text = "\n".join(lines(result)) + "\n"

    assert text == (GOLDEN / f"{name}.txt").read_text()
