"""Our JSONL: what is written comes back the same; what is broken is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import OutputError
from deepcoder_cli.problems.datasets import (
    DatasetProblem,
    open_dataset,
    own_jsonl,
    to_line,
    write_jsonl,
)
from deepcoder_cli.problems.datasets.formats import format_of
from deepcoder_cli.types import Limits, Problem, TestCase
from tests.problems.datasets import records

if TYPE_CHECKING:
    from pathlib import Path

anything = st.text(st.characters(codec="utf-8"), max_size=30)
words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=6,
).map(json.dumps)
raw = st.text(st.characters(), max_size=30)  # half surrogate pairs too
stdin_tests = st.builds(TestCase, raw, raw)
calls = st.builds(TestCase, st.lists(json_texts, max_size=3).map("\n".join), json_texts)
limits = st.builds(
    Limits,
    cpu_s=st.floats(0.01, 600),
    wall_s=st.none() | st.floats(0.01, 3600),
    memory_mib=st.integers(1, 65536),
    output_kib=st.integers(1, 1 << 20),
)


@st.composite
def problems(draw: st.DrawFn) -> DatasetProblem:
    function = draw(st.none() | st.sampled_from(["solve", "two_sum"]))
    tests = stdin_tests if function is None else calls
    problem = Problem(
        id=draw(words),
        title=draw(words),
        statement=draw(words),
        examples=tuple(draw(st.lists(tests, max_size=2))),
        tests=tuple(draw(st.lists(tests, min_size=1, max_size=3))),
        starter_code=draw(st.none() | words),
        function=function,
        limits=draw(limits),
        checker=draw(st.sampled_from(["tokens", "exact", "float:1e-9", "unordered"])),
    )
    some = st.none() | words
    return DatasetProblem(
        problem,
        source=draw(words),
        solutions=tuple(draw(st.lists(anything, max_size=2))),
        difficulty=draw(some),
        platform=draw(some),
        date=draw(some),
        url=draw(some),
        tags=tuple(draw(st.lists(anything, max_size=2))),
        contest=draw(some),
        letter=draw(some),
    )


@given(problems())
def test_a_problem_written_and_read_is_the_same(given_problem: DatasetProblem) -> None:
    row = json.loads(to_line(given_problem))

    assert own_jsonl.read(row) == given_problem
    found = format_of(row.keys())
    assert found is not None
    assert found.name == own_jsonl.NAME


@given(st.lists(problems(), min_size=1, max_size=4, unique_by=lambda p: p.problem.id))
@settings(max_examples=20)
def test_files_plain_and_zipped_come_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, given_problems: list[DatasetProblem]
) -> None:
    folder = tmp_path_factory.mktemp("own")
    for name in ("a.jsonl", "a.jsonl.gz"):
        assert write_jsonl(folder / name, given_problems) == len(given_problems)
        assert list(open_dataset(folder / name)) == given_problems


def test_every_formats_problems_go_through_our_jsonl_unchanged(tmp_path: Path) -> None:
    for name, rows in records.BY_FORMAT.items():
        source = tmp_path / f"{name}.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        read = list(open_dataset(source))
        assert len(read) == len(rows)

        write_jsonl(tmp_path / "ours.jsonl", read)

        assert list(open_dataset(tmp_path / "ours.jsonl")) == read


def test_the_same_problems_make_the_same_bytes(tmp_path: Path) -> None:
    got = own_jsonl.read(records.OURS)
    write_jsonl(tmp_path / "a.jsonl.gz", [got])
    first = (tmp_path / "a.jsonl.gz").read_bytes()
    write_jsonl(tmp_path / "a.jsonl.gz", [got])

    assert (tmp_path / "a.jsonl.gz").read_bytes() == first


def test_defaults_are_left_out_of_a_line() -> None:
    assert json.loads(to_line(own_jsonl.read(records.OURS))) == {
        "id": "sum", "title": "Sum", "statement": "Add two numbers.",
        "examples": [{"input": "1 2\n", "output": "3\n"}],
        "tests": [{"input": "5 5\n", "output": "10\n"}],
        "limits": {"cpu_s": 2, "memory_mib": 256}, "source": "deepcoder-jsonl", "tags": ["math"],
    }  # fmt: skip


def test_arguments_may_be_written_as_json_values() -> None:
    row = {
        "statement": "Add.", "function": "add",
        "tests": [{"input": [1, 2], "output": 3}, {"input": "1\n2", "output": "3"}],
    }  # fmt: skip

    assert own_jsonl.read(row).problem.tests == (TestCase("1\n2", "3"),) * 2


def test_a_checker_program_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({**records.OURS, "checker": "program:check.py"}))

    (got,) = open_dataset(tmp_path / "p.jsonl")

    assert got.problem.checker == f"program:{tmp_path / 'check.py'}"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("kept")

    def broken() -> object:
        yield own_jsonl.read(records.OURS)
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"cannot be written: .*No space left"):
        write_jsonl(path, broken())  # type: ignore[arg-type]

    assert path.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [path]
