"""The public API's answers become snapshots, or a reason why they do not."""

from __future__ import annotations

import copy
import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.codeforces.convert import (
    Converted,
    NotConverted,
    convert,
    convert_folder,
    result_of,
)
from deepcoder_cli.evaluate.codeforces.percentile import read_table
from deepcoder_cli.evaluate.codeforces.snapshot import ContestProblem, Row, read_snapshot
from tests.evaluate.codeforces.contests import API, answers, contest

if TYPE_CHECKING:
    from pathlib import Path


def converted(standings: Any, changes: Any) -> Converted:
    return convert([standings["result"]], changes["result"], "1994")


def test_hand_made_answers_become_the_contest_a_person_would_write_down() -> None:
    first, second, unrated = convert_folder(API)

    assert isinstance(first, Converted)
    assert (first.unofficial, first.without_row) == (2, 0)
    assert first.contest.problems == (
        ContestProblem("A", 500, 800, ("greedy", "math")), ContestProblem("B", 1000, 1300, ("dp",)),
        ContestProblem("C1", 750, None, ()),
    )  # fmt: skip
    assert first.contest.rows == (
        Row(1944, 0, 1, 1985), Row(1352, 0, 2, 1502), Row(492, 0, 3, 0), Row(0, 0, 4, None),
    )  # fmt: skip
    assert (first.contest.id, first.contest.style) == ("9001", "CF")
    assert first.contest.start == "2024-07-20T14:35:00Z"
    assert isinstance(second, Converted)
    assert second.contest.style == "ICPC"
    assert [problem.points for problem in second.contest.problems] == [None, None]
    assert second.contest.rows == (Row(2, 31, 1, 2044), Row(1, 6, 2, 1560))
    assert isinstance(unrated, NotConverted)
    assert "Rating changes are unavailable for this contest" in unrated.reason


@pytest.mark.parametrize("style", ["CF", "ICPC"])
def test_a_contest_comes_back_from_what_the_api_would_answer(style: Any) -> None:
    made = contest(style=style)

    found = converted(*answers(made))

    assert found.contest == made
    assert (found.unofficial, found.without_row) == (0, 0)


def test_pages_of_standings_are_one_contest(tmp_path: Path) -> None:
    made = contest("7", participants=250)
    standings, changes = answers(made)
    for page in range(3):
        part = copy.deepcopy(standings)
        part["result"]["rows"] = part["result"]["rows"][page * 100 : page * 100 + 100]
        (tmp_path / f"standings-7-{page + 1}.json").write_text(json.dumps(part))
    (tmp_path / "ratings-7.json.gz").write_bytes(gzip.compress(json.dumps(changes).encode()))

    assert list(convert_folder(tmp_path)) == [Converted(made, 0, 0)]


def test_standings_that_are_not_whole_are_refused_and_a_few_missing_are_counted() -> None:
    made = contest(participants=300)
    standings, changes = answers(made)
    rows = standings["result"]["rows"]

    standings["result"]["rows"] = rows[:100]
    with pytest.raises(InputError, match=r"lack 200 of 300 rated participants \(1 % at most\)"):
        converted(standings, changes)
    standings["result"]["rows"] = rows[:297]
    assert converted(standings, changes).without_row == 3


def test_pages_that_overlap_are_refused() -> None:
    standings, changes = answers(contest())

    with pytest.raises(InputError, match=r"row 1: user0 is there twice"):
        convert([standings["result"]] * 2, changes["result"], "1994")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"type": "IOI"}, r'type is "IOI" \(CF or ICPC; other scoring is not covered\)'),
        ({"phase": "CODING"}, r'phase is "CODING" \(FINISHED'),
        ({"startTimeSeconds": 1e30}, "startTimeSeconds is 1e"),
        ({"name": None}, "name is null"),
    ],
)
def test_a_contest_of_another_kind_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        converted(*answers(contest(), **more))


def test_a_team_goes_by_its_first_member_and_a_party_of_nobody_is_refused() -> None:
    standings, changes = answers(contest(participants=2))
    standings["result"]["rows"][0]["party"]["members"].append({"handle": "friend"})
    assert converted(standings, changes).contest.rows[0].old_rating is not None

    standings["result"]["rows"][0]["party"]["members"] = []
    with pytest.raises(InputError, match=r"row 1 party: members is \[\] \(one at least\)"):
        converted(standings, changes)


@pytest.mark.parametrize("answer", [{"status": "FAILED", "comment": "limit"}, {}, {"status": "OK"}])
def test_a_failed_answer_is_told_in_the_apis_words(answer: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=answer.get("comment", "no status OK and result")):
        result_of(answer, "API answer x.json")


def test_no_rating_changes_mean_that_it_was_not_rated() -> None:
    standings, _ = answers(contest())

    with pytest.raises(InputError, match="contest 1994 has no rating changes"):
        convert([standings["result"]], [], "1994")


def test_a_folder_without_answers_or_without_a_half_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no API answers"):
        list(convert_folder(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        list(convert_folder(tmp_path / "nowhere"))
    (tmp_path / "standings-12.json").write_text(json.dumps(answers(contest("12"))[0]))

    (left,) = convert_folder(tmp_path)
    assert isinstance(left, NotConverted)
    assert "API answer not found" in left.reason


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deepcoder_cli.evaluate.codeforces", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_converts_what_it_can_and_says_what_it_cannot(tmp_path: Path) -> None:
    out = tmp_path / "contests.jsonl.gz"

    done = run("convert", API, "--out", out)

    assert done.returncode == 0
    assert done.stdout == (
        "contest 9001: 3 rated of 4 official rows; 2 others left out; "
        "0 rating changes without a row\n"
        "contest 9002: 2 rated of 2 official rows; 0 others left out; "
        "0 rating changes without a row\n"
        f"wrote 2 contests to {out}\n"
    )
    assert done.stderr.startswith("contest 9003 left out: API answer ")
    assert [made.id for made in read_snapshot(out)] == ["9001", "9002"]

    (tmp_path / "standings-9003.json").write_bytes((API / "standings-9003.json").read_bytes())
    nothing = run("convert", tmp_path, "--out", tmp_path / "none.jsonl")
    assert (nothing.returncode, nothing.stdout) == (1, "nothing written\n")
    assert not (tmp_path / "none.jsonl").exists()
    assert run("convert", tmp_path / "nowhere", "--out", out).returncode == 2


def test_the_command_makes_a_rating_table_of_a_list_of_users(tmp_path: Path) -> None:
    users = [{"handle": f"u{n}", "rating": 1000 + n % 7} for n in range(100)]
    (tmp_path / "rated.json").write_text(json.dumps({"status": "OK", "result": users}))
    out = tmp_path / "table.json"

    done = run(
        "table", tmp_path / "rated.json", "--out", out,
        "--name", "active users", "--date", "2025-01-01", "--source", "user.ratedList",
    )  # fmt: skip

    table = read_table(out)
    assert done.stdout == f"wrote active users of 2025-01-01 (100 users) to {out}\n", done.stderr
    same = read_table(tmp_path / "rated.json")
    assert replace(table, name=same.name, date="") == same
    assert table.percentile(1003) == sum(user["rating"] < 1003 for user in users)


def test_the_documents_examples_are_what_they_say(tmp_path: Path) -> None:
    document = (API.parents[3] / "docs" / "codeforces.md").read_text()
    snapshot, table = re.findall(r"```json\n(.*?)```", document, re.DOTALL)
    for name, text in (("s.json", snapshot), ("t.json", table)):
        (tmp_path / name).write_text(text)

    (made,) = read_snapshot(tmp_path / "s.json")
    assert [problem.letter for problem in made.problems] == ["A", "B1"]
    assert len(made.rated) == 2
    assert read_table(tmp_path / "t.json").title == "active users of 2025-01-01 (5,000 users)"
