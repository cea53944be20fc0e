"""What a bubblewrap leaves that is killed before it has let its child go on is ended, nothing else.

The bubblewraps here are real. To say its child's number it writes to a pipe, and only then lets the
child go on: with a pipe that is full it is certain to be killed in between.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox import layout, orphans
from deepcoder_cli.sandbox.orphans import AFTER_S, OLD_S, Sweep
from deepcoder_cli.sandbox.probe import bubblewrap
from deepcoder_cli.sandbox.runner import RunRequest
from tests.sandbox.conditions import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deepcoder_cli.sandbox.pool import ZygotePool

SOON_S = 5.0
NOBODY = 65534
KILLS, STARTED_AT_ONCE = 25, 3
# Has a program that sleeps in a zygote, and one under a bubblewrap of its own.
OTHER = """
import threading
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Profile, RunRequest
runner = default_runner()
for profile in Profile:
    request = RunRequest("import time\\ntime.sleep(30)", profile=profile)
    threading.Thread(target=runner.run, args=[request]).start()
"""
# supervisor, bwrap, zygote, program; bwrap, PID 1, program
FAMILY = 7


class Held:
    """A bubblewrap that has not yet let its child go on, and that child."""

    def __init__(self, bwrap: str, user: int | None) -> None:
        self._pipe, full = full_pipe()
        python = layout.current_interpreter()
        words = layout.arguments(python, as_root=os.geteuid() == 0 and user is None)
        archive = os.memfd_create("archive")
        words += ["--file", str(archive), layout.ARCHIVE, "--", python.inside]
        self.process = subprocess.Popen(
            [bwrap, "--info-fd", str(full), *words],
            pass_fds=(full, archive), env={}, cwd="/", user=user, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(full)
        os.close(archive)
        wait_until(lambda: children(self.process.pid) or self.process.poll() is not None)
        self.child = next(iter(children(self.process.pid)), 0)

    def orphan(self) -> int:
        """Kill the bubblewrap: the child, which is left."""
        self.process.kill()
        self.process.wait()
        time.sleep(0.1)
        if not self.child or not lives(self.child):
            pytest.skip("needs a bubblewrap that can leave an orphan: this one left none")
        return self.child

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.child and comm(self.child) == "bwrap":
            os.kill(self.child, signal.SIGKILL)
        os.close(self._pipe)


@pytest.fixture
def hold(pool: ZygotePool) -> Iterator[Callable[..., Held]]:
    """Starts one `Held`; `pool` sees to it that there is a bubblewrap that works."""
    assert pool
    found, started = bubblewrap(), []
    assert found is not None

    def start(user: int | None = None) -> Held:
        started.append(Held(found.path, user))
        return started[-1]

    yield start
    for held in started:
        held.close()


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process whose sandboxes are all at work."""
    process = subprocess.Popen([sys.executable, "-c", OTHER], cwd=REPOSITORY)
    wait_until(lambda: len(family(process.pid)) >= FAMILY, 30)
    yield process
    process.kill()
    process.wait()


def test_an_orphan_is_ended_some_seconds_after_the_next_start_and_what_lives_is_not(
    pool: ZygotePool, other: subprocess.Popen[bytes], hold: Callable[..., Held]
) -> None:
    living, held = family(other.pid), hold()
    time.sleep(AFTER_S - OLD_S + 0.2)  # the orphan is too young for supervisors that are here now
    orphan = hold().orphan()
    assert pool.run(RunRequest("print(1)")).stdout == b"1\n"

    assert lives(orphan)
    wait_until(lambda: not lives(orphan), SOON_S)
    time.sleep(0.2)  # the sweep goes on with other processes
    assert family(other.pid) == living
    assert lives(held.child)
    assert lives(held.process.pid)


def test_an_orphan_is_spared_while_it_is_young(hold: Callable[..., Held]) -> None:
    orphan = hold().orphan()
    sweep_now()
    assert lives(orphan)

    time.sleep(OLD_S)
    sweep_now()
    assert not lives(orphan)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes an orphan of another user's")
def test_an_orphan_of_another_user_s_is_spared(
    hold: Callable[..., Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, another_s = hold().orphan(), hold(NOBODY).orphan()
    monkeypatch.setattr(orphans, "OLD_S", 0.0)
    sweep_now()

    assert not lives(ours)
    assert lives(another_s)


def test_supervisors_killed_while_zygotes_start_leave_no_bubblewrap(pool: ZygotePool) -> None:
    mark, draw = uuid.uuid4().hex, random.Random(11)
    launch = pool._launcher.launch(())
    launch = replace(launch, argv=(launch.argv[0], "--setenv", "MARK", mark, *launch.argv[1:]))
    for _ in range(KILLS):
        zygotes = [pool._supervision.start(launch) for _ in range(STARTED_AT_ONCE)]
        supervisor = pool._supervision.pid
        assert supervisor is not None
        wait_until(partial(children, supervisor))
        time.sleep(draw.uniform(0, 0.015))
        os.kill(supervisor, signal.SIGKILL)
        assert pool._supervision.has_died(5)
        for zygote in zygotes:
            zygote.close()

    assert pool.run(RunRequest("print(1)")).stdout == b"1\n"
    wait_until(lambda: not bubblewraps_with(mark), SOON_S)


def sweep_now() -> None:
    """All of it, though it is not yet due."""
    sweep = Sweep(layout.ARCHIVE)
    while sweep.patience_ms() is not None:
        sweep.step()
    time.sleep(0.1)  # what was killed takes a moment to end


def full_pipe() -> tuple[int, int]:
    ours, full = os.pipe()
    os.set_blocking(full, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(full, bytes(size))
        except BlockingIOError:
            pass
    os.set_blocking(full, True)
    return ours, full


def children(pid: int) -> list[int]:
    return [int(word) for word in text(f"{pid}/task/{pid}/children").split()]


def family(pid: int) -> set[int]:
    """Everything below `pid`, whichever thread has started it."""
    below: set[int] = set()
    try:  # hosts and runs come and go while one looks
        paths = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return below
    for path in paths:
        for child in map(int, text(str(path.relative_to("/proc"))).split()):
            below |= {child, *family(child)}
    return below


def bubblewraps_with(mark: str) -> list[int]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if mark in text(f"{pid}/cmdline")]


def lives(pid: int) -> bool:
    return text(f"{pid}/stat").rpartition(")")[2][1:2] not in ("", "Z")


def comm(pid: int) -> str:
    return text(f"{pid}/comm").strip()


def text(path: str) -> str:
    try:
        return Path("/proc", path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def wait_until(what: Callable[[], object], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)
