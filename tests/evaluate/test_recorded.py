"""Recorded completions: what is judged of each form, and what is left out."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.benchmark import Benchmark, Task
from deepcoder_cli.evaluate.extraction import labelled, program_of
from deepcoder_cli.evaluate.recorded import imported, read_recorded
from deepcoder_cli.evaluate.run_info import ProblemInfo
from deepcoder_cli.evaluate.tests_judge import TestsJudge, lacks_imports
from deepcoder_cli.types import Message, SamplingParams

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.evaluate.recorded import Imported

IDS = ("HumanEval/0", "q1")
PROMPT = 'def double(n):\n    """Twice."""\n'
FENCED = "    # like ```this```\n    return 2 * n\n"
THINKING = "    x = '</think>'\n    return 2 * n\n"
RIGHT = PROMPT + "    return 2 * n\n"


def benchmark() -> Benchmark:
    tasks = tuple(
        Task(ProblemInfo(name, name, f"prompt {name}", 1), (Message("user", f"prompt {name}"),))
        for name in IDS
    )
    return Benchmark("b", tasks, TestsJudge({}), "here")


def came_of(tmp_path: Path, *rows: Any, continues: bool = False) -> Imported:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return imported(
        read_recorded(file, set(IDS)), benchmark(), model="m", params=SamplingParams(seed=0),
        continues={"HumanEval/0": (PROMPT, "double")} if continues else None,
    )  # fmt: skip


def programs(came: Imported, mode: str = "strict") -> list[str | None]:
    return [program_of(sample, mode) for sample in came.samples]


@pytest.mark.parametrize("mode", ["strict", "rllm", "lcb"])
def test_a_program_is_judged_as_it_is_whatever_is_in_it(tmp_path: Path, mode: str) -> None:
    odd = "    return 1\n```\nx = '</think>'\n"
    came = came_of(tmp_path, {"task_id": "q1", "solution": odd}, {"task_id": "q1", "code": "y"})

    assert programs(came, mode) == [odd, "y"]


def test_a_program_counts_where_a_completion_stands_beside_it(tmp_path: Path) -> None:
    row = {"question_id": "q1", "output_list": ["no", "no"], "code_list": ["a = 1", "b = 2"]}

    assert programs(came_of(tmp_path, row)) == ["a = 1", "b = 2"]


@pytest.mark.parametrize(
    ("completion", "program"),
    [
        ("    return 2 * n\n", RIGHT),
        (FENCED, PROMPT + FENCED),
        (THINKING, PROMPT + THINKING),
        ("    return (\n", PROMPT + "    return (\n"),
        (f"Sure.\n```python\n{RIGHT}```\n", RIGHT),
        (f"<think>\nhm\n</think>\n```python\n{RIGHT}```\n", RIGHT),
    ],
    ids=["plain", "fence in a comment", "think in a string", "broken", "chat", "reasoning"],
)  # fmt: skip
def test_a_completion_continues_the_prompt_unless_it_is_a_chat_answer(
    tmp_path: Path, completion: str, program: str
) -> None:
    row = {"task_id": "HumanEval/0", "completion": completion}

    assert programs(came_of(tmp_path, row, continues=True)) == [program]


def test_a_null_is_an_answer_without_a_program(tmp_path: Path) -> None:
    came = came_of(
        tmp_path, {"task_id": "q1", "completion": None}, {"task_id": "q1", "code_list": ["x", None]}
    )

    assert programs(came) == [None, "x", None]


def test_the_name_that_the_benchmark_knows_counts(tmp_path: Path) -> None:
    row = {"task_id": "q1", "problem": "Write a function that ...", "code": "x"}

    assert [sample.problem for sample in came_of(tmp_path, row).samples] == ["q1"]


def test_answers_to_other_problems_are_counted_and_named(tmp_path: Path) -> None:
    came = came_of(tmp_path, {"task_id": "q1", "code": "x"}, {"task_id": "q9", "code": "y"})

    assert (len(came.samples), came.left_out, came.unknown) == (1, 1, ("q9",))


@pytest.mark.parametrize("index", [[0, 163], [-1, -1], [10**30, 10**31], [True, False]], ids=str)
def test_numbers_that_count_something_else_are_given_anew(tmp_path: Path, index: list[int]) -> None:
    rows = [{"task_id": "q1", "code": f"x = {n}", "index": index[n]} for n in range(2)]

    assert [sample.index for sample in came_of(tmp_path, *rows).samples] == [0, 1]


def test_a_damaged_file_and_a_mark_of_byte_order(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"task_id": "q1", "code": "x"}\n' * 1000)
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[:20] + b"\xff" * 9 + whole[29:])
    (tmp_path / "bom.json").write_text('[{"task_id": "q1", "code": "x"}]', encoding="utf-8-sig")

    with pytest.raises(InputError, match=r"cut.jsonl.gz"):
        list(read_recorded(tmp_path / "cut.jsonl.gz"))
    assert [one.text for one in read_recorded(tmp_path / "bom.json")] == ["x"]


def test_a_checker_s_name_tells_another_extraction() -> None:
    assert labelled("strict/1", "strict") == "strict/1"
    assert labelled("strict/1", "rllm") == "strict/1 rllm"


@pytest.mark.parametrize(
    ("program", "lacks"),
    [
        ("try: print(floor(1.5))\nexcept NameError: print(0)", True),
        ("from math import floor\nprint(floor(1.5))", False),
        ("def floor(x): return x\nprint(floor(1))", False),
        ("print(sum([1]))", False),
        ("print(", False),
    ],
)
def test_names_of_the_prelude_that_a_program_does_not_bind(program: str, lacks: bool) -> None:
    assert lacks_imports(program) is lacks
