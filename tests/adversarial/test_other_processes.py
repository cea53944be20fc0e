"""8: killing, stopping, tracing, limiting others; PID 1 of the sandbox above all."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.types import Limits
from tests.adversarial.attack import BOTH, EXITED, STOPPED, Attack, cases, controls
from tests.adversarial.host import descendants, programs

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner
    from tests.adversarial.conftest import Repel, Succeeds

# In the control `others()` includes a bystander, a process of the same user.
ALIVE = """\
def dead(pid):
    time.sleep(0.05)
    state = attempt(lambda: open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[0])
    return state in (None, 'Z', 'X', 'T')
"""
SIGNALLING = (
    Attack("kill each", ALIVE + """\
for pid in others(): attempt(os.kill, pid, signal.SIGKILL)
if any(map(dead, others())) or not others(): got()
""", profiles=BOTH),
    Attack("stop each", ALIVE + """\
for pid in others(): attempt(os.kill, pid, signal.SIGSTOP)
if any(map(dead, others())): got()
""", profiles=BOTH),
    Attack("every signal to each", ALIVE + """\
there = others()
for number in range(1, 65):
    for pid in there: attempt(os.kill, pid, number)
if any(map(dead, there)): got()
""", profiles=BOTH),
    Attack("by pidfd", ALIVE + """\
there = others()
for pid in there:
    fd = attempt(os.pidfd_open, pid)
    if fd: attempt(call, 'pidfd_send_signal', fd, 9, None, 0)
if any(map(dead, there)): got()
""", profiles=BOTH),
    Attack("by thread", ALIVE + """\
there = others()
for pid in there:
    attempt(call, 'tkill', pid, 9)
    attempt(call, 'tgkill', pid, pid, 11)
if any(map(dead, there)): got()
""", profiles=BOTH),
)  # fmt: skip
EVERYONE = Attack("kill(-1)", """\
attempt(os.kill, -1, signal.SIGKILL)
attempt(os.kill, -1, signal.SIGSTOP)
attempt(os.killpg, 1, signal.SIGKILL)
attempt(os.kill, 0, signal.SIGCONT)
""", STOPPED, BOTH)  # fmt: skip

TOUCHING = tuple(
    Attack(name, f"for pid in others():\n    if attempt(lambda: {action}) is not None: got(pid)",
           profiles=BOTH)
    for name, action in (
        ("limits", "__import__('resource').prlimit(pid, 1, (0, 0))"),
        ("limits read", "__import__('resource').prlimit(pid, 1)"),
        ("priority", "os.setpriority(os.PRIO_PROCESS, pid, 19) or 1"),
        ("scheduler", "os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)) or 1"),
        ("batch scheduler", "os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)) or 1"),
        ("affinity", "os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))}) or 1"),
        ("sched_setattr", "1 + call('sched_setattr', pid, (ctypes.c_uint32 * 12)(48, 3), 0)"),
        ("ioprio", "1 + call('ioprio_set', 1, pid, 3 << 13)"),
    )
)  # fmt: skip
GROUPS = Attack("priority of all", """\
for what in (os.PRIO_PGRP, os.PRIO_USER):
    if attempt(lambda: os.setpriority(what, 0, 19) or 1): got(what)
""", profiles=BOTH)  # fmt: skip
TRACING = (
    Attack("ptrace", """\
seize, attach = 0x4206, 16  # what is attached to stops: not in the control, where all would hang
for pid in others():
    for request in (seize, attach)[:1 if len(others()) > 1 else 2]:
        if attempt(call, 'ptrace', request, pid, 0, 0) is not None: got(pid)
""", profiles=BOTH),
    Attack("process_vm_readv", """\
here = ctypes.create_string_buffer(64)
for pid in others():
    for line in attempt(lambda: open(f'/proc/{pid}/maps').readlines()) or ['400000-401000']:
        vector = (ctypes.c_ulong * 4)(ctypes.addressof(here), 64, int(line.split('-')[0], 16), 64)
        there = ctypes.byref(vector, 16)
        if attempt(call, 'process_vm_readv', pid, vector, 1, there, 1, 0): got(pid)
""", profiles=BOTH),
    Attack("memory by pidfd_getfd", """\
for pid in others():
    fd = attempt(os.pidfd_open, pid)
    for number in range(32):
        if fd and attempt(call, 'pidfd_getfd', fd, number, 0): got(pid, number)
""", profiles=BOTH),
    Attack("kcmp", """\
for pid in others():
    if attempt(call, 'kcmp', pid, os.getpid(), 1, 0, 0) is not None: got(pid)
""", profiles=BOTH),
)  # fmt: skip
ATTACKS = (*SIGNALLING, *TOUCHING, *TRACING)


@pytest.mark.parametrize(("attack", "profile"), cases((*ATTACKS, EVERYONE, GROUPS)))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls((*ATTACKS, GROUPS)))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


def test_a_program_may_limit_and_slow_itself(repel: Repel) -> None:
    source = """\
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
print(resource.getrlimit(resource.RLIMIT_FSIZE), len(os.sched_getaffinity(0)) > 0)
"""
    result = repel(Attack("itself", source, EXITED), Profile.STRICT)

    assert result.stdout == b"(4096, 4096) True\n"


@pytest.mark.parametrize("profile", BOTH)
async def test_cancelling_leaves_nothing_of_a_run(runner: Runner, profile: Profile) -> None:
    """Looked at as soon as the task is done, and by every test's own look after it."""
    program = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(99)"
    running = asyncio.create_task(runner.arun(RunRequest(program, profile=profile)))
    await _a_program_runs()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert programs(descendants(os.getpid())) == []


@pytest.mark.parametrize("profile", BOTH)
async def test_a_program_killed_from_outside_has_failed(runner: Runner, profile: Profile) -> None:
    """As by the kernel, out of memory: its own end, not a fault of the judge."""
    request = RunRequest("import time\ntime.sleep(99)", profile=profile, limits=Limits(wall_s=60))
    running = asyncio.create_task(runner.arun(request))
    for line in await _a_program_runs():
        os.kill(int(line.split()[0]), signal.SIGKILL)
    result = await running

    assert (result.status, result.signal) == (Status.SIGNALED, signal.SIGKILL)


async def _a_program_runs() -> list[str]:
    """Wait until a process of a sandbox runs a program, and for its first steps."""
    deadline = time.monotonic() + 20
    while not (found := programs(descendants(os.getpid()))):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    return programs(descendants(os.getpid())) or found
