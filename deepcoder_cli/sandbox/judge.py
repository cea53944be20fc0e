"""What a run means: RunResult + expected output -> Verdict.

AC the output is right · WA it is not · TLE more CPU time than allowed, or the wall backstop ·
MLE more memory · OLE more output · RE ended by a signal, with a non-zero exit code, or without
a usable value · CE the program does not compile · IE the sandbox failed twice, or the test's own
expected value cannot be read: a fault of ours, never of the program.

Expected outputs stay in this process: no request to a runner holds one. A judgement keeps the
first 64 KiB of what a program wrote: enough to show, and thousands of judgements fit in memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.checkers import checker_named, parse_value, value_difference
from deepcoder_cli.sandbox.runner import FunctionCall, RunRequest, RunResult, Status
from deepcoder_cli.sandbox.verdict import Judgement, TestVerdict, Verdict
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.types import TestCase

KEPT_BYTES = 64 << 10  # of stdout, stderr and value, in a judgement
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
    checker: str = "tokens",
    stop_at_first_failure: bool = True,
) -> Judgement:
    """Run `program` on each test in turn and say what it is worth.

    Without tests there is nothing to accept: the verdict is IE.

    Args:
        program: its source.
        tests: inputs with expected outputs; the outputs are not given to the runner.
        runner: where it runs.
        limits: for each test; the default limits when None.
        function: the function to call, in place of stdin and stdout.
        checker: name of the comparison of outputs; values of functions have one of their own.
        stop_at_first_failure: leave out the tests after the first that is not AC. When False,
            they are left out only after a CE, TLE, MLE or OLE.

    Raises:
        InputError: no checker of that name.
    """
    checker_named(checker)
    done: list[TestVerdict] = []
    for test in tests:
        if function is not None and not _readable(test):
            result = _unreadable(runner)
        else:
            request = _request(program, test, limits or Limits(), function)
            result = await _run_once_more_if_it_failed(runner, request)
        verdict = verdict_of(result, test.output, checker=checker, function=function)
        done.append(TestVerdict(verdict, test, cut(result)))
        if verdict in _LAST or (stop_at_first_failure and verdict is not Verdict.AC):
            break
    first_bad = next((t.verdict for t in done if t.verdict is not Verdict.AC), None)
    overall = first_bad or (Verdict.AC if done else Verdict.IE)
    return Judgement(overall, tuple(done), len(tests))


def judge(
    program: str,
    tests: Sequence[TestCase],
    *,
    runner: Runner,
    limits: Limits | None = None,
    function: str | None = None,
    checker: str = "tokens",
    stop_at_first_failure: bool = True,
) -> Judgement:
    """`ajudge` for callers without an event loop."""
    return asyncio.run(
        ajudge(
            program, tests, runner=runner, limits=limits, function=function, checker=checker,
            stop_at_first_failure=stop_at_first_failure,
        )
    )  # fmt: skip


def verdict_of(
    result: RunResult, expected: str, *, checker: str = "tokens", function: str | None = None
) -> Verdict:
    """The verdict on one run."""
    if result.status is not Status.EXITED:
        return _BY_STATUS[result.status]
    if result.exit_code != 0:
        return Verdict.RE
    if function is not None:
        return _verdict_on_value(result.value, expected)
    output = result.stdout.decode("utf-8", "surrogateescape")
    return Verdict.AC if checker_named(checker)(expected, output) else Verdict.WA


def cut(result: RunResult) -> RunResult:
    """`result` with at most KEPT_BYTES of stdout, of stderr, and (characters) of a value."""
    stdout, stderr = result.stdout[:KEPT_BYTES], result.stderr[:KEPT_BYTES]
    value = result.value and result.value[:KEPT_BYTES]
    if (stdout, stderr, value) == (result.stdout, result.stderr, result.value):
        return result
    return replace(result, stdout=stdout, stderr=stderr, value=value, truncated=True)


def _verdict_on_value(value: str | None, expected: str) -> Verdict:
    try:
        given = parse_value(value or "")
    except ValueError:
        return Verdict.RE
    return Verdict.WA if value_difference(parse_value(expected), given) else Verdict.AC


def _request(program: str, test: TestCase, limits: Limits, function: str | None) -> RunRequest:
    if function is None:
        stdin = test.input.encode("utf-8", "surrogatepass")
        return RunRequest(program, stdin=stdin, limits=limits)
    return RunRequest(program, limits=limits, call=FunctionCall(function, test.input))


def _readable(test: TestCase) -> bool:
    """Whether the arguments and the expected value of a function's test are JSON."""
    try:
        for text in (*filter(str.strip, test.input.split("\n")), test.output):
            parse_value(text)
    except ValueError:
        return False
    return True


def _unreadable(runner: Runner) -> RunResult:
    """The result that stands for a test nobody could pass or fail."""
    return RunResult(
        Status.INFRASTRUCTURE, None, None, b"", b"", 0.0, 0.0, 0.0,
        truncated=False, tier=runner.tier, detail="the test is not JSON",
    )  # fmt: skip


async def _run_once_more_if_it_failed(runner: Runner, request: RunRequest) -> RunResult:
    result = await runner.arun(request)
    if result.status is Status.INFRASTRUCTURE:
        result = await runner.arun(request)
    return result
