"""Expected outputs on disk, and judging many programs at a time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.evalplus.expected import expected_outputs, key_of
from deepcoder_cli.evaluate.evalplus.judge import EvalplusJob, judge_evalplus_batch
from deepcoder_cli.problems.datasets.evalplus import read_evalplus
from deepcoder_cli.sandbox.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

LONG = "[x] * 40000"


def data_set(folder: Path, body: str, task: str = "HumanEval/1", name: str = "f") -> Path:
    row: dict[str, Any] = {
        "task_id": task, "prompt": f"def {name}(x):\n", "entry_point": name,
        "canonical_solution": f"    {body}\n", "base_input": [[1], [2]], "plus_input": [[3]],
        "atol": 0,
    }  # fmt: skip
    path = folder / "set.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    return path


def verdicts(path: Path, folder: Path, runner: Runner, *programs: str) -> list[Verdict]:
    (problem,) = read_evalplus(path)
    expected = expected_outputs(path, [problem], runner, folder=folder)[problem.task_id]

    async def collect() -> dict[int, Verdict]:
        jobs = (EvalplusJob(problem, program, expected) for program in programs)
        return {i: v.verdict async for i, v in judge_evalplus_batch(jobs, runner, at_once=2)}

    return [verdict for _, verdict in sorted(asyncio.run(collect()).items())]


def test_many_programs_are_judged_each_in_its_place(tmp_path: Path, runner: Runner) -> None:
    path = data_set(tmp_path, "return x + 1")
    programs = [f"def f(x): return x + {i % 2}" for i in range(9)]
    found = verdicts(path, tmp_path / "kept", runner, *programs)
    assert found == [Verdict.AC if i % 2 else Verdict.WA for i in range(9)]


def test_no_room_for_any_program_is_refused(tmp_path: Path, runner: Runner) -> None:
    async def drain() -> None:
        async for _ in judge_evalplus_batch([], runner, at_once=0):
            pass

    with pytest.raises(InputError, match="at_once 0"):
        asyncio.run(drain())


def test_a_long_value_is_kept_as_a_digest_and_compared_all_the_same(
    tmp_path: Path, runner: Runner
) -> None:
    path = data_set(tmp_path, f"return {LONG}")
    found = verdicts(
        path, tmp_path / "kept", runner, f"def f(x): return {LONG}",
        "def f(x): return [float(x)] * 40000", "def f(x): return [x] * 39999 + [9]",
    )  # fmt: skip
    assert found == [Verdict.AC, Verdict.AC, Verdict.WA]
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.stat().st_size < 2000


def test_a_file_that_was_spoilt_is_made_again(tmp_path: Path, runner: Runner) -> None:
    path, folder = data_set(tmp_path, "return x"), tmp_path / "kept"
    for spoilt in (None, "", "{", '{"HumanEval/1": {"base": 3}}', "[]", '{"HumanEval/9": {}}'):
        if spoilt is not None:
            (folder / f"{key_of(path)}.json").write_text(spoilt, encoding="utf-8")
        assert verdicts(path, folder, runner, "def f(x): return x") == [Verdict.AC]


def test_another_data_set_has_another_file(tmp_path: Path, runner: Runner) -> None:
    first = key_of(data_set(tmp_path, "return x"))
    assert key_of(data_set(tmp_path, "return x + 1")) != first
    assert runner is not None


def test_a_canonical_solution_that_fails_is_named(tmp_path: Path, runner: Runner) -> None:
    for body in ("return x // (x - 2)", "return object()", "import os; os._exit(0)"):
        path = data_set(tmp_path, body)
        with pytest.raises(InputError, match="canonical solution of HumanEval/1"):
            expected_outputs(path, read_evalplus(path), runner, folder=tmp_path / "kept")


def test_outputs_that_cannot_be_kept_are_an_error(tmp_path: Path, runner: Runner) -> None:
    path = data_set(tmp_path, "return x")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot keep expected outputs"):
        expected_outputs(path, read_evalplus(path), runner, folder=tmp_path / "file")


def test_a_canonical_solution_of_mbpp_may_return_any_object(tmp_path: Path, runner: Runner) -> None:
    body = "import re; return re.search('[12]', str(x))"
    path = data_set(tmp_path, body, "Mbpp/1", "check_str")
    found = verdicts(
        path, tmp_path / "kept", runner,
        f"def check_str(x): {body}", "def check_str(x): return x < 3", "def check_str(x): return 1",
    )  # fmt: skip
    assert found == [Verdict.AC, Verdict.AC, Verdict.WA]
