"""Programs that do not compute the answer and want to pass all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.verdict import Verdict
from tests.evaluate.evalplus.questions import question, verdict_on

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner

BASE, PLUS = [[3, 1], [2, 2, 5]], [[9], [7, 8, 1], [4, 4]]
SORTED = question("return sorted(x)", BASE, PLUS)
ATTACKS = {
    "forged records": """
import os, struct
def f(x):
    record = struct.Struct("=cfQ")
    for _ in range(9):
        for kind in (b"G", b"V", b"X"):
            body = b"[" + (2).to_bytes(4, "little") + b"i\\1\\0\\0\\0i\\3\\0\\0\\0"
            os.write(62, record.pack(kind, 0.0, len(body)) + body)
    os._exit(0)
""",
    "records written over": """
import os
def f(x):
    os.lseek(62, 0, 0)
    os.write(62, b"V" * 4000)
    return 1
""",
    "records that say all is right": "import os\nos.write(62, b'AC' * 100)\nos._exit(0)\n",
    "a note of another kind": """
import os
os.lseek(62, 0, 0)
os.write(62, b'V[1, 3]')
os._exit(0)
""",
    "patched encoders": """
import json, marshal, sys
marshal.dumps = json.dumps = lambda *a, **k: b"T"
for module in list(sys.modules.values()):
    for name in ("encoded", "_dumps", "record"):
        if hasattr(module, name): setattr(module, name, lambda *a, **k: (b"V", b"T"))
def f(x): return x
""",
    "the callers' frames changed": """
import sys
def f(x):
    frame = sys._getframe(1)
    while frame is not None:
        for name, value in list(frame.f_globals.items()):
            if name == "encoded":
                frame.f_globals[name] = lambda *a, **k: (b"V", b"T")
        frame = frame.f_back
    return x[::-1]
""",
    "an early os._exit(0)": "import os\ndef f(x): os._exit(0)\n",
    "os._exit(0) while it is loaded": "import os\nos._exit(0)\n",
    "sys.exit(0)": "import sys\ndef f(x): sys.exit(0)\n",
    "sys.exit(0) while it is loaded": "import sys\nsys.exit(0)\n",
    "equal to everything": """
class All:
    __hash__ = None
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def f(x): return All()
""",
    "a list that is equal to everything": """
class L(list):
    def __eq__(self, other): return True
    def __iter__(self): return iter(sorted(DATA))
    def __len__(self): return len(DATA)
    def __getitem__(self, i): return sorted(DATA)[i]
    def __reduce__(self): return (sorted, (DATA,))
DATA = []
def f(x): return L([1, 2, 3])
""",
    "an integer that lies": """
class I(int):
    def __eq__(self, other): return True
    def __int__(self): return 7
    __index__ = __int__
    __hash__ = int.__hash__
def f(x): return [I(0) for _ in x]
""",
    "a type that lies about its name": """
class Meta(type):
    __name__ = property(lambda self: "list")
    def __instancecheck__(self, other): return True
class List(metaclass=Meta):
    __class__ = property(lambda self: list)
    def __eq__(self, other): return True
def f(x): return List()
""",
    "arguments changed, and returned unsorted": "def f(x):\n    x.clear()\n    return x\n",
    "a result that changes while it is written": """
import threading, time
def f(x):
    out = [0] * len(x)
    threading.Thread(target=lambda: out.sort(), daemon=True).start()
    return out
""",
    "an infinite repr": """
class R(list):
    def __repr__(self): return repr(self)
    __str__ = __repr__
def f(x): return R([1])
""",
    "a list in itself": "def f(x):\n    a = [1]\n    a.append(a)\n    return a\n",
    "an exception that cannot be shown": """
class E(Exception):
    def __str__(self): return str(self)
    __repr__ = __str__
def f(x): raise E
""",
    "a generator": "def f(x): yield from sorted(x)\n",
    "a thread that goes on": """
import threading
def spin():
    while True: pass
def f(x):
    threading.Thread(target=spin).start()
    return x[::-1]
""",
    "no such function": "def g(x): return sorted(x)\n",
    "a method, not a function": "class Solution:\n    def f(self, x): return sorted(x)\n",
    "the answers of base for plus": """
calls = 0
def f(x):
    global calls
    calls += 1
    return [[1, 3], [2, 2, 5]][(calls - 1) % 2]
""",
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_does_not_pass(name: str, runner: Runner) -> None:
    verdict = verdict_on(SORTED, ATTACKS[name], runner)
    assert not verdict.accepted
    assert verdict.verdict is not Verdict.IE
    assert verdict.detail


def test_the_right_program_passes_that_problem(runner: Runner) -> None:
    assert verdict_on(SORTED, "f = sorted", runner).accepted


def test_a_flood_of_output_ends_the_run(runner: Runner) -> None:
    flood = "def f(x):\n    while True: print('x' * 4096)\n"
    assert verdict_on(SORTED, flood, runner).verdict is Verdict.OLE


def test_a_gigantic_result_is_not_read(runner: Runner) -> None:
    gigantic = "def f(x): return [0] * 30_000_000\n"
    verdict = verdict_on(SORTED, gigantic, runner)
    assert verdict.verdict in {Verdict.OLE, Verdict.WA}
    large = "def f(x): return [0] * 1_000_000\n"
    assert "far longer" in verdict_on(SORTED, large, runner).detail


def test_an_argument_that_a_call_changes_is_whole_for_the_next(runner: Runner) -> None:
    problem = question("return sum(x)", [[1, 2]] * 3, [[1, 2]])
    program = "def f(x):\n    total = sum(x)\n    x.append(100)\n    return total\n"
    assert verdict_on(problem, program, runner).accepted


def test_the_program_is_loaded_anew_for_plus(runner: Runner) -> None:
    problem = question("return 1", [0, 0], [0, 0])
    program = "seen = []\ndef f(x):\n    seen.append(x)\n    return 1 if len(seen) < 3 else 2\n"
    assert verdict_on(problem, program, runner).accepted


def test_nothing_inside_holds_an_expected_value(runner: Runner) -> None:
    """The canonical answer is a number that occurs nowhere in the process of the program."""
    problem = question("return (x * 7919 + 13) ** 3 % 1000003", [5], [6])
    program = """
import gc, sys
def f(x):
    wanted = {(n * 7919 + 13) ** 3 % 1000003 for n in (5, 6)}
    seen, frame = [], sys._getframe()
    while frame is not None:
        seen += [*frame.f_locals.values(), *frame.f_globals.values()]
        frame = frame.f_back
    seen += gc.get_objects()
    for thing in seen:
        if thing is wanted: continue
        try:
            if isinstance(thing, (list, tuple)) and wanted & set(map(int, thing)): return x
        except Exception: pass
        if isinstance(thing, int) and thing in wanted: return x
    raise LookupError
"""
    verdict = verdict_on(problem, program, runner)
    assert verdict.detail.endswith("LookupError was raised")


@pytest.mark.parametrize(
    ("name", "program", "verdict"),
    [
        ("raises", "def f(x): return x[99]", Verdict.RE),
        ("does not compile", "def f(x) return 1", Verdict.CE),
        ("recursion", "def f(x): return f(x)", Verdict.RE),
        ("memory", "def f(x): return [0] * (1 << 40)", Verdict.MLE),
    ],
)
def test_what_went_wrong_is_named(
    name: str, program: str, verdict: Verdict, runner: Runner
) -> None:
    assert verdict_on(SORTED, program, runner).verdict is verdict, name


@pytest.mark.slow
def test_a_program_that_catches_its_time_limit_is_ended_all_the_same(runner: Runner) -> None:
    stubborn = """
def f(x):
    while True:
        try:
            while True: x = x
        except BaseException: pass
"""
    verdict = verdict_on(SORTED, stubborn, runner)
    assert verdict.verdict is Verdict.TLE
    assert verdict.seconds < 8


@pytest.mark.slow
def test_a_program_that_never_ends_is_ended(runner: Runner) -> None:
    endless = "def f(x):\n    while True: x = x\n"
    assert verdict_on(SORTED, endless, runner).verdict is Verdict.TLE


@pytest.mark.slow
def test_a_program_that_sleeps_is_ended(runner: Runner) -> None:
    assert (
        verdict_on(SORTED, "import time\ndef f(x): time.sleep(99)", runner).verdict is Verdict.TLE
    )
