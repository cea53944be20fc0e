"""What a program is expected to return, and what is asked of the sandbox to find out.

Values are kept as the sandbox wrote them, so that most results are compared as bytes. Of those
longer than 64 KiB (some of HumanEval+ return megabytes) only the digest is kept; where it does not
match, the canonical solution is asked for that one again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.evaluate.evalplus import rules
from deepcoder_cli.sandbox.calls import CallGroup, function_calls
from deepcoder_cli.sandbox.encoded import Returned, returned
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.runner import FunctionCalls, Runner

KEPT_BYTES = 64 << 10
LEAST_OUTPUT_KIB = 16 << 10
PARTS = ("base", "plus")


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
        return body == self.body if self.body is not None else digest_of(body) == self.digest


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
        from deepcoder_cli.evaluate.evalplus.canonical import again

        if (part, index) not in self._full:
            body = await again(problem, part, index, runner)
            if not kept.is_written_as(body, tagged=kept.tagged):
                raise SandboxUnavailable(
                    f"outputs differ from run to run: the canonical solution of {problem.task_id}."
                )
            self._full[part, index] = returned(body, tagged=kept.tagged)
        return self._full[part, index]


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


def digest_of(body: bytes) -> str:
    """What a long value is known by."""
    return hashlib.sha256(body).hexdigest()
