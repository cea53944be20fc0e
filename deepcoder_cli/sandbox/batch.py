"""Judging many programs at a time: jobs are taken as there is room, judgements come as they are.

For a trainer with thousands of rollouts: a job that has not begun costs nothing but its place in
the caller's iterable, and at most `at_once` programs are under way.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.judge import ajudge
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

    from deepcoder_cli.sandbox.checkers import Checker, CheckerProgram
    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.types import Limits, TestCase


@dataclass(frozen=True, slots=True)
class Job:
    """One program to judge; the fields are the arguments of `judge.ajudge`."""

    program: str
    tests: Sequence[TestCase]
    limits: Limits | None = None
    function: str | None = None
    checker: str | Checker | CheckerProgram = "tokens"
    stop_at_first_failure: bool = True
    language: Language = Language.PYTHON


async def ajudge_batch(
    jobs: Iterable[Job],
    *,
    runner: Runner,
    deadline_s: float | None = None,
    at_once: int | None = None,
) -> AsyncGenerator[tuple[int, Judgement], None]:
    """Judge every job; yields (its place in `jobs`, its judgement) in the order they are done.

    Closing the generator, or cancelling the task that waits for it, cancels every run under way.
    Leave it early only within `contextlib.aclosing`, so that it is closed there and then.

    Args:
        jobs: taken one by one, when there is room for one more.
        runner: where they run.
        deadline_s: seconds for the whole batch. After that what is under way is killed, nothing
            is begun, and each job without a judgement is IE with a detail that says so.
        at_once: most programs under way; two for each core when None.

    Raises:
        InputError: a job that `ajudge` refuses; the others under way are cancelled. Or an
            `at_once` below 1.
        ToolchainMissing: as `ajudge`.
    """
    at_once = default_at_once() if at_once is None else at_once
    if at_once < 1:
        raise InputError(f"no room for any program: at_once {at_once} (1 or more). Give more.")
    batch = _Batch(enumerate(jobs), runner, at_once)
    loop = asyncio.get_running_loop()
    timer = None if deadline_s is None else loop.call_later(deadline_s, batch.expire)
    try:
        while batch.fill():
            for index, judgement in await batch.next_done():
                yield index, judgement
        for index, job in batch.waiting:
            yield index, _late(job)
    finally:
        if timer is not None:
            timer.cancel()
        await batch.cancel()


def judge_batch(
    jobs: Iterable[Job],
    *,
    runner: Runner,
    deadline_s: float | None = None,
    at_once: int | None = None,
) -> list[Judgement]:
    """`ajudge_batch` for callers without an event loop: the judgements in the order of `jobs`."""

    async def collect() -> dict[int, Judgement]:
        batch = ajudge_batch(jobs, runner=runner, deadline_s=deadline_s, at_once=at_once)
        return {index: judgement async for index, judgement in batch}

    return [judgement for _, judgement in sorted(asyncio.run(collect()).items())]


def default_at_once() -> int:
    """Two programs for each core this process may use, so that one is ready when one ends."""
    if hasattr(os, "sched_getaffinity"):
        return 2 * len(os.sched_getaffinity(0))
    return 2 * (os.cpu_count() or 1)


class _Batch:
    """The jobs that wait and those under way."""

    def __init__(self, waiting: Iterator[tuple[int, Job]], runner: Runner, at_once: int) -> None:
        self.waiting = waiting
        self._runner = runner
        self._at_once = at_once
        self._running: dict[asyncio.Task[Judgement], tuple[int, Job]] = {}
        self._expired = False

    def fill(self) -> bool:
        """Begin as many jobs as there is room for; whether anything is under way."""
        while len(self._running) < self._at_once and not self._expired:
            following = next(self.waiting, None)
            if following is None:
                break
            self._running[asyncio.create_task(self._judged(following[1]))] = following
        return bool(self._running)

    async def next_done(self) -> list[tuple[int, Judgement]]:
        """Wait until something is done; those that are, by index."""
        done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        found = []
        for task in done:
            index, job = self._running.pop(task)
            found.append((index, _late(job) if task.cancelled() else task.result()))
        return sorted(found, key=lambda pair: pair[0])

    def expire(self) -> None:
        """Begin nothing more, and kill what is under way."""
        self._expired = True
        for task in self._running:
            task.cancel()

    async def cancel(self) -> None:
        """Kill what is under way and wait until it is gone."""
        running = list(self._running)
        self._running.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _judged(self, job: Job) -> Judgement:
        return await ajudge(
            job.program, job.tests, runner=self._runner, limits=job.limits, function=job.function,
            checker=job.checker, stop_at_first_failure=job.stop_at_first_failure,
            language=job.language,
        )  # fmt: skip


def _late(job: Job) -> Judgement:
    detail = "the batch's deadline passed before this program was judged"
    return Judgement(Verdict.IE, (), len(job.tests), detail)
