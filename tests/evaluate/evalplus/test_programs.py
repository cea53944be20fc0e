"""Which program is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.evalplus.programs import (
    defines,
    program_of_answer,
    program_of_sample,
    read_samples,
)
from tests.evaluate.evalplus.questions import question, verdict_on

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

PROBLEM = question("return x + 1", [1], [2])


def test_a_solution_is_judged_as_it_is_and_a_completion_behind_the_prompt(runner: Runner) -> None:
    for sample in ({"solution": "def f(x): return x + 1"}, {"completion": "    return x + 1"}):
        program = program_of_sample(PROBLEM, {"task_id": "HumanEval/0", **sample})
        assert verdict_on(PROBLEM, program, runner).accepted


def test_a_sample_without_a_program_is_refused() -> None:
    with pytest.raises(InputError, match="no program in a sample of HumanEval/0"):
        program_of_sample(PROBLEM, {"task_id": "HumanEval/0", "solution": None})


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("def f(x): return 2", "def f(x): return 2"),
        ("    return 2", "def f(x):\n    return 2"),
        ("print(1)", "print(1)"),
        ("f = lambda x: 2", "f = lambda x: 2"),
        ("    return (", "    return ("),
    ],
)
def test_an_answer_that_continues_the_prompt_is_put_behind_it(answer: str, program: str) -> None:
    assert program_of_answer(PROBLEM, answer) == program


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("def f(): 1", True),
        ("async def f(): 1", True),
        ("class f: 1", True),
        ("from a import g as f", True),
        ("a, f = 1, 2", True),
        ("try:\n    import a\nexcept E:\n    f = 1", True),
        ("def g():\n    def f(): 1", False),
        ("f: int", False),
        ("f()", False),
        ("def f(", False),
        ("'\\d'", False),
        ("(" * 5000, False),
    ],
)
def test_whether_a_program_defines_a_name(program: str, found: bool) -> None:
    assert defines(program, "f") is found


def test_recorded_samples_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"task_id": "HumanEval/0", "solution": "a"}\n\n{"task_id": 3}\n')
    samples = read_samples(path)
    assert next(samples)["solution"] == "a"
    with pytest.raises(InputError, match=r"samples\.jsonl:3"):
        next(samples)
    with pytest.raises(InputError, match="cannot read samples"):
        next(read_samples(tmp_path / "none"))
