"""Many programs at a time: laziness, the deadline, cancelling; with the real sandbox."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.batch import Job, ajudge_batch, default_at_once, judge_batch
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.runner import Runner, RunRequest, RunResult

DOUBLE = (TestCase("2\n", "4\n"), TestCase("5\n", "10\n"))
RIGHT = Job("print(int(input()) * 2)", DOUBLE)
ONE = Job("print(int(input()) * 2)", DOUBLE[:1])  # one run, so that it cannot wait behind SLEEPS
SLEEPS = Job("import time\ntime.sleep(60)", DOUBLE, limits=Limits(wall_s=90))


class WatchedRunner:
    """The real runner; counts the runs under way and those that ended."""

    def __init__(self, inner: Runner) -> None:
        self.tier = inner.tier
        self.inner = inner
        self.running = self.most = self.begun = 0

    async def arun(self, request: RunRequest) -> RunResult:
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await self.inner.arun(request)
        finally:
            self.running -= 1

    def run(self, request: RunRequest) -> RunResult:
        raise NotImplementedError


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_judgements_come_in_the_order_of_the_jobs(runner: Runner) -> None:
    jobs = [
        RIGHT,
        Job("import time\ntime.sleep(0.5)\nprint(4)", DOUBLE),
        Job("print(", DOUBLE),
        Job("def f(a): return a", (TestCase("1", "1"),), function="f"),
        Job("print(3, end='')\nprint(' 4')", (TestCase("", "3 4"),), checker="exact"),
        Job("1 / 0", DOUBLE, stop_at_first_failure=False),
    ]
    judgements = judge_batch(jobs, runner=runner)

    assert [j.verdict for j in judgements] == ["AC", "WA", "CE", "AC", "AC", "RE"]
    assert len(judgements[5].tests) == 2


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
async def test_judgements_are_yielded_as_they_are_done(runner: Runner) -> None:
    slow = Job("import time\ntime.sleep(1)\nprint(int(input()) * 2)", DOUBLE)
    found = [
        index async for index, _ in ajudge_batch([slow, RIGHT, RIGHT], runner=runner, at_once=2)
    ]

    assert found == [1, 2, 0]


async def test_jobs_are_taken_only_when_there_is_room(runner: Runner) -> None:
    taken, watched, before = 0, WatchedRunner(runner), open_fds()

    def jobs() -> Iterator[Job]:
        nonlocal taken
        for _ in range(5000):
            taken += 1
            yield RIGHT

    done = 0
    async with aclosing(ajudge_batch(jobs(), runner=watched, at_once=3)) as batch:
        async for _, judgement in batch:
            done += 1
            assert judgement.verdict is Verdict.AC
            assert taken <= done + 3
            if done == 12:
                break

    assert (watched.most, watched.running) == (3, 0)
    assert open_fds() <= before + 1


async def test_what_the_deadline_cuts_off_is_an_internal_error(runner: Runner) -> None:
    watched = WatchedRunner(runner)
    jobs = [ONE, SLEEPS, SLEEPS, ONE, ONE]
    batch = ajudge_batch(jobs, runner=watched, at_once=2, deadline_s=3)
    found = dict([pair async for pair in batch])

    assert sorted(found) == [0, 1, 2, 3, 4]
    assert [found[i].verdict for i in range(5)] == ["AC", "IE", "IE", "IE", "IE"]
    assert {found[i].detail for i in range(1, 5)} == {
        "the batch's deadline passed before this program was judged"
    }
    assert (watched.begun, watched.running) == (3, 0)


def test_a_deadline_that_is_not_reached_changes_nothing(runner: Runner) -> None:
    judgements = judge_batch([RIGHT] * 3, runner=runner, deadline_s=60)

    assert [j.verdict for j in judgements] == ["AC"] * 3


async def test_the_deadline_holds_while_the_consumer_is_busy(runner: Runner) -> None:
    watched = WatchedRunner(runner)
    async with aclosing(
        ajudge_batch([ONE, SLEEPS], runner=watched, at_once=2, deadline_s=2)
    ) as batch:
        assert (await anext(batch))[0] == 0
        while watched.running:
            await asyncio.sleep(0.05)
        index, judgement = await anext(batch)

    assert (index, judgement.verdict) == (1, Verdict.IE)


async def test_cancelling_the_consumer_cancels_every_run(runner: Runner) -> None:
    watched = WatchedRunner(runner)

    async def consume() -> None:
        async for _ in ajudge_batch([SLEEPS] * 9, runner=watched, at_once=3):
            pass

    task = asyncio.create_task(consume())
    while watched.running < 3:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (watched.running, watched.begun) == (0, 3)


async def test_leaving_early_cancels_every_run(runner: Runner) -> None:
    watched = WatchedRunner(runner)
    async with aclosing(ajudge_batch([ONE, SLEEPS, SLEEPS], runner=watched, at_once=3)) as batch:
        async for _ in batch:
            break

    assert watched.running == 0


@pytest.mark.parametrize(
    "bad", [Job("", DOUBLE, checker="fuzzy"), Job("", DOUBLE, checker="float:x")]
)
async def test_a_job_that_is_refused_ends_the_batch_and_its_runs(runner: Runner, bad: Job) -> None:
    watched = WatchedRunner(runner)

    with pytest.raises(InputError):
        [pair async for pair in ajudge_batch([SLEEPS, RIGHT, bad], runner=watched, at_once=2)]
    assert watched.running == 0


async def test_jobs_that_cannot_be_had_end_the_batch_and_its_runs(runner: Runner) -> None:
    watched = WatchedRunner(runner)

    def jobs() -> Iterator[Job]:
        yield SLEEPS
        raise OSError("the data set is gone")

    with pytest.raises(OSError, match="gone"):
        [pair async for pair in ajudge_batch(jobs(), runner=watched, at_once=2)]
    assert watched.running == 0


def test_no_jobs_no_judgements(runner: Runner) -> None:
    assert judge_batch([], runner=runner) == []


@pytest.mark.parametrize("at_once", [0, -1])
def test_no_room_is_bad_input(runner: Runner, at_once: int) -> None:
    with pytest.raises(InputError, match="at_once"):
        judge_batch([RIGHT], runner=runner, at_once=at_once)


def test_the_default_is_bounded_by_the_cores() -> None:
    assert 2 <= default_at_once() <= 2 * (os.cpu_count() or 1)
