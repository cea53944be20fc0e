"""Exceptions at any point of the caller never mix up two runs, nor lose a place or a zygote.

Ctrl-C, an alarm and a test's time limit all raise in the main thread, between any two steps.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.runner import RunRequest, Status
from deepcoder_cli.sandbox.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.pool import ZygotePool

STORM_S = 3.0


class Alarm(Exception):  # noqa: N818 - what it is
    """Raised by a signal's handler, wherever the main thread is."""


@pytest.fixture
def alarms() -> Iterator[random.Random]:
    """Alarms that raise; the test sets when."""

    def ring(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    yield random.Random(7)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_storm_of_alarms_mixes_up_no_two_runs(pool: ZygotePool, alarms: random.Random) -> None:
    deadline, number, returned, wrong = time.monotonic() + STORM_S, 0, 0, []
    while time.monotonic() < deadline:
        number += 1
        code, program = number % 200, f"import sys\nprint({number})\nsys.exit({number % 200})"
        try:
            signal.setitimer(signal.ITIMER_REAL, alarms.uniform(0.0005, 0.02))
            result = pool.run(RunRequest(program))
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Alarm:
            continue
        returned += 1
        if (result.exit_code, result.stdout) != (code, b"%d\n" % number):
            wrong.append((number, result))
    signal.setitimer(signal.ITIMER_REAL, 0)

    assert wrong == []
    assert returned > 5
    assert pool._slots.free == pool.workers
    assert pool.run(RunRequest("print(1)")).stdout == b"1\n"
    assert len(pool._holders) <= pool.workers


def test_a_place_that_is_dropped_is_free_again() -> None:
    slots = Slots(1)
    place = slots.take()
    assert slots.free == 0
    del place
    assert slots.free == 1

    held = slots.take()
    woken = threading.Thread(target=lambda: slots.take().give_back())
    woken.start()
    held.give_back()
    woken.join(5)
    assert not woken.is_alive()
    assert slots.free == 1


def test_a_closed_pool_loses_what_runs_and_starts_nothing(pool: ZygotePool) -> None:
    pool.run(RunRequest("print(1)"))
    results = []
    sleeper = RunRequest("import time\ntime.sleep(30)")
    runner = LocalRunner(pool, None)
    thread = threading.Thread(target=lambda: results.append(runner.run(sleeper)))
    thread.start()
    time.sleep(0.3)
    pool.close()
    thread.join(5)

    assert [result.status for result in results] == [Status.INFRASTRUCTURE]
    assert runner.run(RunRequest("print(1)")).status is Status.INFRASTRUCTURE
    assert pool._supervision.pid is None


def test_a_fork_in_the_middle_of_another_thread_s_run_leaves_a_child_that_can_run(
    pool: ZygotePool,
) -> None:
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            pool.run(RunRequest(f"x = '{'a' * 200_000}'\nprint({number})"))

    thread = threading.Thread(target=churn)
    thread.start()
    codes = []
    for _ in range(4):
        time.sleep(0.05)
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if pool.run(RunRequest("print(5)")).stdout == b"5\n" else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    thread.join()

    assert codes == [0] * 4


TRIGGERS = [
    *(f"x = {'-' * depth}1" for depth in (2990, 2992, 2993, 2994, 2995, 2996)),
    *(f"if 0: x = a{'.b' * depth}" for depth in (2992, 2993, 2994, 2995)),
    "# coding: latin-1\n# \udc80",
]
FORGER = """\
import marshal, os, struct, sys
source = "import sys;print('LEFT BY RUN ONE, its input was', %r)" % sys.stdin.read()
code = marshal.dumps(compile(source, "main.py", "exec"))
for fd in range(3, 64):
    try:
        os.pwrite(fd, code, 8)
        os.pwrite(fd, struct.pack("=Q", len(code)), 0)
    except OSError:
        pass
print("mine")
"""


@pytest.mark.parametrize("trigger", TRIGGERS, ids=range(len(TRIGGERS)))
def test_no_program_changes_its_own_code_for_the_next_test(pool: ZygotePool, trigger: str) -> None:
    program = trigger + "\n" + FORGER if "coding" in trigger else FORGER + trigger
    results = [pool.run(RunRequest(program, stdin=b"secret-%d" % n)) for n in range(3)]

    assert {result.stdout for result in results} <= {b"mine\n", b""}


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        (resource.RLIMIT_CPU, 20),
        (resource.RLIMIT_FSIZE, 1 << 20),
        (resource.RLIMIT_AS, 1500 << 20),
    ],
    ids=["cpu", "fsize", "as"],
)
def test_limits_set_beforehand_are_kept_to_and_no_fault_of_the_program(
    pool: ZygotePool, what: int, limit: int
) -> None:
    program = textwrap.dedent("""
        from deepcoder_cli.sandbox.probe import default_runner
        from deepcoder_cli.sandbox.runner import RunRequest
        runner = default_runner()
        print(runner.run(RunRequest("print(41 + 1)")).stdout)
        runner.close()
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(what, (limit, limit)),
    )  # fmt: skip

    assert done.stdout == b"b'42\\n'\n", done.stderr
    assert pool.workers == 2
