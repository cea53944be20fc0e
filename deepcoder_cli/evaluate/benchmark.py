"""What a benchmark is: tasks in an order, and one or more sets of rules to judge a program by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepcoder_cli.evaluate.run_info import ProblemInfo
    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.types import Message


@dataclass(frozen=True, slots=True)
class Task:
    """One problem as a model is asked it."""

    info: ProblemInfo
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one set of rules says of a program: the fields of a SampleVerdict that it decides."""

    verdict: str
    passed: int
    total: int
    first_failure: int | None
    detail: str
    seconds: float


class Judge(Protocol):
    """Judges programs by several sets of rules at once; a run serves all that it can."""

    @property
    def checkers(self) -> tuple[str, ...]:
        """The rules it knows, with versions; the first counts where one number is wanted."""
        ...

    def whole(self, problem: str, extracted: str) -> str:
        """The program to judge where an answer holds `extracted`: as it is, or completed."""
        ...

    async def judge(
        self, problem: str, program: str, checkers: tuple[str, ...], runner: Runner
    ) -> Mapping[str, Finding]:
        """What each of `checkers` says of `program` as an answer to the problem called that."""
        ...


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A set of problems, ready to be sampled and scored.

    Attributes:
        name: with its version, such as `livecodebench:v5`.
        tasks: in the benchmark's order.
        judge: decides what a program is worth.
        source: where the problems came from, and `source_sha256` of the file where it is one.
        window: first and last date of the problems; "" where they have none.
        refused: how many rows of the data set were no problems, by kind.
        notes: lines for people, such as what a score here may not be compared with.
    """

    name: str
    tasks: tuple[Task, ...]
    judge: Judge
    source: str
    source_sha256: str = ""
    window: tuple[str, str] = ("", "")
    refused: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def task(self, problem: str) -> Task | None:
        """The task of that id."""
        return next((task for task in self.tasks if task.info.id == problem), None)
