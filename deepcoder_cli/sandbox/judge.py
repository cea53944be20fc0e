"""What a run means: RunResult + expected output -> Verdict.

AC the output is right · WA it is not · TLE more CPU time than allowed, or the wall backstop ·
MLE more memory · OLE more output · RE ended by a signal, with a non-zero exit code, or without
a usable value · CE the program does not compile · IE the sandbox or a checker program failed, or
the test's own expected value cannot be read: a fault of ours, never of the program.

Expected outputs stay in this process: no run of the program holds one (the run of a checker
program does, and it starts when the program has ended). A judgement keeps the first 64 KiB of
what a program wrote: enough to show, and thousands of judgements fit in memory.
"""

from __future__ import annotations

from contextlib import aclosing, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.checker_program import CheckerProgram, acheck
from deepcoder_cli.sandbox.checkers import Checker, checker_named
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import (
    FunctionCall,
    RunRequest,
    RunResult,
    SeriesRunner,
    Status,
)
from deepcoder_cli.sandbox.values import parse_value
from deepcoder_cli.sandbox.verdict import Judgement, TestVerdict, Verdict
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.types import TestCase

KEPT_BYTES = 64 << 10  # of stdout, stderr and value, in a judgement
TOO_FEW = "the sandbox gave fewer results than there are tests"
NO_VALUE = "no usable value was returned"
TOO_LONG = "the value is far longer than the expected one"
MAX_VALUE_CHARS, MAX_VALUE_RATIO = 64 << 10, 32
_BY_STATUS = {
    Status.CPU_LIMIT: Verdict.TLE,
    Status.WALL_LIMIT: Verdict.TLE,
    Status.MEMORY_LIMIT: Verdict.MLE,
    Status.OUTPUT_LIMIT: Verdict.OLE,
    Status.COMPILE_ERROR: Verdict.CE,
    Status.SIGNALED: Verdict.RE,
    Status.INFRASTRUCTURE: Verdict.IE,
}
_LAST = {Verdict.CE, Verdict.TLE, Verdict.MLE, Verdict.OLE}  # all tests alike, or a limit each


async def ajudge(
    program: str,
    tests: Sequence[TestCase],
    *,
    runner: Runner,
    limits: Limits | None = None,
    function: str | None = None,
    checker: str | Checker | CheckerProgram = "tokens",
    stop_at_first_failure: bool = True,
    language: Language = Language.PYTHON,
) -> Judgement:
    """Run `program` on each test in turn and say what it is worth.

    Without tests there is nothing to accept: the verdict is IE. A run that the sandbox loses is
    IE at once; trying again is the runner's business.

    Args:
        program: its source.
        tests: inputs with expected outputs; the outputs are not given to the program's runs.
        runner: where it runs.
        limits: for each test; the default limits when None. A checker program has its own.
        function: the function to call, in place of stdin and stdout (Python only).
        checker: the comparison, or its name (see `checkers.checker_named`).
        stop_at_first_failure: leave out the tests after the first that is not AC. When False,
            they are left out only after a CE, TLE, MLE or OLE.
        language: what `program` is written in.

    Raises:
        InputError: no checker of that name, or a function of a program that is not Python.
        ToolchainMissing: nothing here compiles or runs that language, or the checker's.
    """
    if function is not None and language is not Language.PYTHON:
        msg = f"a function cannot be called in {language}: {function} (python only)."
        raise InputError(f"{msg} Judge it by stdin and stdout.")
    bench = _Bench(
        program, runner, limits or Limits(), function,
        checker_named(checker) if isinstance(checker, str) else checker, language,
    )  # fmt: skip
    done: list[TestVerdict] = []
    async with aclosing(bench.verdicts(tests)) as verdicts:
        async for verdict in verdicts:
            done.append(verdict)
            kind = verdict.verdict
            if kind in _LAST or (stop_at_first_failure and kind is not Verdict.AC):
                break
    first_bad = next((t for t in done if t.verdict is not Verdict.AC), None)
    if first_bad is not None:
        return Judgement(first_bad.verdict, tuple(done), len(tests), first_bad.detail)
    if not done:
        return Judgement(Verdict.IE, (), len(tests), "there are no tests")
    return Judgement(Verdict.AC, tuple(done), len(tests))


def judge(
    program: str,
    tests: Sequence[TestCase],
    *,
    runner: Runner,
    limits: Limits | None = None,
    function: str | None = None,
    checker: str | Checker | CheckerProgram = "tokens",
    stop_at_first_failure: bool = True,
    language: Language = Language.PYTHON,
) -> Judgement:
    """`ajudge` for callers without an event loop."""
    judging = ajudge(
        program, tests, runner=_blocking(runner), limits=limits, function=function,
        checker=checker, stop_at_first_failure=stop_at_first_failure, language=language,
    )  # fmt: skip
    try:
        judging.send(None)  # to its end: with such a runner it never waits for a loop
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("a judgement waited for an event loop")


class _Blocking:
    """A runner whose `arun` runs to the end before it returns: the cost of a loop is a third."""

    def __init__(self, runner: Runner) -> None:
        self.tier = runner.tier
        self.run = runner.run

    async def arun(self, request: RunRequest) -> RunResult:
        return self.run(request)


class _BlockingSeries(_Blocking):
    """The same of a runner of series."""

    def __init__(self, runner: SeriesRunner) -> None:
        super().__init__(runner)
        self.run_each = runner.run_each

    async def arun_each(
        self, requests: Iterable[RunRequest], count: int
    ) -> AsyncGenerator[RunResult, None]:
        with closing(self.run_each(requests, count)) as results:  # type: ignore[type-var]
            for result in results:
                yield result


def _blocking(runner: Runner) -> Runner:
    return _BlockingSeries(runner) if isinstance(runner, SeriesRunner) else _Blocking(runner)


def cut(result: RunResult) -> RunResult:
    """`result` with at most KEPT_BYTES of stdout, of stderr, and (characters) of a value."""
    stdout, stderr = result.stdout[:KEPT_BYTES], result.stderr[:KEPT_BYTES]
    value = result.value and result.value[:KEPT_BYTES]
    if (stdout, stderr, value) == (result.stdout, result.stderr, result.value):
        return result
    return replace(result, stdout=stdout, stderr=stderr, value=value, truncated=True)


@dataclass(frozen=True, slots=True)
class _Bench:
    """One program, ready to be tried on tests."""

    program: str
    runner: Runner
    limits: Limits
    function: str | None
    checker: Checker | CheckerProgram
    language: Language

    async def verdicts(self, tests: Sequence[TestCase]) -> AsyncGenerator[TestVerdict, None]:
        """Run the program on each test in turn and judge what came of it."""
        readable = (test for test in tests if not self._unreadable(test))
        async with aclosing(self._results(readable, len(tests))) as results:
            for test in tests:
                if why := self._unreadable(test):
                    yield TestVerdict(Verdict.IE, test, self._lost(why), why)
                else:
                    result = await anext(results, None)
                    yield await self._judged(result or self._lost(TOO_FEW), test)

    async def _results(
        self, tests: Iterable[TestCase], count: int
    ) -> AsyncGenerator[RunResult, None]:
        """One run for each test; a checker program needs a place between them, so one by one."""
        requests = map(self._request, tests)
        if not isinstance(self.runner, SeriesRunner) or isinstance(self.checker, CheckerProgram):
            for request in requests:
                yield await self.runner.arun(request)
            return
        async with aclosing(self.runner.arun_each(requests, count)) as results:
            async for result in results:
                yield result

    async def _judged(self, result: RunResult, test: TestCase) -> TestVerdict:
        verdict, detail = await self._verdict(result, test)
        kept = cut(result)
        if verdict is Verdict.IE:
            kept = replace(kept, detail=detail)
        return TestVerdict(verdict, test, kept, detail)

    def _unreadable(self, test: TestCase) -> str:
        return "" if self.function is None else _unreadable(test)

    def _request(self, test: TestCase) -> RunRequest:
        if self.function is None:
            return RunRequest(
                self.program, stdin=_bytes(test.input), limits=self.limits, language=self.language
            )
        call = FunctionCall(self.function, test.input)
        return RunRequest(self.program, limits=self.limits, call=call)

    async def _verdict(self, result: RunResult, test: TestCase) -> tuple[Verdict, str]:
        values = self.function is not None
        if not isinstance(self.checker, CheckerProgram):
            return _explained(result, test.output, self.checker, values=values)
        ended = _verdict_on_end(result)
        if ended is not None:
            return ended, result.detail
        value = result.value or ""
        if values and len(value) > _longest_value(test.output):
            return Verdict.WA, TOO_LONG
        if values and (why := _not_json(value)):
            return Verdict.RE, f"{NO_VALUE}: {why}"
        output = _bytes(value) if values else result.stdout
        return await acheck(
            self.checker, self.runner,
            given=_bytes(test.input), output=output, answer=_bytes(test.output),
        )  # fmt: skip

    def _lost(self, detail: str) -> RunResult:
        """The result that stands for a test nobody could pass or fail."""
        return RunResult(
            Status.INFRASTRUCTURE, None, None, b"", b"", 0.0, 0.0, 0.0,
            truncated=False, tier=self.runner.tier, detail=detail,
        )  # fmt: skip


def verdict_of(
    result: RunResult,
    expected: str,
    *,
    checker: str | Checker = "tokens",
    function: str | None = None,
) -> Verdict:
    """The verdict on one run, by a checker that is no program.

    Raises:
        InputError: no checker of that name, or one that is a program.
        ValueError: a function's `expected` value is no JSON.
    """
    named = checker_named(checker) if isinstance(checker, str) else checker
    if isinstance(named, CheckerProgram):
        raise InputError(f"a checker program needs a sandbox: {named.name}. Use judge.")
    return _explained(result, expected, named, values=function is not None)[0]


def _explained(
    result: RunResult, expected: str, checker: Checker, *, values: bool
) -> tuple[Verdict, str]:
    """The verdict on one run, and a line for people."""
    ended = _verdict_on_end(result)
    if ended is not None:
        return ended, result.detail
    if not values:
        right = checker.outputs_match(_text(_bytes(expected)), _text(result.stdout))
        return (Verdict.AC if right else Verdict.WA), ""
    if result.value is None:
        return Verdict.RE, NO_VALUE
    value = result.value
    if len(value) > _longest_value(expected):
        return Verdict.WA, TOO_LONG
    try:
        given = parse_value(value)
    except ValueError as error:
        return Verdict.RE, f"{NO_VALUE}: {error}"
    right = checker.values_match(parse_value(expected), given)
    return (Verdict.AC if right else Verdict.WA), ""


def _verdict_on_end(result: RunResult) -> Verdict | None:
    """What the way a run ended says by itself; None when it is for its output to say."""
    if result.status is not Status.EXITED:
        return _BY_STATUS[result.status]
    return Verdict.RE if result.exit_code != 0 else None


def _longest_value(expected: str) -> int:
    """How long a value can be, in characters, before it is wrong unread.

    A right one is not much longer than the expected one, however both are written; parsed, a
    text can take twenty times its size.
    """
    return MAX_VALUE_CHARS + MAX_VALUE_RATIO * len(expected)


def _unreadable(test: TestCase) -> str:
    """Why the arguments or the expected value of a function's test are no JSON; else empty."""
    texts = (*filter(str.strip, test.input.split("\n")), test.output)
    return next((f"the test is not JSON: {why}" for text in texts if (why := _not_json(text))), "")


def _not_json(text: str) -> str:
    """Why `text` cannot be read as a value; empty when it can."""
    try:
        parse_value(text)
    except ValueError as error:
        return str(error)
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    """Any bytes as text, different bytes as different texts."""
    return data.decode("utf-8", "surrogateescape")
