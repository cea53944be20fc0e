"""Series: one program's tests on one zygote, loaded once, the next requested while one runs."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from contextlib import aclosing, closing
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.judge import ajudge, judge
from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.runner import FunctionCall, RunRequest, SeriesRunner, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase
from tests.sandbox.fidelity.bare import ending_of
from tests.sandbox.fidelity.corpus import all_programs
from tests.sandbox.fidelity.differences import KNOWN_DIFFERENCES
from tests.sandbox.test_interruptions import STORM_S, Alarm, alarms
from tests.sandbox.test_pool import children, open_descriptors, wait_until, zygotes_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

    from deepcoder_cli.sandbox.pool import ZygotePool
    from deepcoder_cli.sandbox.runner import Runner, RunResult
    from tests.sandbox.fidelity.corpus import Program

__all__ = ["alarms"]  # the fixture

DOUBLE = "print(2 * int(input()))"
WHOSE_CHILD = "import os\nprint(os.getppid() > 1)"


def doubled(numbers: range) -> Iterator[RunRequest]:
    return (RunRequest(DOUBLE, stdin=b"%d" % number) for number in numbers)


def all_of(pool: ZygotePool, request: RunRequest, count: int) -> list[RunResult]:
    return list(pool.run_each((request for _ in range(count)), count))


def test_results_come_in_the_order_of_the_requests(pool: ZygotePool) -> None:
    results = list(pool.run_each(doubled(range(40)), 40))

    assert [result.stdout for result in results] == [b"%d\n" % (2 * n) for n in range(40)]
    assert pool._slots.free == pool.workers


async def test_so_they_do_in_an_event_loop_with_many_series_at_a_time(pool: ZygotePool) -> None:
    async def one(first: int) -> list[bytes]:
        each = pool.arun_each(doubled(range(first, first + 15)), 15)
        return [result.stdout async for result in each]

    found = await asyncio.gather(*(one(100 * n) for n in range(12)))

    assert found == [[b"%d\n" % (2 * (100 * n + i)) for i in range(15)] for n in range(12)]
    assert pool._slots.free == pool.workers


def test_the_second_test_and_those_after_it_have_a_host(pool: ZygotePool) -> None:
    printed = [result.stdout for result in all_of(pool, RunRequest(WHOSE_CHILD), 5)]

    assert printed == [b"False\n", *[b"True\n"] * 4]


@pytest.mark.parametrize(
    "program",
    [f"import signal\n{WHOSE_CHILD}", f"{WHOSE_CHILD}  # kill"],
    ids=["signals", "kill"],
)
def test_a_program_that_could_notice_has_none(pool: ZygotePool, program: str) -> None:
    assert {result.stdout for result in all_of(pool, RunRequest(program), 6)} == {b"False\n"}


def test_nor_has_one_with_few_tests(pool: ZygotePool) -> None:
    assert {result.stdout for result in all_of(pool, RunRequest(WHOSE_CHILD), 3)} == {b"False\n"}


def test_a_zygote_that_hosted_runs_other_programs_afterwards(pool: ZygotePool) -> None:
    for number in range(6):
        all_of(pool, RunRequest(f"print({number})"), 6)
        assert pool.run(RunRequest(WHOSE_CHILD)).stdout == b"False\n"
    assert len(zygotes_of(pool)) <= pool.workers
    wait_until(lambda: not any(children(zygote) for zygote in zygotes_of(pool)))


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("print(", Status.COMPILE_ERROR),
        ("1 / 0", Status.EXITED),
        ("import os\nos.abort()", Status.SIGNALED),
        ("while True: pass", Status.CPU_LIMIT),
        ("x = bytearray(10**9)", Status.MEMORY_LIMIT),
        ("print('x' * 10**7)", Status.OUTPUT_LIMIT),
        ("import time\ntime.sleep(60)", Status.WALL_LIMIT),
        ("import warnings\nx = 1 is 1", Status.EXITED),
    ],
)  # fmt: skip
def test_every_end_is_that_of_a_single_run(pool: ZygotePool, program: str, status: Status) -> None:
    limits = Limits(cpu_s=0.3, wall_s=0.9, memory_mib=128, output_kib=256)
    request = RunRequest("import sys\nif sys.stdin.read() == 'end':\n    " + program.replace(
        "\n", "\n    "), limits=limits) if status is not Status.COMPILE_ERROR else RunRequest(
        program, limits=limits)  # fmt: skip
    ending = RunRequest(request.program, stdin=b"end", limits=limits)
    single = pool.run(ending)
    results = list(pool.run_each(iter([request, request, ending, request, ending]), 9))

    assert single.status is status
    for result in (results[2], results[4]):
        assert ending_of(result) == ending_of(single)
        assert (result.status, result.truncated) == (single.status, single.truncated)
    if status is not Status.COMPILE_ERROR:
        assert [results[n].exit_code for n in (0, 1, 3)] == [0, 0, 0]


def test_functions_have_hosts_too(pool: ZygotePool) -> None:
    program = "import os\ndef f(n): return [n, os.getppid() > 1]"
    calls = (RunRequest(program, call=FunctionCall("f", str(n))) for n in range(6))
    values = [result.value for result in pool.run_each(calls, 6)]

    assert values == ["[0, false]", *[f"[{n}, true]" for n in range(1, 6)]]


def test_a_series_that_is_left_early_kills_what_runs(pool: ZygotePool) -> None:
    sleepy = "import sys, time\ntime.sleep(float(sys.stdin.read()))"
    naps = (RunRequest(sleepy, stdin=text) for text in [b"0", b"0", *[b"30"] * 7])
    started = time.monotonic()
    with closing(pool.run_each(naps, 9)) as results:  # type: ignore[type-var]
        next(results)
        next(results)  # the third is asleep by now
        time.sleep(0.2)

    hosts = [host for zygote in zygotes_of(pool) for host in children(zygote)]
    assert not any(children(host) for host in hosts)  # a host itself may take a moment to leave
    assert time.monotonic() - started < 10
    assert pool._slots.free == pool.workers
    assert pool.run(RunRequest("print(1)")).stdout == b"1\n"


async def test_cancelling_kills_at_once_and_the_zygote_goes_on(pool: ZygotePool) -> None:
    async def sleeping() -> None:
        naps = (RunRequest("import time\ntime.sleep(30)") for _ in range(9))
        async with aclosing(pool.arun_each(naps, 9)) as results:
            async for _ in results:
                pass

    pool.run(RunRequest(""))
    before = set(zygotes_of(pool))
    for _ in range(3):
        task = asyncio.create_task(sleeping())
        await asyncio.to_thread(wait_until, lambda: any(map(children, zygotes_of(pool))))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not any(children(zygote) for zygote in zygotes_of(pool))
    assert before <= set(zygotes_of(pool))
    assert pool._slots.free == pool.workers


@pytest.mark.parametrize("numbers", [{0}, {1}, {2}, {3}, {1, 2}, {0, 3, 4, 11}, {19}], ids=str)
def test_what_a_killed_zygote_ran_is_run_again(pool: ZygotePool, numbers: set[int]) -> None:
    program = f"{DOUBLE}  # {sorted(numbers)}"  # new to the pool: its code comes of the first run

    def killing() -> Iterator[RunRequest]:
        for number in range(20):
            if number in numbers:
                for zygote in zygotes_of(pool):
                    os.kill(zygote, signal.SIGKILL)
                time.sleep(0.05)
            yield RunRequest(program, stdin=b"%d" % number)

    results = list(pool.run_each(killing(), 20))

    assert [result.stdout for result in results] == [b"%d\n" % (2 * n) for n in range(20)]


def test_the_same_request_may_be_lost_at_two_places(pool: ZygotePool) -> None:
    request = RunRequest("print(7)  # twice")

    def killing() -> Iterator[RunRequest]:
        for number in range(12):
            if number in {4, 9}:
                for zygote in zygotes_of(pool):
                    os.kill(zygote, signal.SIGKILL)
            yield request

    assert [result.stdout for result in pool.run_each(killing(), 12)] == [b"7\n"] * 12


@pytest.mark.parametrize("at", [0, 1, 2, 5])
def test_what_the_requests_raise_is_raised_and_costs_no_zygote(pool: ZygotePool, at: int) -> None:
    def failing() -> Iterator[RunRequest]:
        for number in range(8):
            if number == at:
                raise FileNotFoundError("tests/5.in")
            yield RunRequest(DOUBLE, stdin=b"%d" % number)

    pool.run(RunRequest(""))
    before = set(zygotes_of(pool))
    with pytest.raises(FileNotFoundError, match=r"tests/5\.in"):
        list(pool.run_each(failing(), 8))
    assert before <= set(zygotes_of(pool))
    assert pool._slots.free == pool.workers


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (RunRequest("print(1)"), "program"),
        (RunRequest(DOUBLE, argv=("x",)), "argv"),
        (RunRequest(DOUBLE, limits=Limits(output_kib=1)), "limits"),
        (RunRequest(DOUBLE, call=FunctionCall("f", "1")), "functions and scripts"),
    ],
)
@pytest.mark.parametrize("at", [1, 4])
def test_a_series_of_differing_requests_is_refused(
    pool: ZygotePool, other: RunRequest, what: str, at: int
) -> None:
    requests = [RunRequest(DOUBLE, stdin=b"1")] * at + [other]
    with pytest.raises(InputError, match=what):
        list(pool.run_each(iter(requests), 9))
    assert pool.run(RunRequest("print(1)")).stdout == b"1\n"


@pytest.mark.parametrize("limits", [Limits(memory_mib=1 << 60), Limits(cpu_s=float("inf"))])
def test_limits_that_no_machine_has_are_refused_at_once(pool: ZygotePool, limits: Limits) -> None:
    pool.run(RunRequest(""))
    before = set(zygotes_of(pool))
    with pytest.raises(InputError, match="limits out of range"):
        list(pool.run_each(iter([RunRequest("print(1)", limits=limits)]), 1))
    assert before <= set(zygotes_of(pool))


def test_those_who_waited_in_a_loop_that_was_closed_are_passed_over(pool: ZygotePool) -> None:
    held = [pool.run_each(doubled(range(9)), 9) for _ in range(pool.workers)]
    assert all(next(each).stdout == b"0\n" for each in held)
    loop = asyncio.new_event_loop()

    async def waiting() -> None:
        await pool.arun(RunRequest("print(1)"))

    tasks = [loop.create_task(waiting()) for _ in range(3)]
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()
    for each in held:
        each.close()  # type: ignore[attr-defined]

    assert pool.run(RunRequest("print(7)")).stdout == b"7\n"
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_judgement_survives_a_kill_between_its_tests(pool: ZygotePool) -> None:
    class Runner(LocalRunner):
        def run_each(self, requests: Iterable[RunRequest], count: int) -> Iterator[RunResult]:
            for number, result in enumerate(super().run_each(requests, count)):
                if number == 0:
                    for zygote in zygotes_of(pool):
                        os.kill(zygote, signal.SIGKILL)
                    time.sleep(0.05)
                yield result

    tests = [TestCase(str(n), "YES") for n in range(8)]
    right, wrong = "input()\nprint('YES')", "assert input() != '1'\nprint('YES')"

    assert judge(right, tests, runner=Runner(pool, None)).verdict is Verdict.AC
    assert judge(wrong, tests, runner=Runner(pool, None)).verdict is Verdict.RE


def test_a_runner_that_gives_too_few_results_accepts_nothing(pool: ZygotePool) -> None:
    class Short(LocalRunner):
        def run_each(self, requests: Iterable[RunRequest], count: int) -> Iterator[RunResult]:
            yield from islice(super().run_each(requests, count), 2)

    tests = [TestCase(str(n), str(2 * n)) for n in range(4)]

    assert judge(DOUBLE, tests, runner=Short(pool, None)).verdict is Verdict.IE


def test_what_is_lost_twice_is_lost(pool: ZygotePool) -> None:
    slow = "import time\ntime.sleep(0.2)\nprint(1)"
    runner = LocalRunner(pool, None)
    killed = 0

    def requests() -> Iterator[RunRequest]:
        for _ in range(3):
            yield RunRequest(slow)

    with closing(runner.run_each(requests(), 3)) as results:  # type: ignore[type-var]
        first = next(results)
        pool._launcher = _Broken()  # type: ignore[assignment]
        for zygote in zygotes_of(pool):
            os.kill(zygote, signal.SIGKILL)
            killed += 1
        second = next(results)

    assert first.stdout == b"1\n"
    assert killed > 0
    assert second.status is Status.INFRASTRUCTURE


class _Broken:
    def launch(self, preload: tuple[str, ...]) -> None:
        raise OSError("nothing is left")


def test_a_storm_of_alarms_mixes_up_no_two_tests(pool: ZygotePool, alarms: random.Random) -> None:
    deadline, number, returned, wrong = time.monotonic() + STORM_S, 0, 0, []
    while time.monotonic() < deadline:
        number += 1
        program = f"print({number}, input())"
        requests = (RunRequest(program, stdin=b"%d" % n) for n in range(8))
        try:
            signal.setitimer(signal.ITIMER_REAL, alarms.uniform(0.0005, 0.03))
            with closing(pool.run_each(requests, 8)) as results:  # type: ignore[type-var]
                for n, result in enumerate(results):
                    returned += 1
                    if result.stdout != b"%d %d\n" % (number, n):
                        wrong.append((number, n, result))
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Alarm:
            continue
    signal.setitimer(signal.ITIMER_REAL, 0)

    assert wrong == []
    assert returned > 20
    assert pool._slots.free == pool.workers
    assert pool.run(RunRequest("print(1)")).stdout == b"1\n"
    assert len(pool._holders) <= pool.workers


def test_alarms_while_it_is_closed_leave_no_descriptor_open(
    pool: ZygotePool, alarms: random.Random
) -> None:
    """Each alarm is followed by a second one, mostly while the first is being cleaned up after."""
    left = 0

    def ring(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            signal.setitimer(signal.ITIMER_REAL, 0)
        raise Alarm

    signal.signal(signal.SIGALRM, ring)
    all_of(pool, RunRequest("print(0)"), 8)
    before, deadline = open_descriptors(), time.monotonic() + STORM_S
    while time.monotonic() < deadline:
        left = 2
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, alarms.uniform(0.0005, 0.02), 0.0005)
                all_of(pool, RunRequest("print(0)"), 8)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Alarm:
                time.sleep(0.005)
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Alarm:
            continue
    gc.collect()

    assert open_descriptors() <= before + 40  # an alarm between a call and its result leaks one
    assert pool._slots.free == pool.workers


def test_no_descriptor_stays_open(pool: ZygotePool) -> None:
    all_of(pool, RunRequest("print(0)"), 8)
    before = open_descriptors()
    for number in range(40):
        all_of(pool, RunRequest(f"print({number % 3})"), 8)

    assert open_descriptors() <= before + 2 * 3  # source and code of each program are kept


JUDGED = {
    "all right": "print(2 * int(input()))",
    "wrong at the third": "n = int(input())\nprint(2 * n if n != 2 else 5)",
    "fails at the fourth": "n = int(input())\nassert n != 3\nprint(2 * n)",
    "never ends at the fifth": "n = int(input())\nwhile n == 4: pass\nprint(2 * n)",
    "does not compile": "print(",
    "exits by itself": "import sys\nprint(2 * int(input()))\nsys.exit(0)",
}


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("to_the_end", [False, True])
async def test_a_judgement_is_that_of_single_runs(
    pool: ZygotePool, name: str, to_the_end: bool
) -> None:
    tests = [TestCase(str(n), str(2 * n)) for n in range(8)]
    limits = Limits(cpu_s=0.5, wall_s=2)
    runner = LocalRunner(pool, None)
    found = [
        await ajudge(
            JUDGED[name], tests, runner=each, limits=limits, stop_at_first_failure=not to_the_end
        )
        for each in (runner, _Single(runner))
    ]
    found.append(
        judge(JUDGED[name], tests, runner=runner, limits=limits,
              stop_at_first_failure=not to_the_end)
    )  # fmt: skip

    shown = [
        (j.verdict, j.total, [(t.verdict, t.result.stdout, t.result.exit_code) for t in j.tests])
        for j in found
    ]
    assert isinstance(runner, SeriesRunner)
    assert shown[0] == shown[1] == shown[2]
    assert found[0].verdict is not Verdict.IE


class _Single:
    """The same runner, one run at a time."""

    def __init__(self, runner: LocalRunner) -> None:
        self.tier, self.arun, self.run = runner.tier, runner.arun, runner.run


@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [program for program in all_programs() if program.name not in KNOWN_DIFFERENCES],
    ids=lambda program: program.name,
)
def test_a_hosted_program_behaves_as_in_a_run_of_its_own(runner: Runner, program: Program) -> None:
    """That this is like plain Python is seen in the tests of fidelity."""
    assert isinstance(runner, SeriesRunner)
    request = RunRequest(program.source, stdin=program.stdin, argv=program.argv)
    with closing(runner.run_each((request for _ in range(9)), 9)) as results:  # type: ignore[type-var]
        first, second, third = (next(results) for _ in range(3))

    assert ending_of(second) == ending_of(first)
    assert ending_of(third) == ending_of(first)
