"""The arms: each says whether one program passes base and plus."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.evalplus.in_process import trusted
from deepcoder_cli.evaluate.evalplus.judge import judge_evalplus

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.evalplus.values import Expected
    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.runner import Runner

HOST = Path(__file__).with_name("in_process.py")


class Arm(Protocol):
    """One way to judge a program."""

    name: str

    def prepare(self, problem: EvalplusProblem) -> None:
        """Make ready whatever is the same for all programs; not timed."""
        ...

    def accepts(self, problem: EvalplusProblem, program: str) -> bool:
        """Judge it (this is what is timed)."""
        ...


class Ours:
    """`judge_evalplus`."""

    name = "ours"

    def __init__(self, runner: Runner, expected: dict[str, Expected]) -> None:
        self._runner = runner
        self._expected = expected
        self._loop = asyncio.new_event_loop()

    def prepare(self, problem: EvalplusProblem) -> None:
        """All is ready."""

    def accepts(self, problem: EvalplusProblem, program: str) -> bool:
        """Judge it in the sandbox."""
        judging = judge_evalplus(problem, program, self._expected[problem.task_id], self._runner)
        return self._loop.run_until_complete(judging).accepted

    def close(self) -> None:
        """Close the event loop."""
        self._loop.close()


class InProcess:
    """EvalPlus's manner: a process for each part, nothing isolated."""

    def __init__(self, data: Path, *, lean: bool = False) -> None:
        """Start the process that forks, and wait until it has the expected outputs.

        As EvalPlus's it holds those of all tasks, a gigabyte; a `lean` one those of one task.
        """
        self.name = "in-process, small heap" if lean else "in-process grader"
        self._host = subprocess.Popen(
            [sys.executable, str(HOST), str(data), *(["lean"] if lean else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._host.stdout is not None
        assert self._host.stdout.readline() == "ready\n"

    def prepare(self, problem: EvalplusProblem) -> None:
        """Have the outputs of that task at hand; not timed."""
        assert self._answer([problem.task_id, None]) == "ready\n"

    def accepts(self, problem: EvalplusProblem, program: str) -> bool:
        """Have it graded there."""
        accepted: bool = json.loads(self._answer([problem.task_id, program]) or "false")
        return accepted

    def _answer(self, question: list[str | None]) -> str:
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.write(json.dumps(question) + "\n")
        self._host.stdin.flush()
        return self._host.stdout.readline()

    def close(self) -> None:
        """End the process."""
        self._host.communicate()


HARNESS = """
import pickle as _pickle, sys as _sys
with open(_sys.argv[1], "rb") as _file:
    _calls = _pickle.load(_file)
for _arguments, _want in _calls:
    assert {name}(*_arguments) == _want
"""


class Subprocess:
    """A new interpreter for each program, which makes all calls and compares with `==` alone."""

    name = "plain subprocess"

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def prepare(self, problem: EvalplusProblem) -> None:
        """Write down inputs and expected outputs; not timed."""
        if self._calls(problem).exists():
            return
        inputs = [list(each) for each in (*problem.base_inputs, *problem.plus_inputs)]
        outputs, _ = trusted(problem.canonical_program, problem.entry_point, inputs)
        with self._calls(problem).open("wb") as file:
            pickle.dump(list(zip(inputs, outputs, strict=True)), file)

    def accepts(self, problem: EvalplusProblem, program: str) -> bool:
        """Run it; its exit code says it."""
        source = self._scratch / "main.py"
        source.write_text(program + HARNESS.format(name=problem.entry_point), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(source), str(self._calls(problem))], check=False, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode == 0

    def _calls(self, problem: EvalplusProblem) -> Path:
        return self._scratch / f"{problem.task_id.replace('/', '-')}.pickle"
