"""A program against a problem of HumanEval+ or MBPP+: one run, all calls, compared outside.

AC needs base and plus. What the program returned is compared here, by `rules`; the run holds the
inputs and no expected value. Memory: 4 GiB resident, as EvalPlus has it for address space, enforced
by the sandbox (which gives the address space half a GiB more). Time: max(4 s, 4 x canonical) of CPU
for each call, and min(60 s, their sum) + 1 s for each part.

The parts are told apart as EvalPlus does: the program is loaded anew for plus. A part ends with
its first call that raises; after one that is too late nothing further is run, and the part that
had no turn says so.
"""

from __future__ import annotations

import asyncio
import reprlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.evalplus import rules
from deepcoder_cli.evaluate.evalplus.values import PARTS
from deepcoder_cli.sandbox.batch import default_at_once
from deepcoder_cli.sandbox.calls import Came, call_records
from deepcoder_cli.sandbox.encoded import NotEncoded, Returned, returned
from deepcoder_cli.sandbox.runner import RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from deepcoder_cli.evaluate.evalplus.values import Expected, ExpectedValue
    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.calls import CallRecord
    from deepcoder_cli.sandbox.runner import Runner, RunResult

CHECKER = f"evalplus/{rules.RULES_VERSION}"
NO_TURN = "not run: an earlier call was too late, or ended the program"
SHOWN_BYTES = 512  # of a value that a line for people shows
# A value so much longer than the expected one is wrong unread: reading takes time and memory.
LONGER, LONGER_BYTES = 16, 4096
_BY_STATUS = {
    Status.CPU_LIMIT: Verdict.TLE,
    Status.WALL_LIMIT: Verdict.TLE,
    Status.MEMORY_LIMIT: Verdict.MLE,
    Status.OUTPUT_LIMIT: Verdict.OLE,
    Status.COMPILE_ERROR: Verdict.CE,
    Status.INFRASTRUCTURE: Verdict.IE,
}
# Containers by the code their bytes begin with: no two of these are ever equal or close.
_UNLIKE = {b"["[0]: 1, b"("[0]: 2, b"{"[0]: 3, b"u"[0]: 4, b"<"[0]: 5, b">"[0]: 5, b"N"[0]: 6}
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """The verdict on the base or the plus inputs.

    Attributes:
        verdict: AC, or that of the first input that is not.
        passed: how many inputs before the first failure are right, of `total`.
        total: how many inputs there are.
        first_failure: the number of that input, from 0; None for AC.
        detail: one line for people; may show the expected value.
    """

    verdict: Verdict
    passed: int
    total: int
    first_failure: int | None = None
    detail: str = ""

    @property
    def accepted(self) -> bool:
        """Whether every input is right."""
        return self.verdict is Verdict.AC


@dataclass(frozen=True, slots=True)
class EvalplusVerdict:
    """The verdict on a program.

    Attributes:
        task_id: the problem's.
        base: what HumanEval or MBPP itself says; `plus`: the added inputs.
        seconds: CPU time of the run.
    """

    task_id: str
    base: PartVerdict
    plus: PartVerdict
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """AC when both parts are; else the first that is not."""
        return self.plus.verdict if self.base.accepted else self.base.verdict

    @property
    def accepted(self) -> bool:
        """Whether it counts as solved under HumanEval+ or MBPP+."""
        return self.base.accepted and self.plus.accepted

    @property
    def passed(self) -> int:
        """How many inputs are right before the first failure, base before plus."""
        return self.base.passed + (self.plus.passed if self.base.accepted else 0)

    @property
    def total(self) -> int:
        """How many inputs there are."""
        return self.base.total + self.plus.total

    @property
    def first_failure(self) -> int | None:
        """Number of the first input that is not right, base before plus; None for AC."""
        if not self.base.accepted:
            return self.base.first_failure
        failed = self.plus.first_failure
        return None if failed is None else self.base.total + failed

    @property
    def detail(self) -> str:
        """One line for people; empty for AC."""
        if not self.base.accepted:
            return f"base: {self.base.detail}"
        return "" if self.plus.accepted else f"plus: {self.plus.detail}"


@dataclass(frozen=True, slots=True)
class EvalplusJob:
    """One program to judge."""

    problem: EvalplusProblem
    program: str
    expected: Expected


async def judge_evalplus(
    problem: EvalplusProblem, program: str, expected: Expected, runner: Runner
) -> EvalplusVerdict:
    """Run `program` on all inputs of `problem` and say what it is worth.

    Raises:
        SandboxUnavailable: a canonical solution that had to be run again could not be.
    """
    request = RunRequest(program, limits=expected.limits, call=expected.calls)
    result = await runner.arun(request)
    records = call_records(result.records, len(PARTS))
    base, plus = [
        await _part(_Part(problem, name, expected, runner), part, result)
        for name, part in zip(PARTS, records, strict=True)
    ]
    if base.accepted and plus.accepted and result.status is not Status.EXITED:
        verdict, detail = _without_record(result, started=True)  # it had passed a limit by then
        plus = PartVerdict(verdict, plus.total, plus.total, None, detail)
    return EvalplusVerdict(problem.task_id, base, plus, result.cpu_s)


async def judge_evalplus_batch(
    jobs: Iterable[EvalplusJob], runner: Runner, *, at_once: int | None = None
) -> AsyncGenerator[tuple[int, EvalplusVerdict], None]:
    """Judge every job; yields (its place in `jobs`, its verdict) in the order they are done.

    Leave it early only within `contextlib.aclosing`: closing it kills what runs.

    Args:
        jobs: taken one by one, when there is room for one more.
        runner: where they run.
        at_once: most programs under way; two for each core when None.

    Raises:
        InputError: an `at_once` below 1.
    """
    at_once = default_at_once() if at_once is None else at_once
    if at_once < 1:
        raise InputError(f"no room for any program: at_once {at_once} (1 or more). Give more.")
    waiting = enumerate(jobs)
    running: dict[asyncio.Task[EvalplusVerdict], int] = {}
    try:
        while True:
            while len(running) < at_once and (following := next(waiting, None)) is not None:
                index, job = following
                judging = judge_evalplus(job.problem, job.program, job.expected, runner)
                running[asyncio.create_task(judging)] = index
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield running.pop(task), task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Part:
    """The inputs of one part, with what they are to give."""

    problem: EvalplusProblem
    name: str
    expected: Expected
    runner: Runner

    @property
    def inputs(self) -> Sequence[Sequence[object]]:
        return self.problem.base_inputs if self.name == "base" else self.problem.plus_inputs

    @property
    def has_oracle(self) -> bool:
        return rules.has_oracle(self.problem.dataset, self.problem.entry_point)

    def question(self, index: int, value: ExpectedValue) -> rules.Question:
        return rules.Question(
            self.problem.dataset, self.problem.entry_point, self.inputs[index], value.atol,
            value.atol_after,
        )  # fmt: skip


async def _part(part: _Part, records: Sequence[CallRecord], result: RunResult) -> PartVerdict:
    """The verdict on one part: the first record that is not right, or is missing, decides."""
    values = part.expected.part(part.name)
    total = len(values)
    for index, value in enumerate(values):
        if index >= len(records):
            verdict, detail = _without_record(result, started=bool(records) or part.name == "base")
            return PartVerdict(verdict, index, total, index, f"input {index}: {detail}")
        found = await _on_record(part, index, value, records[index])
        if found is not None:
            verdict, detail = found
            return PartVerdict(verdict, index, total, index, f"input {index}: {detail}")
    return PartVerdict(Verdict.AC, total, total)


def _without_record(result: RunResult, *, started: bool) -> tuple[Verdict, str]:
    """What it means that a call left no record: the way the run ended says it."""
    if result.status in _BY_STATUS:
        return _BY_STATUS[result.status], result.detail or str(result.status)
    if result.signal in {signal.SIGALRM, signal.SIGPROF}:
        return Verdict.TLE, "the call was too late"
    if not started:
        return Verdict.RE, NO_TURN
    how = f"exit code {result.exit_code}" if result.signal is None else f"signal {result.signal}"
    return Verdict.RE, f"the program ended in a call ({how})"


async def _on_record(
    part: _Part, index: int, value: ExpectedValue, record: CallRecord
) -> tuple[Verdict, str] | None:
    """What is wrong with one call; None when it is right."""
    if record.came is Came.TIMED_OUT:
        return Verdict.TLE, f"the call was too late ({value.limit_s:g} s of CPU time)"
    if record.came is Came.RAISED:
        return _raised(record), f"{record.name} was raised"
    if record.came is Came.NOT_IMPORTED:
        if not record.body:
            return Verdict.RE, f"the program defines no {part.problem.entry_point}"
        return _raised(record), f"{record.name} was raised while the program was loaded"
    tagged = record.came is Came.TAGGED
    exact = record.came is not Came.NOT_DATA and value.is_written_as(record.body, tagged=tagged)
    if exact and value.same and not part.has_oracle:
        return None
    return await _compared(part, index, value, record)


def _raised(record: CallRecord) -> Verdict:
    return Verdict.MLE if record.body == b"MemoryError" else Verdict.RE


async def _compared(
    part: _Part, index: int, value: ExpectedValue, record: CallRecord
) -> tuple[Verdict, str] | None:
    """What is wrong with a value that is not the expected one byte for byte."""
    if len(record.body) > LONGER_BYTES + LONGER * value.size:
        return Verdict.WA, "a value far longer than the expected one was returned"
    if not part.has_oracle and _are_unlike(value, record):
        return Verdict.WA, _told(record, value)
    try:
        out = (
            Returned(rules.NOT_DATA, record.name)
            if record.came is Came.NOT_DATA
            else returned(record.body, tagged=record.came is Came.TAGGED)
        )
    except NotEncoded as error:
        return Verdict.WA, f"no usable value was returned: {error}"
    expected = await part.expected.value(part.problem, part.name, index, part.runner)
    if rules.is_right(part.question(index, value), out, expected):
        return None
    return Verdict.WA, _told(record, value)


def _are_unlike(value: ExpectedValue, record: CallRecord) -> bool:
    """Whether the kinds of two plain values differ, so that neither needs to be read."""
    if value.body is None or value.tagged or record.came is not Came.VALUE:
        return False
    got, want = (_UNLIKE.get(body[0] if body else -1, 0) for body in (record.body, value.body))
    return got != want


def _told(record: CallRecord, value: ExpectedValue) -> str:
    """Both values, for people, where they are short."""
    if record.came is Came.NOT_DATA:
        return f"an object of type {record.name} was returned (plain values)"
    got = _shown(record.body, tagged=record.came is Came.TAGGED)
    return f"{got} was returned, expected {_shown(value.body, tagged=value.tagged)}"


def _shown(body: bytes | None, *, tagged: bool) -> str:
    if body is None or len(body) > SHOWN_BYTES:
        return "a long value"
    return _SHORT.repr(returned(body, tagged=tagged).value)
