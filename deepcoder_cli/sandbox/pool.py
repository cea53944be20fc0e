"""ZygotePool: strict runs on a few waiting zygotes, as many at a time as there are workers.

Waiting runs hold no descriptors. A zygote that dies is replaced, and after some thousand runs it is
replaced too. Any thread and any event loop may use one pool; a forked child starts its own.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from deepcoder_cli.sandbox.outcome import lost
from deepcoder_cli.sandbox.run_files import Programs, RunFiles
from deepcoder_cli.sandbox.series import Series
from deepcoder_cli.sandbox.slots import Slots
from deepcoder_cli.sandbox.supervision import Supervision
from deepcoder_cli.sandbox.zygote import Zygote, ZygoteLost

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

    from deepcoder_cli.sandbox.program_file import ProgramFile
    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Tier
    from deepcoder_cli.sandbox.sealed import SealedFile
    from deepcoder_cli.sandbox.slots import Place
    from deepcoder_cli.sandbox.supervision import Launch

RECYCLE_AFTER = 5000
# What takes milliseconds to import and few programs use: those get a zygote of another kind.
COSTLY = (
    "array", "calendar", "cmath", "dataclasses", "datetime", "decimal", "fractions", "inspect",
    "queue", "statistics",
)  # fmt: skip
_MENTIONS_COSTLY = re.compile(rf"\b({'|'.join(COSTLY)})\b")
DYING_S = 0.1  # how long a killed supervisor may outlive its zygotes


class Launcher(Protocol):
    """Knows how to start a zygote on this machine."""

    @property
    def tier(self) -> Tier:
        """The isolation its zygotes give."""
        ...

    @property
    def hosts(self) -> bool:
        """Whether its zygotes can host a program; without a process namespace they do not."""
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
        self.hosts = launcher.hosts
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
            with RunFiles(request, binary or self.file_of(request)) as run:
                zygote = self.zygote_for(request, place)
                try:
                    report = zygote.run(run.mode, request.limits, run.fds, run.timeout_s)
                finally:
                    self.put_back(zygote)
                return run.result(report, self.tier)
        except (ZygoteLost, OSError) as error:
            return lost(str(error), self.tier)
        finally:
            place.give_back()

    async def arun(self, request: RunRequest, binary: SealedFile | None = None) -> RunResult:
        """`run` for an event loop; cancelling kills the program before this returns."""
        place = await self._slots.atake()
        try:
            with RunFiles(request, binary or self.file_of(request)) as run:
                zygote = self.zygote_for(request, place)
                try:
                    report = await zygote.arun(run.mode, request.limits, run.fds, run.timeout_s)
                finally:
                    self.put_back(zygote)
                return run.result(report, self.tier)
        except (ZygoteLost, OSError) as error:
            return lost(str(error), self.tier)
        finally:
            place.give_back()

    def run_each(
        self, requests: Iterable[RunRequest], count: int, binary: SealedFile | None = None
    ) -> Iterator[RunResult]:
        """`run` the requests in turn: one program's tests, all with the same limits.

        They keep one place until the last of them, or until the iterator is closed; one may have
        begun when the result of the one before it is taken. A run that is lost is tried once more.

        Args:
            requests: taken as they are needed.
            count: how many they are, about; it decides what preparing them may cost.
            binary: as for `run`.
        """
        with Series(self, self._slots.take(), requests, count, binary) as series:
            while series.has_more():
                try:
                    series.zygote().wait_ready()
                    series.post()
                    series.zygote().wait(series.timeout_s)
                    result: RunResult | None = series.result()
                except (ZygoteLost, OSError) as error:
                    result = series.lose(error)
                if result is not None:
                    yield result

    async def arun_each(
        self, requests: Iterable[RunRequest], count: int, binary: SealedFile | None = None
    ) -> AsyncGenerator[RunResult, None]:
        """`run_each` for an event loop. Cancelling, or closing the generator, kills what runs."""
        with Series(self, await self._slots.atake(), requests, count, binary) as series:
            while series.has_more():
                try:
                    await series.zygote().await_ready()
                    series.post()
                    await series.zygote().await_answer(series.timeout_s)
                    result: RunResult | None = series.result()
                except (ZygoteLost, OSError) as error:
                    result = series.lose(error)
                if result is not None:
                    yield result

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
        self._programs = Programs()
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

    def file_of(self, request: RunRequest) -> ProgramFile:
        """The program of `request`, as its runs are given it."""
        return self._programs.file_of(request.program)

    def zygote_for(self, request: RunRequest, place: Place) -> Zygote:
        """A zygote for whoever holds `place`, to be put back; it may still be starting.

        Raises:
            ZygoteLost: the pool has been closed.
            OSError: nothing is left to start one with.
        """
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

    def put_back(self, zygote: Zygote) -> None:
        """Keep the zygote for the next run, or replace it where it has served its time."""
        if zygote.hosts:
            zygote.leave()
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


def _forget(pool: weakref.ref[ZygotePool]) -> None:
    living = pool()
    if living is not None:
        living.forget()
