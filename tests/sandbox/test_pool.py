"""The pool of zygotes: many callers, zygotes that die or are replaced, forks, cancelling."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.pool import ZygotePool
from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Status
from deepcoder_cli.types import Limits

DOUBLE = "print(2 * int(input()))"
SLEEP = "import time\nprint(input(), flush=True)\ntime.sleep(20)"


def doubled(number: int) -> RunRequest:
    return RunRequest(DOUBLE, stdin=str(number).encode())


def children(pid: int) -> list[int]:
    try:  # hosts and runs come and go while one looks
        texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for text in texts for child in text.split()]


def zygotes_of(pool: ZygotePool) -> list[int]:
    """The pids of the zygotes themselves: PID 1 of each sandbox, below its bubblewrap."""
    supervisor = pool._supervision.pid
    return [] if supervisor is None else [z for b in children(supervisor) for z in children(b)]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def wait_until(what: object, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_threads_share_a_pool(pool: ZygotePool) -> None:
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda n: pool.run(doubled(n)).stdout, range(60)))

    assert results == [b"%d\n" % (2 * n) for n in range(60)]
    assert len(zygotes_of(pool)) == 2


def test_event_loops_in_two_threads_share_a_pool(pool: ZygotePool) -> None:
    async def many(first: int) -> list[RunResult]:
        return list(await asyncio.gather(*(pool.arun(doubled(first + n)) for n in range(20))))

    with ThreadPoolExecutor(2) as threads:
        one, two = threads.map(lambda first: asyncio.run(many(first)), (0, 100))

    assert [r.stdout for r in one + two] == [
        b"%d\n" % (2 * (first + n)) for first in (0, 100) for n in range(20)
    ]


def test_thousands_that_wait_hold_no_descriptors(pool: ZygotePool) -> None:
    async def peak_of_descriptors() -> tuple[int, int]:
        tasks = [asyncio.create_task(pool.arun(doubled(n))) for n in range(2000)]
        most = 0
        while sum(task.done() for task in tasks) < 100:
            await asyncio.sleep(0.01)
            most = max(most, open_descriptors())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return most, open_descriptors()

    before = open_descriptors()
    most, after = asyncio.run(peak_of_descriptors())

    assert most < before + 40
    assert after < before + 20
    assert pool.run(doubled(4)).stdout == b"8\n"


def test_cancelled_while_waiting_gives_its_turn_to_the_next(pool: ZygotePool) -> None:
    async def scenario() -> bytes:
        busy = [asyncio.create_task(pool.arun(RunRequest(SLEEP, stdin=b"x"))) for _ in range(2)]
        waiting = asyncio.create_task(pool.arun(doubled(1)))
        last = asyncio.create_task(pool.arun(doubled(2)))
        await asyncio.sleep(0.5)
        waiting.cancel()
        busy[0].cancel()
        result = await asyncio.wait_for(last, 10)
        busy[1].cancel()
        await asyncio.gather(*busy, waiting, return_exceptions=True)
        return result.stdout

    assert asyncio.run(scenario()) == b"4\n"
    with ThreadPoolExecutor(2) as threads:  # no place was lost
        assert [r.stdout for r in threads.map(pool.run, [doubled(1)] * 4)] == [b"2\n"] * 4


def test_a_cancelled_program_is_dead_when_the_cancelling_returns(pool: ZygotePool) -> None:
    async def scenario() -> list[int]:
        await pool.arun(doubled(1))  # a zygote that is starting has a child of its own for a moment
        task = asyncio.create_task(pool.arun(RunRequest(SLEEP, stdin=b"x")))
        await asyncio.to_thread(wait_until, lambda: any(map(children, zygotes_of(pool))))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [pid for zygote in zygotes_of(pool) for pid in children(zygote)]

    assert asyncio.run(scenario()) == []
    assert pool.run(doubled(5)).stdout == b"10\n"


def test_a_zygote_is_replaced_after_its_time(pool: ZygotePool) -> None:
    pool._recycle_after = 3
    seen = set()
    for n in range(10):
        assert pool.run(doubled(n)).stdout == b"%d\n" % (2 * n)
        seen.update(zygotes_of(pool))

    assert len(seen) >= 3
    wait_until(lambda: len(zygotes_of(pool)) <= 2)


def test_a_run_whose_zygote_is_killed_is_lost_and_the_next_is_not(pool: ZygotePool) -> None:
    pool.run(doubled(1))
    with ThreadPoolExecutor(1) as thread:
        lost = thread.submit(pool.run, RunRequest(SLEEP, stdin=b"x"))
        wait_until(lambda: any(map(children, zygotes_of(pool))))
        for zygote in zygotes_of(pool):
            os.kill(zygote, signal.SIGKILL)

        assert lost.result(10).status is Status.INFRASTRUCTURE
    assert pool.run(doubled(6)).stdout == b"12\n"


def test_the_runner_tries_a_lost_run_once_more(pool: ZygotePool) -> None:
    runner = LocalRunner(pool, None)
    program = "import time\ntime.sleep(1)\n" + DOUBLE
    pool.run(doubled(1))
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(runner.run, RunRequest(program, stdin=b"7"))
        wait_until(lambda: any(map(children, zygotes_of(pool))))
        for zygote in zygotes_of(pool):
            os.kill(zygote, signal.SIGKILL)

        assert answer.result(20).stdout == b"14\n"


def test_after_the_supervisor_is_killed_nothing_is_left_and_the_next_run_works(
    pool: ZygotePool,
) -> None:
    pool.run(doubled(1))
    supervisor, zygotes = pool._supervision.pid, zygotes_of(pool)
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)

    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in zygotes))
    runner = LocalRunner(pool, None)
    assert runner.run(doubled(8)).stdout == b"16\n"
    assert pool._supervision.pid != supervisor


def test_after_its_caller_is_killed_nothing_is_left(pool: ZygotePool) -> None:
    def caller(pipe: object) -> None:
        mine = ZygotePool(pool._launcher, workers=2)
        mine.run(doubled(1))
        threading.Thread(target=mine.run, args=(RunRequest(SLEEP, stdin=b"x"),)).start()
        wait_until(lambda: any(map(children, zygotes_of(mine))))
        pipe.send([mine._supervision.pid, *zygotes_of(mine)])  # type: ignore[attr-defined]
        time.sleep(30)

    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=caller, args=(theirs,))
    process.start()
    pids = ours.recv()
    assert len(pids) >= 2
    process.kill()
    process.join()

    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    """Whether it runs; one that is dead and not yet reaped does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_forked_child_starts_zygotes_of_its_own(pool: ZygotePool) -> None:
    pool.run(doubled(1))
    before = zygotes_of(pool)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=lambda: theirs.send(pool.run(doubled(21)).stdout))
    child.start()
    answer = ours.recv()
    child.join()

    assert (answer, child.exitcode) == (b"42\n", 0)
    assert zygotes_of(pool) == before
    assert pool.run(doubled(3)).stdout == b"6\n"


def test_closing_leaves_no_process(pool: ZygotePool) -> None:
    pool.run(doubled(1))
    supervisor, zygotes = pool._supervision.pid, zygotes_of(pool)
    assert supervisor is not None
    pool.close()

    assert not any(is_alive(pid) for pid in [supervisor, *zygotes])


def test_what_is_costly_to_import_is_there_before_the_fork(pool: ZygotePool) -> None:
    program = "import sys\nknown = {n for n in ('numpy', 'decimal') if n in sys.modules}\n"
    for name in ("numpy", "decimal"):
        result = pool.run(RunRequest(f"{program}import {name}\nprint(sorted(known))"))
        assert f"'{name}'" in result.stdout.decode(), result.stderr
    assert pool.run(RunRequest("import sys\nprint(len(sys.modules) < 120)")).stdout == b"True\n"


def test_random_numbers_differ_from_run_to_run(pool: ZygotePool) -> None:
    draw = RunRequest("import random\nprint(random.random())")
    assert len({pool.run(draw).stdout for _ in range(4)}) == 4
    numpy = RunRequest("import numpy\nprint(numpy.random.rand())")
    assert len({pool.run(numpy).stdout for _ in range(4)}) == 4


def test_a_program_and_its_input_cannot_be_changed_by_a_run(pool: ZygotePool) -> None:
    vandal = """
import os
for fd in range(64):
    for attempt in (lambda: os.pwrite(fd, b"print('changed')", 0), lambda: os.ftruncate(fd, 0)):
        try:
            if fd not in (1, 2):
                attempt()
        except OSError:
            pass
print("same")
"""
    assert [pool.run(RunRequest(vandal)).stdout for _ in range(3)] == [b"same\n"] * 3


def test_limits_are_the_run_s_own(pool: ZygotePool) -> None:
    burn = "while True: pass"
    long, short = Limits(cpu_s=0.6), Limits(cpu_s=0.1)
    used = [pool.run(RunRequest(burn, limits=limits)) for limits in (short, long, short)]

    assert {result.status for result in used} == {Status.CPU_LIMIT}
    assert used[0].cpu_s < 0.5 <= used[1].cpu_s
    assert used[2].cpu_s < 0.5


def test_a_zygote_ended_while_it_starts_leaves_nothing(pool: ZygotePool) -> None:
    def alive() -> int:
        lines = (path / "cmdline" for path in Path("/proc").iterdir() if path.name.isdigit())
        return sum(b"inside.zip\0zygote" in text_of(line) for line in lines)

    before, launch = alive(), pool._launcher.launch(())
    for number in range(20):  # bubblewrap's child waits for bubblewrap in its first milliseconds
        zygote = pool._supervision.start(launch)
        time.sleep(number / 1000)
        zygote.close()
        pool._supervision.end(zygote.name)

    wait_until(lambda: alive() <= before)


def text_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
