# ruff: noqa: E501 - programs are shown as they are
"""5: programs that do not end, or not as they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import verdict_of
from deepcoder_cli.sandbox.runner import Profile, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits
from tests.adversarial.attack import BOTH, EXITED, OUT_OF_TIME, Attack, cases, controls

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

BUSY = Limits(cpu_s=0.2, wall_s=20)
ASLEEP = Limits(cpu_s=5, wall_s=0.3)
CPU = frozenset({Status.CPU_LIMIT})
WALL = frozenset({Status.WALL_LIMIT})
DEAF = """\
for number in range(1, 65): attempt(signal.signal, number, signal.SIG_IGN)
attempt(signal.pthread_sigmask, signal.SIG_SETMASK, range(1, 65))
"""

# Each outlives its limit by far, then says so.
ENDLESS = tuple(
    Attack(name, source, statuses, BOTH, limits=ASLEEP if statuses == WALL else BUSY)
    for name, source, statuses in (
        ("busy", "while time.process_time() < 1: pass\ngot()", CPU),
        ("asleep", "time.sleep(1); got()", WALL),
        ("deaf and busy", DEAF + "while time.process_time() < 1: pass\ngot()", CPU),
        ("deaf and asleep", DEAF + "time.sleep(1); got()", WALL),
        ("CPU signal caught", "signal.signal(signal.SIGXCPU, lambda *a: None)\n"
         "while time.process_time() < 1: pass\ngot()", CPU),
        ("busy in atexit", "import atexit\ndef last():\n"
         "    while time.process_time() < 1: pass\n    got()\natexit.register(last)", CPU),
        ("asleep in atexit", "import atexit\n"
         "atexit.register(lambda: (time.sleep(1), got()))", WALL),
        ("busy in __del__", "class Last:\n    def __del__(self):\n"
         "        while time.process_time() < 1: pass\n        got()\nlast = Last()", CPU),
        ("a thread that blocks the end", "def last(): time.sleep(1); got()\n"
         "threading.Thread(target=last).start()", WALL),
        ("a busy thread after the end", "def last():\n"
         "    while time.process_time() < 1: pass\n    got()\n"
         "threading.Thread(target=last).start()", CPU),
        ("busy threads", "def last():\n    while time.process_time() < 1: pass\n    got()\n"
         "for _ in range(4): threading.Thread(target=last).start()", CPU),
        ("the main thread gone", "def last():\n    while time.process_time() < 1: pass\n"
         "    got()\nthreading.Thread(target=last).start()\ncall('exit', 0)", OUT_OF_TIME),
        ("busy in C", "9 ** 9 ** 8 if 0 else pow(3, 1 << 24) % 10\n"
         "while time.process_time() < 1: pow(3, 1 << 20)\ngot()", CPU),
        ("input that never comes", "reading, writing = os.pipe()\n"
         "threading.Timer(1, lambda: os.write(writing, b'x')).start()\n"
         "os.read(reading, 1); got()", WALL),
        ("an excepthook that sleeps", "def hook(*a): time.sleep(1); got()\n"
         "sys.excepthook = hook\nraise ValueError", WALL),
        ("a stdout that sleeps", "class Slow:\n    closed = False\n    def write(self, text): pass\n"
         "    def flush(self): time.sleep(1); got()\nsys.stdout = Slow()", WALL),
    )
)  # fmt: skip

# It stops itself; without a limit nothing would ever wake it. No control: it would never end.
STOPPED_ITSELF = (
    Attack("SIGSTOP", "os.kill(os.getpid(), signal.SIGSTOP)", WALL, BOTH, limits=ASLEEP),
    Attack("SIGTSTP", "signal.raise_signal(signal.SIGTSTP)\ntime.sleep(5)", WALL, BOTH,
           limits=ASLEEP),
    Attack("a thread stops all", "threading.Thread(target=lambda: os.kill(os.getpid(), 19)).start()"
           "\ntime.sleep(5)", WALL, BOTH, limits=ASLEEP),
    Attack("deadlock", "lock = threading.Lock(); lock.acquire(); lock.acquire()", WALL, BOTH,
           limits=ASLEEP),
    Attack("waits for itself", "signal.pause()", WALL, BOTH, limits=ASLEEP),
)  # fmt: skip

# How it ends is its own doing: whatever it pretends, it is a failure of its own.
SIGNALS = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    24,
    25,
    26,
    27,
    29,
    30,
    31,
    34,
    64,
)


@pytest.mark.parametrize(("attack", "profile"), cases((*ENDLESS, *STOPPED_ITSELF)))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ENDLESS))
@pytest.mark.slow
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_program_that_kills_itself_has_failed(number: int, repel: Repel) -> None:
    """By no signal does it look like a fault of the judge, or like a pass."""
    source = f"attempt(signal.signal, {number}, signal.SIG_DFL)\nos.kill(os.getpid(), {number})"
    statuses = frozenset({Status.SIGNALED, Status.OUTPUT_LIMIT, Status.CPU_LIMIT})
    result = repel(Attack("signal", source, statuses), Profile.STRICT)

    assert (result.status is Status.OUTPUT_LIMIT) == (number == 25)
    assert (result.status, result.signal) == (Status.SIGNALED, number) or number in {24, 25}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("sys.exit(256)", 0),
        ("sys.exit(-1)", 255),
        ("sys.exit(2 ** 70)", 255),
        ("os._exit(256)", 0),
        ("sys.exit('words')", 1),
        ("sys.exit(True)", 1),
        ("raise SystemExit([])", 1),
        ("os._exit(70)", 70),
        ("os._exit(137)", 137),
        ("os._exit(124)", 124),
        ("class E(int):\n    __and__ = __rand__ = lambda s, o: 0\nsys.exit(E(3))", 3),
        ("class E(int):\n    __index__ = __int__ = lambda s: 0\nsys.exit(E(3))", 3),
        ("import atexit\natexit.register(os._exit, 0)\nsys.exit(3)", 0),
    ],
)
def test_exit_codes_mean_what_plain_python_makes_of_them(
    source: str, code: int, repel: Repel
) -> None:
    """And code 0 is worth nothing by itself."""
    result = repel(Attack("exit", source, EXITED), Profile.STRICT)

    assert (result.status, result.exit_code) == (Status.EXITED, code)
    expected = Verdict.WA if code == 0 else Verdict.RE
    assert verdict_of(result, "42") is expected
