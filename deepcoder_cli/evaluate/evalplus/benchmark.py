"""HumanEval+ and MBPP+ as benchmarks: their problems, and the judge by EvalPlus's rules."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.benchmark import Benchmark, Finding, Task
from deepcoder_cli.evaluate.evalplus.expected import aexpected_outputs, key_of
from deepcoder_cli.evaluate.evalplus.judge import CHECKER, judge_evalplus
from deepcoder_cli.evaluate.evalplus.programs import program_of_answer
from deepcoder_cli.evaluate.run_info import ProblemInfo
from deepcoder_cli.problems.datasets.evalplus import read_evalplus
from deepcoder_cli.prompts import messages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepcoder_cli.evaluate.evalplus.expected import Expected
    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.runner import Runner

BASE_CHECKER = CHECKER.replace("evalplus", "evalplus-base")
DATASETS = {"humaneval+": "humaneval", "mbpp+": "mbpp"}
PUBLISHED = {
    "humaneval+": "https://github.com/evalplus/humanevalplus_release/releases (v0.1.10, 1.4 MB): "
    "curl -LO https://github.com/evalplus/humanevalplus_release/releases/download/v0.1.10/"
    "HumanEvalPlus.jsonl.gz",
    "mbpp+": "https://github.com/evalplus/mbppplus_release/releases (v0.2.0): "
    "curl -LO https://github.com/evalplus/mbppplus_release/releases/download/v0.2.0/"
    "MbppPlus.jsonl.gz",
}


class EvalplusJudge:
    """Judges by base and plus inputs (`evalplus`), and by the base inputs alone."""

    checkers = (CHECKER, BASE_CHECKER)

    def __init__(self, path: Path, problems: Sequence[EvalplusProblem]) -> None:
        """Judge these, of the data set file at `path`."""
        self._path = path
        self.problems = {problem.task_id: problem for problem in problems}
        self._expected: dict[str, Expected] | None = None
        self._making = asyncio.Lock()

    def whole(self, problem: str, extracted: str) -> str:
        """A chat answer that only continues the prompt's function, behind the prompt."""
        return program_of_answer(self.problems[problem], extracted)

    async def judge(
        self, problem: str, program: str, checkers: tuple[str, ...], runner: Runner
    ) -> Mapping[str, Finding]:
        """What each of `checkers` says; the first call may run all canonical solutions."""
        task = self.problems[problem]
        expected = (await self._outputs(runner))[problem]
        verdict = await judge_evalplus(task, program, expected, runner)
        seconds = round(verdict.seconds, 4)
        base = verdict.base
        found = {
            CHECKER: Finding(
                verdict.verdict, verdict.passed, verdict.total, verdict.first_failure,
                verdict.detail, seconds,
            ),
            BASE_CHECKER: Finding(
                base.verdict, base.passed, base.total, base.first_failure, base.detail, seconds
            ),
        }  # fmt: skip
        return {checker: found[checker] for checker in checkers}

    async def _outputs(self, runner: Runner) -> dict[str, Expected]:
        """What the canonical solutions return; the first time it may take half a minute."""
        async with self._making:
            if self._expected is None:
                problems = list(self.problems.values())
                self._expected = await aexpected_outputs(self._path, problems, runner)
            return self._expected


def open_evalplus(name: str, data: str | None) -> Benchmark:
    """The benchmark `humaneval+` or `mbpp+` from a local file of its release.

    Raises:
        InputError: no file, or one of something else; it says where the right one is published.
    """
    if data is None or not Path(data).is_file():
        where = f"{data}, " if data else ""
        msg = f"no data of {name}: {where}it is published at {PUBLISHED[name]}"
        raise InputError(f"{msg}. Then name it with --data.")
    path = Path(data).resolve()  # the run is scored from any folder
    problems = read_evalplus(path)
    stranger = next((each for each in problems if each.dataset != DATASETS[name]), None)
    if stranger is not None:
        raise InputError(f"not {name}: {data} holds {stranger.task_id}. Name another file.")
    tasks = tuple(_task(problem) for problem in problems)
    sha256 = key_of(path).partition("-")[0]
    return Benchmark(name, tasks, EvalplusJudge(path, problems), str(path), source_sha256=sha256)


def prompts_of(benchmark: Benchmark) -> dict[str, tuple[str, str]]:
    """What a bare completion continues, by problem, and the function that makes it whole."""
    judge = benchmark.judge
    if not isinstance(judge, EvalplusJudge):
        return {}
    return {name: (each.prompt, each.entry_point) for name, each in judge.problems.items()}


def _task(problem: EvalplusProblem) -> Task:
    asked = problem.problem
    prompt = messages(asked)
    tests = len(problem.base_inputs) + len(problem.plus_inputs)
    return Task(ProblemInfo(asked.id, asked.title, prompt[-1].content, tests), prompt)
