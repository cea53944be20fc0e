"""ZygotePool: strict runs on a few waiting zygotes, as many at a time as there are workers.

Waiting runs hold no descriptors. A zygote that dies is replaced, and after some thousand runs it is
replaced too. Any thread and any event loop may use one pool; a forked child starts its own.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections import OrderedDict, deque
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Protocol

from deepcoder_cli.sandbox.descriptors import memory_file
from deepcoder_cli.sandbox.inside.protocol import (
    FUNCTION_MODE,
    HAS_EXTRA,
    NATIVE_MODE,
    READ_CODE,
    SCRIPT_MODE,
    WRITE_CODE,
)
from deepcoder_cli.sandbox.outcome import lost, result_from
from deepcoder_cli.sandbox.program_file import ProgramFile, code_file
from deepcoder_cli.sandbox.sealed import SealedFile, utf8
from deepcoder_cli.sandbox.slots import Slots
from deepcoder_cli.sandbox.supervision import Supervision
from deepcoder_cli.sandbox.zygote import Zygote, ZygoteLost

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.outcome import Report
    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Tier
    from deepcoder_cli.sandbox.slots import Place
    from deepcoder_cli.sandbox.supervision import Launch

RECYCLE_AFTER = 5000
KEPT_PROGRAMS = 64
# What takes milliseconds to import and few programs use: those get a zygote of another kind.
COSTLY = (
    "array", "calendar", "cmath", "dataclasses", "datetime", "decimal", "fractions", "inspect",
    "queue", "statistics",
)  # fmt: skip
_MENTIONS_COSTLY = re.compile(rf"\b({'|'.join(COSTLY)})\b")
DYING_S = 0.1  # how long a killed supervisor may outlive its zygotes
GRACE_S = 10.0  # how long a zygote may be late in enforcing the wall limit


class Launcher(Protocol):
    """Knows how to start a zygote on this machine."""

    @property
    def tier(self) -> Tier:
        """The isolation its zygotes give."""
        ...

    def launch(self, preload: tuple[str, ...]) -> Launch:
        """How to start one that has the modules `preload` imported."""
        ...


class ZygotePool:
    """Runs strict programs. See the module for what it promises."""

    def __init__(
        self, launcher: Launcher, workers: int | None = None, recycle_after: int = RECYCLE_AFTER
    ) -> None:
        """Start nothing yet; `workers` runs at a time, by default one for each core of ours."""
        self.workers = workers or len(os.sched_getaffinity(0))
        self._recycle_after = recycle_after
        self.tier = launcher.tier
        self._launcher = launcher
        self._supervision = Supervision()
        self._begin()
        pool = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forget(pool))

    def run(self, request: RunRequest, binary: SealedFile | None = None) -> RunResult:
        """Run once; a lost zygote is no result of the program's, and not tried again here.

        A `binary` is what runs, in place of the program's text.
        """
        place = self._slots.take()
        try:
            with ExitStack() as stack:
                run = _Run(request, binary or self._programs.file_of(request.program), stack)
                zygote = self._zygote_for(request, place)
                try:
                    report = zygote.run(run.mode, request.limits, run.fds, run.timeout_s)
                finally:
                    self._put_back(zygote)
                return run.result(report, self.tier)
        except (ZygoteLost, OSError) as error:
            return lost(str(error), self.tier)
        finally:
            place.give_back()

    async def arun(self, request: RunRequest, binary: SealedFile | None = None) -> RunResult:
        """`run` for an event loop; cancelling kills the program before this returns."""
        place = await self._slots.atake()
        try:
            with ExitStack() as stack:
                run = _Run(request, binary or self._programs.file_of(request.program), stack)
                zygote = self._zygote_for(request, place)
                try:
                    report = await zygote.arun(run.mode, request.limits, run.fds, run.timeout_s)
                finally:
                    self._put_back(zygote)
                return run.result(report, self.tier)
        except (ZygoteLost, OSError) as error:
            return lost(str(error), self.tier)
        finally:
            place.give_back()

    def warm_up(self) -> None:
        """Start all zygotes now; they get ready while the caller does something else."""
        with self._lock:
            missing = self.workers - len(self._holders)
        for _ in range(missing):
            zygote = self._start((), None)
            with self._lock:
                self._idle.setdefault((), deque()).append(zygote)

    def close(self) -> None:
        """End all zygotes and the supervisor, for good; runs under way and later ones are lost."""
        self._closed = True
        with self._lock:
            idle = [zygote for zygotes in self._idle.values() for zygote in zygotes]
            self._idle.clear()
            busy = [zygote for zygote in self._holders if zygote not in idle]
        for zygote in idle:
            self._drop(zygote)
        for zygote in busy:  # closed by whoever waits for it
            zygote.hang_up()
        self._supervision.close()

    def _begin(self) -> None:
        self._closed = False
        self._lock = threading.RLock()
        self._slots = Slots(self.workers)
        self._programs = _Programs()
        self._idle: dict[tuple[str, ...], deque[Zygote]] = {}
        # Every zygote there is, with the place of the run it was last given to.
        self._holders: dict[Zygote, weakref.ref[Place] | None] = {}
        self._preload: dict[Zygote, tuple[str, ...]] = {}

    def forget(self) -> None:
        """In a forked child: let go of the parent's zygotes."""
        for zygote in list(self._holders):
            zygote.close()
        self._supervision.forget()
        self._begin()

    def _zygote_for(self, request: RunRequest, place: Place) -> Zygote:
        preload = preload_of(request)
        while (zygote := self._idle_one(preload, place)) is not None:
            if not zygote.has_ended():
                return zygote
            self._drop(zygote)
        self._drop_the_stranded()
        return self._start(preload, place)

    def _idle_one(self, preload: tuple[str, ...], place: Place) -> Zygote | None:
        with self._lock:
            idle = self._idle.get(preload)
            if not idle:
                return None
            zygote = idle.pop()
            self._holders[zygote] = weakref.ref(place)
            return zygote

    def _drop_the_stranded(self) -> None:
        """Let go of zygotes that are neither idle nor held: an exception came between."""
        with self._lock:
            idle = {zygote for zygotes in self._idle.values() for zygote in zygotes}
            stranded = [
                zygote
                for zygote, holder in self._holders.items()
                if zygote not in idle and holder is not None and not _is_held(holder)
            ]
        for zygote in stranded:
            self._drop(zygote)

    def _drop_those_of_a_dead_supervisor(self) -> None:
        """They may take a moment to end; nobody is to be given one."""
        if not self._supervision.has_died(DYING_S):
            return
        with self._lock:
            zygotes = [zygote for idle in self._idle.values() for zygote in idle]
            self._idle.clear()
        for zygote in zygotes:
            self._drop(zygote)

    def _drop(self, zygote: Zygote) -> None:
        """Let go of a zygote for good."""
        with self._lock:
            known = zygote in self._holders
            self._holders.pop(zygote, None)
            self._preload.pop(zygote, None)
        zygote.close()
        if known and not self._closed:
            self._supervision.end(zygote.name)

    def _start(self, preload: tuple[str, ...], place: Place | None) -> Zygote:
        if self._closed:
            raise ZygoteLost("the sandbox has been closed")
        zygote = self._supervision.start(self._launcher.launch(preload))
        with self._lock:
            self._preload[zygote] = preload
            self._holders[zygote] = None if place is None else weakref.ref(place)
        return zygote

    def _put_back(self, zygote: Zygote) -> None:
        """Keep the zygote for the next run, or replace it where it has served its time."""
        if zygote.usable and zygote.runs < self._recycle_after and not self._closed:
            with self._lock:
                if zygote in self._holders:
                    self._idle.setdefault(self._preload[zygote], deque()).append(zygote)
            return
        preload, spent = self._preload.get(zygote, ()), zygote.usable
        self._drop(zygote)
        if not spent:
            self._drop_those_of_a_dead_supervisor()
            return
        with suppress(OSError, ZygoteLost):  # then the next run starts one
            successor = self._start(preload, None)  # gets ready while others work
            with self._lock:
                self._idle.setdefault(preload, deque()).appendleft(successor)


def _is_held(holder: weakref.ref[Place]) -> bool:
    place = holder()
    return place is not None and place.held


def preload_of(request: RunRequest) -> tuple[str, ...]:
    """Modules to have imported for a program, by the words in it: a guess, for speed alone.

    >>> from deepcoder_cli.sandbox.runner import RunRequest
    >>> preload_of(RunRequest("import math")), preload_of(RunRequest("import decimal")) == COSTLY
    ((), True)
    """
    if "numpy" in request.program:
        return (*COSTLY, "numpy")
    return COSTLY if _MENTIONS_COSTLY.search(request.program) else ()


class _Run:
    """The descriptors of one run, open until `stack` closes."""

    def __init__(
        self, request: RunRequest, program: ProgramFile | SealedFile, stack: ExitStack
    ) -> None:
        self._request = request
        self._program = program
        self._code: int | None = None
        stdin = stack.enter_context(SealedFile("stdin", request.stdin))
        self._out = [stack.enter_context(memory_file(name, b"")) for name in ("out", "err", "note")]
        self.fds = [0, stdin.fd, *self._out]
        self.mode = SCRIPT_MODE
        self._take_extra(stack)
        if isinstance(program, SealedFile):
            self.mode |= NATIVE_MODE
            self.fds[0] = program.fd
        else:
            self.fds[0] = stack.enter_context(program.opened())
            self._take_code(program, stack)

    @property
    def timeout_s(self) -> float:
        return self._request.limits.wall_limit_s + GRACE_S

    def result(self, report: Report, tier: Tier) -> RunResult:
        out, err, note = self._out
        if self._code is not None and isinstance(self._program, ProgramFile):
            self._program.keep_code(self._code)
        return result_from(self._request, report, stdout=out, stderr=err, note=note, tier=tier)

    def _take_extra(self, stack: ExitStack) -> None:
        extra = b"\0".join(map(utf8, self._request.argv))
        if (call := self._request.call) is not None:
            self.mode |= FUNCTION_MODE
            extra = utf8(f"{call.name}\n{call.arguments}")
        if extra:
            self.mode |= HAS_EXTRA
            self.fds.append(stack.enter_context(SealedFile("extra", extra)).fd)

    def _take_code(self, program: ProgramFile, stack: ExitStack) -> None:
        """Hand over the code that an earlier run left, or a file to leave it in."""
        self._left_code = program.code  # held, so that it stays open
        if self._left_code is not None:
            self.mode |= READ_CODE
            self.fds.append(self._left_code.fd)
        elif program.wants_code:
            self.mode |= WRITE_CODE
            self._code = stack.enter_context(code_file())
            self.fds.append(self._code)


class _Programs:
    """The last few programs: one program runs on many tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, ProgramFile] = OrderedDict()

    def file_of(self, program: str) -> ProgramFile:
        with self._lock:
            file = self._files.get(program)
        if file is None:
            file = ProgramFile(program)
        with self._lock:
            file = self._files.setdefault(program, file)
            self._files.move_to_end(program)
            if len(self._files) > KEPT_PROGRAMS:
                self._files.popitem(last=False)  # closed when its last run lets go of it
        return file


def _forget(pool: weakref.ref[ZygotePool]) -> None:
    living = pool()
    if living is not None:
        living.forget()
