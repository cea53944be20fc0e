"""Judges by tests, strictly and as LiveCodeBench's grader would, from the same runs where it can.

`strict` is the judge of the whole product: solve and the reward use it too. `lcb-compat` copies the
rules by which published numbers were made: any spelling of equal decimal numbers, lines counted,
six seconds a test, an exit code that does not matter. That grader also puts a page of imports
before a program; a program that fails without them is run again with them, for `lcb-compat` alone.
Not copied: what that grader gets wrong about correct programs (see docs/eval.md), and its memory
limit.
"""

from __future__ import annotations

import ast
import builtins
import json
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.benchmark import Finding
from deepcoder_cli.sandbox.judge import TOO_FEW, verdict_of
from deepcoder_cli.sandbox.runner import FunctionCall, RunRequest, SeriesRunner, Status
from deepcoder_cli.sandbox.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from deepcoder_cli.sandbox.runner import Runner, RunResult
    from deepcoder_cli.types import Problem, TestCase

STRICT, LCB = "strict/1", "lcb-compat/1"
LCB_SECONDS = 6.0
MAX_EQUAL_CHARS = 1 << 20
_STAR = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random",
    "statistics", "itertools", "functools", "operator", "io", "sys", "json", "builtins", "typing",
)  # fmt: skip
LCB_PRELUDE = (
    "".join(f"from {name} import *\n" for name in _STAR)
    + "".join(f"import {name}\n" for name in _STAR)
    + "sys.setrecursionlimit(50000)\n"
)
_TRACEBACK = b"Traceback (most recent call last):"


def _may_lack_imports(verdict: Verdict, program: str) -> bool:
    """Whether the prelude may make a difference: it also raises the recursion limit."""
    return verdict is Verdict.RE or (verdict is Verdict.WA and lacks_imports(program))


@dataclass(slots=True)
class _Tally:
    """What one set of rules has seen so far."""

    total: int
    passed: int = 0
    first_failure: int | None = None
    verdict: Verdict = Verdict.AC
    detail: str = ""
    seconds: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.first_failure is None

    def see(self, number: int, verdict: Verdict, detail: str) -> None:
        if verdict is Verdict.AC:
            self.passed += 1
        else:
            self.first_failure, self.verdict, self.detail = number, verdict, detail

    def finding(self) -> Finding:
        if not self.total:
            return Finding(Verdict.IE, 0, 0, None, "there are no tests", 0.0)
        if self.is_open and self.passed < self.total:
            return Finding(Verdict.IE, self.passed, self.total, self.passed, TOO_FEW, self.seconds)
        return Finding(
            self.verdict, self.passed, self.total, self.first_failure, self.detail,
            round(self.seconds, 4),
        )  # fmt: skip


class TestsJudge:
    """Knows the tests of each problem; the tests that a statement shows are judged too."""

    __test__ = False  # not a pytest class
    checkers = (STRICT, LCB)

    def __init__(self, problems: Mapping[str, Problem]) -> None:
        """Judge these, by id."""
        self._problems = problems

    def whole(self, problem: str, extracted: str) -> str:
        """The program as it is."""
        return extracted

    async def judge(
        self, problem: str, program: str, checkers: tuple[str, ...], runner: Runner
    ) -> Mapping[str, Finding]:
        """What each of `checkers` says of `program`."""
        found = self._problems[problem]
        tests = (*found.examples, *found.tests)
        tallies = {checker: _Tally(len(tests)) for checker in checkers}
        await _run(program, found, tests, tallies, runner)
        lcb = tallies.get(LCB)
        if lcb is not None and _may_lack_imports(lcb.verdict, program):
            again = {LCB: _Tally(len(tests), seconds=lcb.seconds)}
            await _run(LCB_PRELUDE + program, found, tests, again, runner)
            if again[LCB].verdict is not lcb.verdict:
                tallies |= again
        return {checker: tally.finding() for checker, tally in tallies.items()}


async def _run(
    program: str,
    problem: Problem,
    tests: tuple[TestCase, ...],
    tallies: dict[str, _Tally],
    runner: Runner,
) -> None:
    """Run the tests in turn until every set of rules has found a failure."""
    async with aclosing(_results(program, problem, tests, runner, lcb=LCB in tallies)) as results:
        number = -1
        async for result in results:
            number += 1
            for checker, tally in tallies.items():
                if tally.is_open:
                    tally.seconds += result.cpu_s
                    verdict = _verdict(checker, result, tests[number], problem)
                    tally.see(number, verdict, _detail(verdict, result, number))
            if not any(tally.is_open for tally in tallies.values()):
                return


async def _results(
    program: str, problem: Problem, tests: Iterable[TestCase], runner: Runner, *, lcb: bool
) -> AsyncGenerator[RunResult, None]:
    limits = problem.limits
    if lcb and limits.cpu_s < LCB_SECONDS:
        limits = replace(limits, cpu_s=LCB_SECONDS)
    requests = (_request(program, problem, test, limits) for test in tests)
    if isinstance(runner, SeriesRunner):
        async with aclosing(runner.arun_each(requests, problem_size(problem))) as results:
            async for result in results:
                yield result
        return
    for request in requests:
        yield await runner.arun(request)


def problem_size(problem: Problem) -> int:
    """How many tests there are."""
    return len(problem.examples) + len(problem.tests)


def _request(program: str, problem: Problem, test: TestCase, limits: object) -> RunRequest:
    if problem.function is None:
        stdin = test.input.encode("utf-8", "surrogatepass")
        return RunRequest(program, stdin=stdin, limits=limits)  # type: ignore[arg-type]
    call = FunctionCall(problem.function, test.input)
    return RunRequest(program, limits=limits, call=call)  # type: ignore[arg-type]


def _verdict(checker: str, result: RunResult, test: TestCase, problem: Problem) -> Verdict:
    """The verdict of one set of rules on one run."""
    if checker == LCB:
        return _lcb_verdict(result, test, problem)
    if result.status is Status.EXITED and result.cpu_s > problem.limits.cpu_s:
        return Verdict.TLE
    return _compared(result, test, problem, problem.checker)


def _lcb_verdict(result: RunResult, test: TestCase, problem: Problem) -> Verdict:
    if result.status is Status.EXITED:
        if result.cpu_s > LCB_SECONDS:
            return Verdict.TLE
        if result.exit_code and problem.function is None and _TRACEBACK not in result.stderr:
            result = replace(result, exit_code=0)  # sys.exit(1) is an end like any other there
    verdict = _compared(result, test, problem, "lcb-compat")
    if verdict is Verdict.WA and problem.function is not None and _equal(result.value, test.output):
        return Verdict.AC
    return verdict


def _equal(value: str | None, expected: str) -> bool:
    """Whether two JSON texts are equal to Python, where 1 is True. Long ones are not read again."""
    if value is None or len(value) + len(expected) > MAX_EQUAL_CHARS:
        return False
    try:
        return bool(json.loads(value) == json.loads(expected))
    except (ValueError, RecursionError):
        return False


def lacks_imports(program: str) -> bool:
    """Whether it uses a name of the prelude that it does not bind, as far as one can read."""
    try:
        nodes = list(ast.walk(ast.parse(program)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {
        a.asname or a.name for n in nodes for a in getattr(n, "names", []) if hasattr(a, "asname")
    }
    bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return not (used - bound - set(dir(builtins))).isdisjoint(_prelude_names())


@cache
def _prelude_names() -> frozenset[str]:
    found = set(_STAR)
    for name in _STAR:
        module = import_module(name)
        public = [each for each in dir(module) if not each.startswith("_")]
        found.update(getattr(module, "__all__", public))
    return frozenset(found)


def _compared(result: RunResult, test: TestCase, problem: Problem, checker: str) -> Verdict:
    try:
        return verdict_of(result, test.output, checker=checker, function=problem.function)
    except ValueError:  # the test's own value is no JSON
        return Verdict.IE


def _detail(verdict: Verdict, result: RunResult, number: int) -> str:
    """One line for people; empty for a test that is passed."""
    if verdict is Verdict.AC:
        return ""
    last = result.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
    said = result.detail or (last if verdict in {Verdict.RE, Verdict.MLE} else "")
    return f"test {number + 1}: {said}" if said else f"test {number + 1}"
