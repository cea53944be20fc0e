"""1: fork bombs, thread bombs, daemons, zombies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile, Status
from deepcoder_cli.types import Limits
from tests.adversarial.attack import (
    BOTH,
    GENERAL,
    LIMITS,
    OUT_OF_TIME,
    STOPPED,
    Attack,
    cases,
    controls,
)  # fmt: skip

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

# Ways to a second process. Under the strict profile there is none.
SECOND_PROCESS = {
    "fork": "child = os.fork()",
    "forkpty": "child, terminal = os.forkpty()",
    "clone": "child = call('clone', 17, 0, 0, 0, 0)",
    "clone3": "child = call('clone3', struct.pack('8Q', 0, 0, 0, 0, 17, 0, 0, 0), 64)",
    "posix_spawn": "child = os.posix_spawn(sys.executable, ['python', '-c', ''], {})",
    "subprocess": "import subprocess\nchild = subprocess.Popen([sys.executable, '-c', '']).pid",
}
BY_ANOTHER_WAY = (
    Attack("multiprocessing by fork", """\
import multiprocessing
process = multiprocessing.get_context('fork').Process(target=got)
process.start(), process.join()
"""),
    Attack("process pool", """\
from concurrent.futures import ProcessPoolExecutor
if __name__ == '__main__':
    with ProcessPoolExecutor(1) as pool: pool.submit(got).result()
""", STOPPED),
    Attack("exec", "os.execv(sys.executable, ['python', '-c', 'print(\"got-\" + \"through\")'])"),
    Attack("exec of a script it reads", """\
os.execv('/proc/self/exe', ['python', '-c', 'print("got-" + "through")'])
"""),
    Attack("execveat of an open interpreter", """\
fd = os.open(sys.executable, os.O_RDONLY | 0o10000000)
argv = (ctypes.c_char_p * 4)(b'python', b'-c', b'print("got-" + "through")', None)
call('execveat', fd, b'', argv, None, 0x1000)
"""),
)  # fmt: skip
ONE_PROCESS = (
    *(
        Attack(name, f"{start}\nif child > 0: got()\nelse: os._exit(0)")
        for name, start in SECOND_PROCESS.items()
    ),
    *BY_ANOTHER_WAY,
)

# Bounded bombs: where they may fork at all, they get nowhere near what they want.
BOMBS = (
    Attack("400 sleeping children", """\
made = 0
try:
    while made < 400:
        if os.fork() == 0: time.sleep(20); os._exit(0)
        made += 1
except OSError: pass
if made == 400: got()
""", STOPPED, BOTH),
    Attack("400 zombies", """\
made = 0
try:
    while made < 400:
        if os.fork() == 0: os._exit(0)
        made += 1
except OSError: pass
if made == 400: got()
""", STOPPED, BOTH),
    Attack("1000 threads", """\
threading.stack_size(65536)
made = 0
try:
    while made < 1000:
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
        made += 1
except RuntimeError: pass
if made == 1000: got()
""", STOPPED, BOTH),
    Attack("threads in children", """\
threading.stack_size(65536)
reading, writing = os.pipe()
def multiply():
    try:
        for _ in range(20):
            threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
            os.write(writing, b'.')
    except (RuntimeError, OSError): pass
    time.sleep(1.5)
try:
    for _ in range(25):
        if os.fork() == 0: multiply(); os._exit(0)
except OSError: pass
time.sleep(1)
os.set_blocking(reading, False)
if len(attempt(os.read, reading, 9999) or b'') >= 450: got()
""", STOPPED, BOTH, limits=Limits(cpu_s=3, wall_s=9, memory_mib=512)),
)  # fmt: skip

# A child that outlives the program. `got` is said a while after the program's own end.
DAEMON = """\
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    for number in range(1, 65): attempt(signal.signal, number, signal.SIG_IGN)
    time.sleep({delay})
    got()
    os._exit(0)
{end}
"""
OUTLIVING = tuple(
    Attack(f"daemon, its parent {name}", DAEMON.format(delay=0.4, end=end), statuses, BOTH,
           needs=frozenset({"pid"}))
    for name, end, statuses in (
        ("ends", "os._exit(0)", STOPPED),
        ("dies", "os.kill(os.getpid(), 9)", STOPPED),
    )
)  # fmt: skip
DAEMON_OF_A_SLOW_PARENT = Attack(
    "daemon of a parent killed at the limit", DAEMON.format(delay=9, end="time.sleep(99)"),
    frozenset({Status.WALL_LIMIT}), GENERAL, limits=Limits(cpu_s=1, wall_s=0.5),
)  # fmt: skip
UNBOUNDED = (
    Attack("fork bomb", """\
while True: attempt(os.fork)
""", OUT_OF_TIME | {Status.MEMORY_LIMIT}, BOTH, limits=Limits(cpu_s=0.5, wall_s=2)),
    Attack("fork bomb deaf to all signals", """\
for number in range(1, 65): attempt(signal.signal, number, signal.SIG_IGN)
while True:
    if attempt(os.fork) == 0: attempt(os.setsid)
""", OUT_OF_TIME | {Status.MEMORY_LIMIT}, BOTH, limits=Limits(cpu_s=0.5, wall_s=2)),
    Attack("children that replace each other", """\
while True:
    if os.fork(): os._exit(0)
    attempt(os.setsid)
""", STOPPED, BOTH, limits=Limits(cpu_s=0.5, wall_s=2)),
    Attack("CPU time in children nobody waits for", """\
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(10):
    if (attempt(os.fork) or 0) == 0:
        for _ in range(8 * 10**6): pass
        if os.getppid() > 1: os._exit(0)
    else: attempt(os.wait)
""", OUT_OF_TIME, BOTH, limits=Limits(cpu_s=0.5, wall_s=20)),
)  # fmt: skip
ATTACKS = (*ONE_PROCESS, *BOMBS, *OUTLIVING)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS, slow_general=False))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


@pytest.mark.parametrize(("attack", "profile"), cases((*UNBOUNDED, DAEMON_OF_A_SLOW_PARENT)))
def test_a_bomb_ends_at_a_limit_and_leaves_nothing(
    attack: Attack, profile: Profile, repel: Repel
) -> None:
    """What is left of it is looked for after every test."""
    repel(attack, profile)


def test_the_strict_profile_shows_no_process_but_its_own(repel: Repel) -> None:
    """No other run's program can be found, let alone attacked: at most PID 1, which is ours."""
    look = Attack("look", "print(sorted(others()) in ([], [1]))")

    assert repel(look, Profile.STRICT).stdout == b"True\n"


def test_threads_are_allowed(repel: Repel) -> None:
    program = """\
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(16) as pool: print(sum(pool.map(abs, range(-50, 50))))
"""
    assert repel(Attack("threads", program, limits=LIMITS), Profile.STRICT).stdout == b"2500\n"
