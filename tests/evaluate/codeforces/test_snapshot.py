"""Snapshot files: what is written is read back, and what is wrong is named with its place."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.codeforces.snapshot import (
    Contest,
    ContestProblem,
    Row,
    contest_of,
    read_snapshot,
    to_json,
    write_snapshot,
)
from tests.evaluate.codeforces.contests import contest

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
ROWS = st.builds(Row, NUMBERS, NUMBERS, st.integers(0, 10**6), st.none() | st.integers(-5000, 5000))
PROBLEMS = st.lists(
    st.builds(
        ContestProblem, st.text(max_size=3), st.none() | NUMBERS,
        st.none() | st.integers(0, 4000), st.lists(st.text(max_size=5), max_size=2).map(tuple),
    ),
    min_size=1, max_size=5, unique_by=lambda problem: problem.letter,
)  # fmt: skip
CONTESTS = st.builds(
    Contest, st.text(min_size=1, max_size=6), st.text(max_size=20),
    st.sampled_from(["CF", "ICPC"]), st.just("") | st.dates().map(str), PROBLEMS.map(tuple),
    st.lists(ROWS, max_size=5).map(tuple),
)  # fmt: skip


@given(CONTESTS)
def test_a_contest_is_read_back_from_its_json(made: Contest) -> None:
    text = json.dumps(to_json(made))

    assert contest_of(json.loads(text), "here") == made


@pytest.mark.parametrize("name", ["snapshot.jsonl", "snapshot.jsonl.gz"])
def test_a_snapshot_is_read_back_and_equal_contests_give_equal_bytes(
    tmp_path: Path, name: str
) -> None:
    made = [contest("1"), contest("2", style="ICPC"), contest("30")]
    path = tmp_path / name

    assert write_snapshot(iter(made), path) == 3
    first = path.read_bytes()
    write_snapshot(made, path)

    assert list(read_snapshot(path)) == made
    assert path.read_bytes() == first
    assert [left.name for left in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_json_file_holds_one_contest_or_a_list(
    tmp_path: Path, packed: bool, as_list: bool
) -> None:
    made = [contest("1"), contest("2")] if as_list else [contest("1")]
    value = [to_json(one) for one in made] if as_list else to_json(made[0])
    data = json.dumps(value, indent=2).encode()
    path = tmp_path / "snapshot.json"
    path.write_bytes(gzip.compress(data) if packed else data)

    assert list(read_snapshot(path)) == made


def test_contests_of_a_jsonl_file_come_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.jsonl"
    path.write_text(f"{json.dumps(to_json(contest('1')))}\n\nno JSON\n")
    contests = read_snapshot(path)

    assert next(contests).id == "1"
    with pytest.raises(InputError, match=r"line 3 is not JSON"):
        next(contests)


def changed(**values: Any) -> dict[str, Any]:
    """A good contest, but for these fields (None takes one away)."""
    whole = to_json(contest(participants=2)) | values
    return {key: value for key, value in whole.items() if value is not None}


BAD = {
    "version 2": (changed(version=2), "version is 2 (this deepcoder reads version 1)"),
    "no version": (changed(version=None), "version is missing"),
    "other type": (changed(type="IOI"), 'type is "IOI" (CF or ICPC)'),
    "no id": (changed(id=None), "id is missing"),
    "id true": (changed(id=True), "id is true (a number or a text)"),
    "name a number": (changed(name=7), "name is 7 (a text)"),
    "no date": (changed(start="last week"), 'start is "last week" (a date in ISO 8601'),
    "no problems": (changed(problems=[]), "problems is [] (one at least, each letter once)"),
    "letter twice": (changed(problems=[{"letter": "A"}] * 2), "each letter once"),
    "points a text": (
        changed(problems=[{"letter": "A", "points": "500"}]),
        'problem 1: points is "500" (a number)',
    ),
    "tags no texts": (
        changed(problems=[{"letter": "A", "tags": [1]}]),
        "problem 1: tags is [1] (a list of texts)",
    ),
    "problem no object": (changed(problems=["A"]), 'problem 1 is "A" (an object is wanted)'),
    "row too short": (changed(rows=[[1, 2, 3]]), "row 1 is [1, 2, 3] ([points, penalty, rank"),
    "row of texts": (changed(rows=[[1, 0, 1, 5], ["1", 0, 1, 5]]), 'row 2 is ["1", 0, 1, 5]'),
    "rank true": (changed(rows=[[1, 0, True, 5]]), "row 1 is [1, 0, true, 5]"),
    "old rating a fraction": (changed(rows=[[1, 0, 1, 5.5]]), "row 1 is [1, 0, 1, 5.5]"),
    "old rating vast": (changed(rows=[[1, 0, 1, 10**9]]), "old rating of at most 10000"),
    "rows no list": (changed(rows={}), "rows is {} (a list)"),
    "a list inside": ([[1]], "is [1] (an object is wanted)"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_field_is_refused_with_its_place(tmp_path: Path, case: str) -> None:
    value, message = BAD[case]
    path = tmp_path / "s.json"
    path.write_text(json.dumps(value))

    with pytest.raises(InputError) as error:
        list(read_snapshot(path))

    assert str(error.value).startswith(f"contest snapshot {path} contest 1")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON"),
        (b"<html>Just a moment...</html>", "error page in HTML"),
        (b'{"version": NaN}', "NaN is no JSON number"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (gzip.compress(b"[]" * 500)[:20], "cannot be read"),
        (b"\x1f\x8bnot gzip at all", "cannot be read"),
        (b"[]", "is empty"),
    ],
)
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(data)

    with pytest.raises(InputError, match=message) as error:
        list(read_snapshot(path))

    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_and_an_unreadable_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contest snapshot not found"):
        list(read_snapshot(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match=r"cannot be read: .* \(Is a directory\)"):
        list(read_snapshot(tmp_path))


def test_a_contest_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(f"{json.dumps(to_json(contest('7')))}\n" * 2)

    with pytest.raises(InputError, match=r"line 2: contest 7 is there twice"):
        list(read_snapshot(path))


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("old")

    def failing() -> Any:
        yield contest("1")
        raise InputError("a bad one.")

    with pytest.raises(InputError, match="a bad one"):
        write_snapshot(failing(), path)
    assert write_snapshot([], path) == 0
    with pytest.raises(OutputError, match="cannot be written"):
        write_snapshot([contest("1")], tmp_path / "nowhere" / "s.jsonl")
    with pytest.raises(OutputError, match="not the name of a snapshot"):
        write_snapshot([contest("1")], tmp_path / "s.json")

    assert [left.read_text() for left in tmp_path.iterdir()] == ["old"]
