"""Rows of HumanEval+ and MBPP+."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.evalplus import mbpp_inputs, read_evalplus
from deepcoder_cli.prompts import user_text

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {
    "task_id": "HumanEval/7", "prompt": 'def f(x):\n    """Add one."""\n', "entry_point": "f",
    "canonical_solution": "    return x + 1\n", "base_input": [[1], [2]], "plus_input": [[1.5]],
    "atol": 0, "contract": "", "test": "",
}  # fmt: skip


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_becomes_a_problem_to_prompt_with(tmp_path: Path) -> None:
    (problem,) = read_evalplus(written(tmp_path / "a.jsonl", ROW))
    assert problem.base_inputs == ((1,), (2,))
    assert problem.canonical_program.endswith('"""\n    return x + 1\n')
    assert problem.problem.function == "f"
    assert ROW["prompt"].rstrip() in user_text(problem.problem)


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode()))
    assert [p.task_id for p in read_evalplus(path)] == ["HumanEval/7"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"prompt": 3}, "no text `prompt`"),
        ({"task_id": "Other/1"}, "task 'Other/1'"),
        ({"entry_point": "f()"}, "function 'f\\(\\)'"),
        ({"atol": "x"}, "atol 'x'"),
        ({"base_input": [1]}, "`base_input` is no list of lists"),
        ({"plus_input": None}, "`plus_input` is no list of lists"),
        ({"task_id": "Mbpp/106", "base_input": [[1]]}, "another form than its task"),
    ],
)
def test_a_row_of_another_kind_is_refused(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_evalplus(written(tmp_path / "a.jsonl", ROW | change))


@pytest.mark.parametrize("text", ["", "[1]\n", "{", json.dumps(ROW) + "\n" + json.dumps(ROW)])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_evalplus(tmp_path / "a.jsonl")


def test_a_gzipped_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode())[:-20])
    with pytest.raises(InputError, match="cannot read"):
        read_evalplus(path)


@pytest.mark.parametrize(
    ("task", "written_as", "meant"),
    [
        (2, [[3, 4], [5]], [(3, 4), (5,)]),
        (63, [[[1, 2], [3]]], [[(1, 2), (3,)]]),
        (75, [[[1], [2]], 3], [[(1,), (2,)], 3]),
        (106, [[5], [9, 10]], [[5], (9, 10)]),
        (115, [[[1, 1], [], {}]], [[{1}, {}, {}]]),
        (124, ["0", "1j"], [0.0, 1j]),
        (250, [[10, 8], 4], [(10, 8), 4]),
        (252, ["(1+2j)"], [1 + 2j]),
        (259, [[[1, 3]], [[6, 7]]], [((1, 3),), ((6, 7),)]),
        (278, [[1, [2, 3], "a"]], [(1, (2, 3), "a")]),
        (307, [["a", []], 1, 50], [("a", []), 1, 50]),
        (722, [{"a": [1, 2]}, 3], [{"a": (1, 2)}, 3]),
        (580, [[4, [7, [1]]]], ((4, (7, (1,))),)),
        (3, [[1], 2], [[1], 2]),
    ],
)
def test_inputs_of_mbpp_have_their_types_again(task: int, written_as: Any, meant: Any) -> None:
    (found,) = mbpp_inputs(f"Mbpp/{task}", [written_as])
    assert repr(found) == repr(meant)
