"""The arms that are compared: each runs one program on all its tests, as a grader would.

Ours through `run` and through `judge`; a bare interpreter for each test, in three states; a
bubblewrap of the same namespaces with exec for each test; and the in-process grader.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.checkers import tokens_match
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.runner import RunRequest
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import TestCase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from benchmarks.sandbox.problems import Benchmark
    from deepcoder_cli.sandbox.runner import Runner

SOURCE = "main.py"
HOST = Path(__file__).with_name("in_process_host.py")


@dataclass(frozen=True, slots=True)
class Case:
    """A program with its tests, expected outputs included."""

    name: str
    file: Path
    source: str
    tests: tuple[TestCase, ...]


class Arm(Protocol):
    """One way to run a program on all its tests."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    def run(self, case: Case) -> list[bool] | list[str]:
        """Run it (this is what is timed); the outputs, or for a grader what it thinks of each."""
        ...


def all_right(case: Case, returned: Sequence[bool | str]) -> bool:
    """Whether every test came out right; not timed."""
    return len(returned) == len(case.tests) and all(
        tokens_match(test.output, got) if isinstance(got, str) else got
        for test, got in zip(case.tests, returned, strict=True)
    )


class OursRun:
    """`Runner.run` for each test."""

    name = "ours: run"

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, case: Case) -> list[str]:
        """The outputs."""
        inputs = (test.input.encode() for test in case.tests)
        results = (self._runner.run(RunRequest(case.source, stdin=stdin)) for stdin in inputs)
        return [result.stdout.decode("utf-8", "replace") for result in results]


class OursJudge:
    """`judge`: the tests in turn, each output compared."""

    name = "ours: judge"

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, case: Case) -> list[bool]:
        """What the judge says."""
        judgement = judge(case.source, case.tests, runner=self._runner)
        return [test.verdict is Verdict.AC for test in judgement.tests]


class Exec:
    """A new process for each test."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self._command = command

    def run(self, case: Case) -> list[str]:
        """The outputs; empty for a test whose process failed."""
        return [self._one(str(case.file), test.input) for test in case.tests]

    def _one(self, file: str, text: str) -> str:
        argv = [file if word == SOURCE else word for word in self._command]
        if argv[-1] == self._command[-1]:
            argv.append(file)
        done = subprocess.run(argv, input=text.encode(), capture_output=True, check=False)
        return "" if done.returncode else done.stdout.decode("utf-8", "replace")


class InProcess:
    """The LiveCodeBench manner: one forked process for all tests, nothing isolated."""

    def __init__(self, name: str, loaded: Sequence[str] = ()) -> None:
        """Start the process that forks, with the modules `loaded` imported as well."""
        self.name = name
        self._host = subprocess.Popen(
            [sys.executable, str(HOST), *loaded],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, case: Case) -> list[bool]:
        """What it thinks of each test."""
        inputs, outputs = [t.input for t in case.tests], [t.output for t in case.tests]
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.write(json.dumps([case.source, inputs, outputs]) + "\n")
        self._host.stdin.flush()
        verdicts: list[bool] = json.loads(self._host.stdout.readline() or "[]")
        return verdicts

    def close(self) -> None:
        """End the process."""
        self._host.communicate()


def plain(python: Path) -> Exec:
    """The interpreter as a user starts it, with whatever its site-packages do at start."""
    return Exec("bare: plain", [str(python)])


def isolated(python: Path) -> Exec:
    """The interpreter without its site module, environment or user folder."""
    return Exec("bare: -I -S", [str(python), "-I", "-S"])


def clean(python: Path, folder: Path) -> Exec:
    """The same interpreter in an environment without packages: no .pth file slows its start."""
    command = [str(python), "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return Exec("bare: clean", [str(folder / "bin" / "python")])


def bubblewrap(python: layout.Interpreter) -> Exec | None:
    """The sandbox's own namespaces and mounts, with the interpreter executed anew in each."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return None
    mounts = layout.arguments(python, as_root=layout.running_as_root())
    inside = f"{layout.WORKDIR}/{SOURCE}"
    ending = ["--ro-bind", SOURCE, inside, "--remount-ro", "/", "--", python.inside, inside]
    return Exec("bubblewrap + exec", [bwrap, *mounts, *ending])


def peers(runner: Runner, scratch: Path, stack: ExitStack) -> list[Arm]:
    """All arms that exist on this machine; ours first. `stack` ends what they started."""
    python = layout.current_interpreter()
    graders = [InProcess("in-process grader")]
    if find_spec("torch"):
        graders.append(InProcess("in-process, torch loaded", ["torch"]))
    for grader in graders:
        stack.callback(grader.close)
    found: list[Arm | None] = [
        OursRun(runner), OursJudge(runner), plain(python.executable),
        clean(python.executable, scratch / "clean"), isolated(python.executable),
        bubblewrap(python), *graders,
    ]  # fmt: skip
    return [arm for arm in found if arm is not None]


def case_of(benchmark: Benchmark) -> Case:
    """`benchmark` with what the bare interpreter prints as the expected outputs."""
    outputs = expected_outputs(benchmark)
    tests = tuple(
        TestCase(text, output) for text, output in zip(benchmark.inputs, outputs, strict=True)
    )
    return Case(benchmark.name, benchmark.file, benchmark.source, tests)


def expected_outputs(benchmark: Benchmark) -> list[str]:
    """What the program prints for each input in this process's own interpreter.

    Raises:
        SystemExit: it fails on one.
    """
    return [_checked([sys.executable, str(benchmark.file)], text) for text in benchmark.inputs]


def _checked(argv: list[str], text: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        argv, input=text, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise SystemExit(f"{argv[-1]} fails: {done.stderr.strip()[-300:]}")
    return done.stdout
