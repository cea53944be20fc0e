"""Small problems of our own, with their expected outputs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from deepcoder_cli.evaluate.evalplus.canonical import run_canonical
from deepcoder_cli.evaluate.evalplus.judge import judge_evalplus
from deepcoder_cli.evaluate.evalplus.values import expected_of
from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.evalplus.judge import EvalplusVerdict
    from deepcoder_cli.problems.datasets.evalplus import Dataset
    from deepcoder_cli.sandbox.runner import Runner


def question(
    body: str, base: list[Any], plus: list[Any], *, name: str = "f", atol: float = 0.0,
    dataset: Dataset = "humaneval",
) -> EvalplusProblem:  # fmt: skip
    """A problem with a function of one argument, `x`."""
    return EvalplusProblem(
        "HumanEval/0" if dataset == "humaneval" else "Mbpp/0", f"def {name}(x):\n", name,
        f"    {body}\n", tuple((each,) for each in base), tuple((each,) for each in plus), atol,
        "", "", dataset,
    )  # fmt: skip


def verdict_on(problem: EvalplusProblem, program: str, runner: Runner) -> EvalplusVerdict:
    async def judge() -> EvalplusVerdict:
        values = await run_canonical([problem], runner)
        expected = expected_of(problem, values[problem.task_id])
        return await judge_evalplus(problem, program, expected, runner)

    return asyncio.run(judge())
