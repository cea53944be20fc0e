"""Runs canonical solutions in the sandbox: what they return is what is expected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import InputError, SandboxUnavailable
from deepcoder_cli.evaluate.evalplus import rules
from deepcoder_cli.evaluate.evalplus.values import KEPT_BYTES, PARTS, ExpectedValue, digest_of
from deepcoder_cli.sandbox.calls import CallGroup, Came, call_records, function_calls
from deepcoder_cli.sandbox.encoded import NotEncoded, returned
from deepcoder_cli.sandbox.runner import RunRequest, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.calls import CallRecord
    from deepcoder_cli.sandbox.runner import Runner

CANONICAL_S = 60.0  # for one call; the slowest of HumanEval+ takes a second
CANONICAL_OUTPUT_KIB = 1 << 20
TRUE, FALSE = b"T", b"F"  # as `inside.encoding` writes them
_USABLE = (Came.VALUE, Came.TAGGED, Came.NOT_DATA)


async def run_canonical(
    problems: Sequence[EvalplusProblem], runner: Runner, at_once: int = 2
) -> dict[str, dict[str, tuple[ExpectedValue, ...]]]:
    """Run every canonical solution on all its inputs.

    Raises:
        InputError: one of them fails.
        SandboxUnavailable: the sandbox lost a run.
    """
    room = asyncio.Semaphore(at_once)

    async def one(problem: EvalplusProblem) -> dict[str, tuple[ExpectedValue, ...]]:
        async with room:
            return await _canonical(problem, runner)

    found = await asyncio.gather(*map(one, problems))
    return {problem.task_id: values for problem, values in zip(problems, found, strict=True)}


async def _canonical(
    problem: EvalplusProblem, runner: Runner
) -> dict[str, tuple[ExpectedValue, ...]]:
    arguments = (problem.base_inputs, problem.plus_inputs)
    records = await _records(problem, arguments, runner)
    return {
        name: _expected_values(problem, name, part)
        for name, part in zip(PARTS, records, strict=True)
    }


async def again(problem: EvalplusProblem, part: str, index: int, runner: Runner) -> bytes:
    """What the canonical solution returns for one input, as the sandbox wrote it.

    Raises:
        SandboxUnavailable: the sandbox lost the run.
    """
    inputs = problem.base_inputs if part == "base" else problem.plus_inputs
    records = await _records(problem, [inputs[index : index + 1]], runner)
    return records[0][0].body


async def _records(
    problem: EvalplusProblem, arguments: Sequence[Sequence[tuple[Any, ...]]], runner: Runner
) -> list[list[CallRecord]]:
    """Run the canonical solution; a record for each input.

    Raises:
        InputError: it fails.
        SandboxUnavailable: the sandbox lost the run.
    """
    iterate = problem.dataset == "mbpp" and problem.entry_point in rules.AS_SETS
    groups = [CallGroup(part, [CANONICAL_S] * len(part), CANONICAL_S) for part in arguments]
    calls = function_calls(problem.entry_point, groups, iterate=iterate)
    limits = Limits(
        cpu_s=10 * CANONICAL_S, memory_mib=rules.MEMORY_MIB, output_kib=CANONICAL_OUTPUT_KIB
    )
    result = await runner.arun(RunRequest(problem.canonical_program, limits=limits, call=calls))
    if result.status is Status.INFRASTRUCTURE:
        raise SandboxUnavailable(f"the sandbox lost a canonical solution: {result.detail}")
    records = call_records(result.records, len(groups))
    for part, given in zip(records, arguments, strict=True):
        last = part[-1].came if part else Came.NOT_IMPORTED
        if len(part) < len(given) or (part and last not in _USABLE):
            raise InputError(
                f"the canonical solution of {problem.task_id} fails: {len(part)} of {len(given)} "
                f"calls ({last}; {result.status}). Fetch the data set anew."
            )
    return records


def _expected_values(
    problem: EvalplusProblem, part: str, records: Sequence[CallRecord]
) -> tuple[ExpectedValue, ...]:
    """The records with what is worth knowing of each value, the tolerances in their order."""
    found: list[ExpectedValue] = []
    atol = problem.atol
    for index, record in enumerate(records):
        try:
            value = _expected_value(problem, record, atol)
        except NotEncoded as error:
            raise InputError(
                f"the canonical solution of {problem.task_id} returns no data: {part} input "
                f"{index} ({error}). Fetch the data set anew."
            ) from error
        atol = value.atol_after
        found.append(value)
    return tuple(found)


def _expected_value(problem: EvalplusProblem, record: CallRecord, atol: float) -> ExpectedValue:
    body, tagged = record.body, record.came is Came.TAGGED
    if problem.dataset == "mbpp" and problem.entry_point in rules.NOT_NONE:
        body, tagged = (FALSE if body == b"N" and _is_value(record) else TRUE), False
    elif record.came is Came.NOT_DATA:
        raise NotEncoded(record.name)
    value = returned(body, tagged=tagged)
    long = len(body) > KEPT_BYTES
    return ExpectedValue(
        body=None if long else body, digest=digest_of(body) if long else "", size=len(body),
        tagged=tagged, seconds=record.seconds, atol=atol,
        atol_after=rules.atol_after(atol, value),
        same=_equals_itself(value.value),
    )  # fmt: skip


def _is_value(record: CallRecord) -> bool:
    return record.came is Came.VALUE


def _equals_itself(value: object) -> bool:
    """Whether a copy would be `==`: not with a NaN in it, and of arrays that is never said."""
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_equals_itself, value))
    if isinstance(value, dict):
        return all(map(_equals_itself, (*value, *value.values())))
    return not hasattr(value, "dtype") and value == value  # noqa: PLR0124 - NaN is not
