"""What the canonical solutions return: run once in the sandbox, then kept in a file of the user's.

Values are kept as the sandbox wrote them, so that most results are compared as bytes. Of those
longer than 64 KiB (some of HumanEval+ return megabytes) only the digest is kept; where it does not
match, the canonical solution is asked for that one again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepcoder_cli import paths
from deepcoder_cli.errors import InputError, OutputError, SandboxUnavailable
from deepcoder_cli.evaluate.evalplus import rules
from deepcoder_cli.problems.datasets.evalplus import read_evalplus
from deepcoder_cli.sandbox.calls import CallGroup, Came, call_records, function_calls
from deepcoder_cli.sandbox.encoded import NotEncoded, Returned, returned
from deepcoder_cli.sandbox.runner import RunRequest, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.calls import CallRecord
    from deepcoder_cli.sandbox.runner import FunctionCalls, Runner

KEPT_BYTES = 64 << 10
CANONICAL_S = 60.0  # for one call; the slowest of HumanEval+ takes a second
CANONICAL_OUTPUT_KIB = 1 << 20
LEAST_OUTPUT_KIB = 16 << 10
PARTS = ("base", "plus")
TRUE = b"T"  # as `inside.encoding` writes it
FALSE = b"F"


@dataclass(frozen=True, slots=True)
class ExpectedValue:
    """What the canonical solution returns for one input.

    Attributes:
        body: the value as the sandbox wrote it; None for a long one.
        digest: SHA-256 of a long one, in hex; else empty.
        size: of the body.
        tagged: whether it is of a TAGGED record.
        seconds: what the canonical solution took.
        atol: the tolerance before this input, and `atol_after` from it on.
        same: whether it equals itself: a value with a NaN does not.
    """

    body: bytes | None
    digest: str
    size: int
    tagged: bool
    seconds: float
    atol: float
    atol_after: float
    same: bool

    @property
    def limit_s(self) -> float:
        """What a program may take."""
        return max(rules.MIN_LIMIT_S, rules.LIMIT_FACTOR * self.seconds)

    def is_written_as(self, body: bytes, *, tagged: bool) -> bool:
        """Whether `body` is this value, byte for byte."""
        if len(body) != self.size or tagged != self.tagged:
            return False
        return body == self.body if self.body is not None else _digest(body) == self.digest


@dataclass(frozen=True, slots=True)
class Expected:
    """What a problem's canonical solution returns, and what is asked of the sandbox for a program.

    Attributes:
        base: and `plus`: a value for each input.
        calls: both parts, to be called; made for every program once.
        limits: of the whole run.
    """

    base: tuple[ExpectedValue, ...]
    plus: tuple[ExpectedValue, ...]
    calls: FunctionCalls
    limits: Limits
    _full: dict[tuple[str, int], Returned] = field(default_factory=dict, compare=False)

    def part(self, name: str) -> tuple[ExpectedValue, ...]:
        """`base` or `plus`."""
        return self.base if name == "base" else self.plus

    async def value(
        self, problem: EvalplusProblem, part: str, index: int, runner: Runner
    ) -> Returned:
        """The expected value itself; a long one is asked for again.

        Raises:
            SandboxUnavailable: the canonical solution could not be run.
        """
        kept = self.part(part)[index]
        if kept.body is not None:
            return returned(kept.body, tagged=kept.tagged)
        if (part, index) not in self._full:
            body = await _again(problem, part, index, runner)
            if not kept.is_written_as(body, tagged=kept.tagged):
                raise SandboxUnavailable(
                    f"outputs differ from run to run: the canonical solution of {problem.task_id}."
                )
            self._full[part, index] = returned(body, tagged=kept.tagged)
        return self._full[part, index]


def expected_outputs(
    path: Path, problems: Sequence[EvalplusProblem], runner: Runner, *, folder: Path | None = None
) -> dict[str, Expected]:
    """What `problems` of the data set file at `path` are to return, by task.

    They come from the file kept for that data set and these rules, or from a run of all canonical
    solutions (half a minute of CPU time for HumanEval+), which is then kept.

    Raises:
        InputError: a canonical solution fails.
        SandboxUnavailable: the sandbox lost a run.
        OutputError: the file cannot be written.
    """
    kept = (folder or paths.expected_outputs_dir()) / f"{key_of(path)}.json"
    values = _load(kept)
    if values is None or any(p.task_id not in values for p in problems):
        every = {p.task_id: p for p in (*read_evalplus(path), *problems)}
        values = asyncio.run(run_canonical(list(every.values()), runner))
        _keep(kept, values)
    return {p.task_id: expected_of(p, values[p.task_id]) for p in problems}


def key_of(path: Path) -> str:
    """What kept outputs are known by: the data set file's SHA-256 and the version of the rules.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return f"{hashlib.file_digest(file, 'sha256').hexdigest()}-{rules.RULES_VERSION}"
    except OSError as error:
        raise InputError(f"cannot read a data set: {path} ({error}). Give another.") from error


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


def expected_of(problem: EvalplusProblem, values: dict[str, tuple[ExpectedValue, ...]]) -> Expected:
    """Make ready what every program is run with."""
    parts = [values[name] for name in PARTS]
    groups = [
        CallGroup(arguments, [value.limit_s for value in part], _group_s(part))
        for part, arguments in zip(parts, (problem.base_inputs, problem.plus_inputs), strict=True)
    ]
    iterate = problem.dataset == "mbpp" and problem.entry_point in rules.AS_SETS
    size = sum(value.size for part in parts for value in part)
    base, plus = parts
    return Expected(
        base, plus,
        calls=function_calls(problem.entry_point, groups, iterate=iterate),
        limits=Limits(
            cpu_s=sum(group.import_s for group in groups), memory_mib=rules.MEMORY_MIB,
            output_kib=max(LEAST_OUTPUT_KIB, _power_of_two(2 * (size >> 10))),
        ),
    )  # fmt: skip


def _group_s(values: Sequence[ExpectedValue]) -> float:
    """What one part may take in all: EvalPlus's rule."""
    return min(rules.MAX_GROUP_S, sum(value.limit_s for value in values)) + 1


def _power_of_two(number: int) -> int:
    """The next one: a limit is to tell as little as it can of what is expected."""
    return 1 << max(number - 1, 0).bit_length()


async def _canonical(
    problem: EvalplusProblem, runner: Runner
) -> dict[str, tuple[ExpectedValue, ...]]:
    arguments = (problem.base_inputs, problem.plus_inputs)
    records = await _records(problem, arguments, runner)
    return {
        name: _expected_values(problem, name, part)
        for name, part in zip(PARTS, records, strict=True)
    }


async def _again(problem: EvalplusProblem, part: str, index: int, runner: Runner) -> bytes:
    """What the canonical solution returns for one input."""
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


_USABLE = (Came.VALUE, Came.TAGGED, Came.NOT_DATA)


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
        body=None if long else body, digest=_digest(body) if long else "", size=len(body),
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


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _keep(path: Path, values: dict[str, dict[str, tuple[ExpectedValue, ...]]]) -> None:
    """Write the file as a whole, or not at all."""
    rows = {
        task: {name: [_row(value) for value in part] for name, part in parts.items()}
        for task, parts in values.items()
    }
    half = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(rows), encoding="ascii")
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink()
        raise OutputError(
            f"cannot keep expected outputs: {path} ({error}). Make room, or set XDG_CACHE_HOME."
        ) from error


def _load(path: Path) -> dict[str, dict[str, tuple[ExpectedValue, ...]]] | None:
    """What is kept; None where there is nothing of use."""
    try:
        rows = json.loads(path.read_text(encoding="ascii"))
        return {
            task: {name: tuple(map(_value, parts[name])) for name in PARTS}
            for task, parts in rows.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _row(value: ExpectedValue) -> list[Any]:
    body = None if value.body is None else base64.b64encode(value.body).decode("ascii")
    return [
        body, value.digest, value.size, value.tagged, value.seconds, value.atol, value.atol_after,
        value.same,
    ]  # fmt: skip


def _value(row: list[Any]) -> ExpectedValue:
    body, *rest = row
    return ExpectedValue(None if body is None else base64.b64decode(body), *rest)
