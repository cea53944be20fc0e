"""A C++ program on its tests: compiled once and judged, against g++ and a bare exec for each."""

from __future__ import annotations

import subprocess
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.sandbox.arms import Case, all_right
from benchmarks.sandbox.problems import benchmark_of, shortest_path
from benchmarks.sandbox.rows import Row, timed
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import TestCase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.sandbox.cpu import Meter
    from deepcoder_cli.sandbox.runner import Runner

COMPILER = ("g++", "-O2", "-std=c++20", "-o")


def measure(runner: Runner, meter: Meter, scratch: Path, *, rounds: int) -> Iterator[Row]:
    """For each round: compile and judge, judge again, and the same bare."""
    benchmark = benchmark_of(shortest_path, suffix=".cpp")
    binary = scratch / "bare"
    compile_to(benchmark.file, binary)
    tests = tuple(TestCase(text, bare_run(binary, text)) for text in benchmark.inputs)
    for number in range(rounds):
        source = f"{benchmark.source}// {number}\n"
        case = Case(benchmark.name, benchmark.file, source, tests)
        steps: dict[str, Callable[[], list[bool] | list[str]]] = {
            "ours: compile and 15 tests": partial(judged, runner, case),
            "ours: 15 tests, compiled": partial(judged, runner, case),
            "bare: g++": partial(compiled, case, binary),
            "bare: 15 times exec": partial(bare_runs, binary, case),
        }
        for arm, step in steps.items():
            row, returned = timed(
                step, meter, section="cpp", program=case.name, arm=arm, round_=number, runs=1
            )
            if not all_right(case, returned):
                raise SystemExit(f"{arm}: {returned}")
            yield row


def judged(runner: Runner, case: Case) -> list[bool]:
    """What the judge says of each test."""
    judgement = judge(case.source, case.tests, runner=runner, language=Language.CPP)
    return [test.verdict is Verdict.AC for test in judgement.tests]


def compiled(case: Case, binary: Path) -> list[bool]:
    """Compile on the host; nothing is judged yet."""
    compile_to(case.file, binary)
    return [True] * len(case.tests)


def bare_runs(binary: Path, case: Case) -> list[str]:
    """The outputs of the compiled program."""
    return [bare_run(binary, test.input) for test in case.tests]


def compile_to(source: Path, binary: Path) -> None:
    """Compile `source` to `binary`."""
    subprocess.run([*COMPILER, str(binary), str(source)], check=True)


def bare_run(binary: Path, text: str) -> str:
    """What the compiled program prints for `text`."""
    done = subprocess.run([str(binary)], input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode()
