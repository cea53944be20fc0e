"""What happened when a program ran: the Runner interface and its result.

A runner knows nothing of expected outputs. What a result means is decided in `judge`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator


class Status(StrEnum):
    """Why a run ended."""

    EXITED = "exited"
    SIGNALED = "signaled"
    CPU_LIMIT = "cpu-limit"
    WALL_LIMIT = "wall-limit"
    MEMORY_LIMIT = "memory-limit"
    OUTPUT_LIMIT = "output-limit"
    COMPILE_ERROR = "compile-error"
    INFRASTRUCTURE = "infrastructure"


class Tier(StrEnum):
    """How strong the isolation was (A is strongest; see docs/sandbox.md)."""

    A = "A"
    B = "B"
    C = "C"
    NONE = "none"


class Profile(StrEnum):
    """What a program may do.

    STRICT: one process, nothing to write to, no sockets; a waiting interpreter is forked for it.
    GENERAL: processes of its own, a working directory in memory; a sandbox is built for it.
    """

    STRICT = "strict"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """Call `name` of the program (a function, or a method of its class Solution).

    `arguments` holds one JSON value a line. The result comes back as JSON in
    `RunResult.value`, read from a private descriptor, never from stdout.
    """

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class FunctionCalls:
    """Call the function `name` of the program (no method) once for each of many argument lists.

    Strict profile, Python only. `plan` is made by `calls.function_calls`; what the calls returned
    comes back in `RunResult.records`, however the run ended.
    """

    name: str
    plan: bytes


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One program to run once.

    Attributes:
        program: its source.
        stdin: what it reads.
        limits: what it may use.
        call: a function to call, once or often, in place of stdin and stdout (Python only).
        argv: its arguments.
        language: what `program` is written in.
        profile: what it may do; None is what its language needs at least.
        files: further files (name, content) in its working directory; GENERAL only.
    """

    program: str
    stdin: bytes = b""
    limits: Limits = field(default_factory=Limits)
    call: FunctionCall | FunctionCalls | None = None
    argv: tuple[str, ...] = ()
    language: Language = Language.PYTHON
    profile: Profile | None = None
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def profile_in_force(self) -> Profile:
        """The profile it runs under."""
        if self.profile is not None:
            return self.profile
        return Profile.GENERAL if self.language is Language.JAVASCRIPT else Profile.STRICT


@dataclass(frozen=True, slots=True)
class RunResult:
    """What happened.

    Attributes:
        status: why the run ended.
        exit_code: set when the program exited by itself.
        signal: number of the signal that ended it, else None.
        stdout: at most the output cap.
        stderr: at most the output cap.
        cpu_s: user plus system CPU seconds of the program, all its threads.
        wall_s: seconds from start to end.
        peak_mib: peak resident memory.
        truncated: whether stdout or stderr was cut at its cap (in a judgement, anything at all).
        tier: isolation that was in force.
        value: JSON text a FunctionCall returned; None when it returned nothing usable.
        records: what FunctionCalls left, as the program's process wrote it; read by `calls`.
        detail: for INFRASTRUCTURE and COMPILE_ERROR, one line for people.
    """

    status: Status
    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    cpu_s: float
    wall_s: float
    peak_mib: float
    truncated: bool
    tier: Tier
    value: str | None = None
    detail: str = ""
    records: bytes = b""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The size, in characters, of a terminal of the program's own."""

    columns: int = 80
    rows: int = 24


class Runner(Protocol):
    """Runs programs in isolation. Implementations are safe to call from several tasks."""

    @property
    def tier(self) -> Tier:
        """The isolation this runner gives."""
        ...

    async def arun(self, request: RunRequest) -> RunResult:
        """Run one program once; cancelling the task kills everything it started."""
        ...

    def run(self, request: RunRequest) -> RunResult:
        """`arun` for callers without an event loop."""
        ...


@runtime_checkable
class SeriesRunner(Runner, Protocol):
    """A runner for which the tests of one program cost less together than one by one."""

    def arun_each(
        self, requests: Iterable[RunRequest], count: int
    ) -> AsyncGenerator[RunResult, None]:
        """`arun` for about `count` requests of one program, in turn; taken as they are needed.

        A request may have begun when the result of the one before it is taken. Closing the
        generator kills what it started; while it is open it may keep others waiting.
        """
        ...

    def run_each(self, requests: Iterable[RunRequest], count: int) -> Iterator[RunResult]:
        """`arun_each` for callers without an event loop."""
        ...


class LiveRunner(Runner, Protocol):
    """A runner that also shows output while the program runs."""

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, handing output to `show(1 or 2, chunk)` as it comes.

        Whatever `show` raises ends the run and is passed on.
        """
        ...

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run at a terminal of the program's own (never the user's), showing output as it comes.

        `request.stdin` is typed into it, then the end of input. stdout and stderr are one stream,
        as on any terminal: `show(1, chunk)`.
        """
        ...
