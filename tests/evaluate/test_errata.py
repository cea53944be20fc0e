"""Errata lists: what is known to be faulty is told, and a wrong list is refused."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.errata import faulty, load_errata, read_errata, without_errata

SHARED = Path(
    os.environ.get("DEEPCODER_SHARED") or Path(__file__).resolve().parents[2] / ".." / "shared"
)
HUMANEVAL = SHARED / "data" / "humanevalplus" / "HumanEvalPlus-v0.1.10.jsonl.gz"
ENTRY = '[[erratum]]\nbenchmark = "{}"\nproblem = "{}"\nwrong = "{}"\nsource = "a test"\n'


@dataclass(frozen=True)
class Item:
    problem: str


def errata_file(folder: Path, text: str) -> Path:
    path = folder / "errata.toml"
    path.write_text(text)
    return path


def test_the_shipped_list_holds_what_is_justified_and_no_more() -> None:
    (only,) = load_errata()

    assert (only.benchmark, only.problem) == ("humaneval+", "HumanEval/32")
    assert only.wrong
    assert "163" in only.source


def test_the_listed_problem_is_in_the_real_file_and_163_are_left() -> None:
    if not HUMANEVAL.exists():
        pytest.skip(f"the HumanEval+ file is not here: {HUMANEVAL.name} (set DEEPCODER_SHARED)")
    rows = [json.loads(line) for line in gzip.decompress(HUMANEVAL.read_bytes()).splitlines()]

    kept, taken = without_errata(
        [Item(row["task_id"]) for row in rows], load_errata(), "humaneval+:v0.1.10"
    )

    assert (len(rows), len(kept)) == (164, 163)
    assert [one.problem for one in taken] == ["HumanEval/32"]
    (row,) = (row for row in rows if row["task_id"] == "HumanEval/32")
    assert row["entry_point"] == "find_zero"


def test_a_list_touches_its_own_benchmark_only_whatever_the_version() -> None:
    items = [Item("HumanEval/32"), Item("HumanEval/33"), Item("HumanEval/32")]

    assert without_errata(items, load_errata(), "mbpp+") == (items, ())
    kept, taken = without_errata(items, load_errata(), "HumanEval+:v9")
    assert kept == [items[1]]
    assert len(taken) == 1
    assert without_errata(items[1:2], load_errata(), "humaneval+") == (items[1:2], ())


def test_a_users_file_adds_and_replaces(tmp_path: Path) -> None:
    path = errata_file(
        tmp_path,
        ENTRY.format("humaneval+", "HumanEval/32", "mine")
        + ENTRY.format("LiveCodeBench", "abc301_a", "two answers")
        + 'since = "v5"\n',
    )

    errata = load_errata(path)

    assert faulty(errata, "humaneval+")["HumanEval/32"].wrong == "mine"
    found = faulty(errata, "livecodebench:v5")["abc301_a"]
    assert (found.wrong, found.since, found.benchmark) == ("two answers", "v5", "livecodebench")
    assert len(errata) == 2


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    assert read_errata(errata_file(tmp_path, "")) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("erratum = 5", "other parts than"),
        ("[erratum]\nproblem = 'x'", "other parts than"),
        ("erratum = [1]", r"erratum 1 is no table"),
        ("[[errata]]\nproblem = 'x'", r"other parts than \[\[erratum\]\]: .* \(errata\)"),
        (
            ENTRY.format("b", "p", "w") + "why = 'x'",
            r"unknown key in .* erratum 1: 'why' \(known: ",
        ),
        (ENTRY.format("b", "", "w"), "erratum 1 lacks problem"),
        ("[[erratum]]\nproblem = 'x'", "erratum 1 lacks benchmark"),
        (ENTRY.format("b", "p", "w") + "since = 5", "since is 5"),
        (ENTRY.format("b", "p", "w") + ENTRY.format("B", "p", "x"), "erratum twice in .*: b p"),
        ("x = ", "is not TOML"),
    ],
)
def test_a_wrong_list_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = errata_file(tmp_path, text)

    with pytest.raises(InputError, match=message) as error:
        load_errata(path)

    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="errata file not found"):
        load_errata(tmp_path / "none.toml")
    with pytest.raises(InputError, match="errata file cannot be read"):
        load_errata(tmp_path)
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="errata file is not TOML"):
        load_errata(binary)
