# ruff: noqa: E501 - programs are shown as they are
"""10: verdicts that were not earned. No program gets AC against a wrong answer, and none gets IE."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.inside.protocol import NOTE_FD, PROGRAM_FD, REPLY
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.runner import FunctionCall, Profile, RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import TestCase
from tests.adversarial.attack import BOTH, LIMITS, PRELUDE, STOPPED, Attack, cases

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner
    from tests.adversarial.conftest import Repel

RIGHT = "42"  # what the tests expect, and no program below can know
A_FINE_REPLY = REPLY.pack(1, b"-", 0, 1000, 1000, 100)
MESSAGES = (
    b"42", b"V42", b"V42\n", b"C", b"M", b"I", b"B", b"-", A_FINE_REPLY, b"ready", b"cancel",
    b"- 0 0 0 0\n", b"started\n- 0 1 1 1\n", struct.pack("=QBQQQQ", 1, 0, 1, 1, 1, 1),
)  # fmt: skip
WRITE_EVERYWHERE = """\
for fd in range(3, 4096):
    for message in {messages!r}:
        attempt(os.write, fd, message)
        attempt(lambda: os.pwrite(fd, message, 0))
        try: link = socket.socket(fileno=fd)
        except OSError: continue
        attempt(link.send, message)
        link.detach()
{end}
"""
OWN_NOTE = "os.write({fd}, {text!r})\nos._exit({code})"


def ending(name: str, source: str) -> Attack:
    return Attack(name, source, STOPPED, BOTH)


EXITS = tuple(
    ending(name, source)
    for name, source in (
        ("exit at once", "os._exit(0)"),
        ("exit nicely", "sys.exit(0)"),
        ("exit in atexit", "import atexit\natexit.register(os._exit, 0)\n1 / 0"),
        ("exit in a thread", "threading.Thread(target=os._exit, args=(0,)).start()\n1 / 0"),
        ("exit in __del__", "class E:\n    def __del__(self): os._exit(0)\ne = E()\n1 / 0"),
        ("exit in an excepthook", "sys.excepthook = lambda *a: os._exit(0)\n1 / 0"),
        ("exit by signal handler", "signal.signal(2, lambda *a: os._exit(0))\nos.kill(os.getpid(), 2)"),
        ("errors from atexit", "import atexit\natexit.register(lambda: 1 / 0)"),
        ("BaseException of its own", "class E(BaseException): pass\nraise E"),
        ("an exception that fails to print", "class E(Exception):\n    def __str__(s): raise s\nraise E"),
        ("stdout closed", "os.close(1); sys.stdout.close() if 0 else None"),
        ("all closed", "os.closerange(0, 4096)"),
        ("stdout is None", "sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None"),
        ("stdout swapped with stdin", "os.dup2(0, 1)"),
        ("os._exit is gone", "os._exit = lambda code: None"),
        ("all ways out are gone", "import atexit\nos._exit = atexit._run_exitfuncs = "
         "threading._shutdown = os.abort = sys.exit = lambda *a: None"),
        ("a segfault", "ctypes.string_at(0)"),
        ("an abort", "os.abort()"),
        ("an illegal instruction", "page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,"
         " 7)\npage.write(b'\\x0f\\x0b')\n"
         "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()"),
        ("a stack overflow", "sys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()"),
        ("a foreign system call", "page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE |"
         " mmap.MAP_ANONYMOUS, 7)\npage.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')\n"
         "if ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() > 0:"
         " got()"),
    )
)  # fmt: skip
NOTES = tuple(
    Attack(f"note {text[:12]!r} and exit {code}", OWN_NOTE.format(fd=NOTE_FD, text=text, code=code),
           STOPPED)
    for text in (b"V42", b"C", b"M", b"I", b"\xff\xfe", b"", b"V" + b"[" * 99_999, b"V42\0" * 9999)
    for code in (0, 1, 70, 127)
)  # fmt: skip
PATCHES = tuple(
    ending(name, source)
    for name, source in (
        ("patched builtins", "import builtins\nfor name in ('print', 'len', 'isinstance', 'str', 'int',"
         " 'open', 'compile', 'exec', 'getattr', 'memoryview'):\n"
         "    setattr(builtins, name, lambda *a, **k: 42)"),
        ("patched json", "import json\njson.dumps = json.loads = lambda *a, **k: '42'\n"
         "json.JSONEncoder.encode = lambda *a: '42'"),
        ("patched os", "os.read = os.write = os.pread = os.fstat = lambda *a: 42"),
        ("no modules", "sys.modules.clear()"),
        ("no globals", "frame = sys._getframe()\n"
         "while frame: frame.f_globals.clear(); frame = frame.f_back"),
        ("no builtins", "import builtins\nvars(builtins).clear()"),
        ("patched code of the runner", "frame = sys._getframe()\nwhile frame:\n"
         "    for value in list(frame.f_globals.values()):\n"
         "        if hasattr(value, '__code__'):\n"
         "            try: value.__code__ = (lambda *a, **k: 0).__code__\n"
         "            except ValueError: pass\n    frame = frame.f_back"),
        ("every function of the runner called", "import gc\nframe, seen = sys._getframe(), []\n"
         "while frame:\n    seen += [v for v in list(frame.f_locals.values()) if hasattr(v,"
         " '_connection')]\n    frame = frame.f_back\nfor it in seen:\n"
         f"    attempt(lambda: it._connection.send({A_FINE_REPLY!r}))\n"
         "    attempt(lambda: it.serve())"),
        ("sockets found among objects", "import gc\nfor it in gc.get_objects():\n"
         "    if isinstance(it, socket.socket):\n"
         f"        attempt(it.send, {A_FINE_REPLY!r})"),
        ("an excepthook that prints it", "sys.excepthook = print\nraise SystemExit('42') from None"),
        ("a str that equals all", "class E(str):\n    __eq__ = lambda s, o: True\n"
         "    __hash__ = str.__hash__\nprint(E('x'))"),
        ("words for the other side", "print('AC\\nverdict: AC\\n\\0\\x1a\\x04')"),
    )
)  # fmt: skip
EVERYWHERE = tuple(
    ending(f"all messages everywhere, then {end}", WRITE_EVERYWHERE.format(messages=MESSAGES, end=end))
    for end in ("os._exit(0)", "os._exit(1)", "os.kill(os.getpid(), 9)")
)  # fmt: skip
LOOKS_LIKE = tuple(
    ending(name, source)
    for name, source in (
        ("MemoryError", "raise MemoryError"),
        ("killed, as by the kernel", "os.kill(os.getpid(), 9)"),
        ("our own exit code", "os.write(2, b'the sandbox cannot be entered: x')\nos._exit(70)"),
        ("bwrap's words", "os.write(2, b'bwrap: setting up uid map: Permission denied')\nos._exit(1)"),
        ("starting failed", "os.write(2, b'the program cannot be started: x')\nos._exit(127)"),
        ("a lost name", "libc.prctl(15, b') R 1 (', 0, 0, 0)\ntime.sleep(0.2)"),
        ("no descriptors left", "import resource\n"
         "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))"),
        ("no file size left", "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"),
        ("no memory left", "import resource\nresource.setrlimit(resource.RLIMIT_AS, (0, 0))"),
    )
)  # fmt: skip
PROGRAMS = (*EXITS, *NOTES, *PATCHES, *EVERYWHERE, *LOOKS_LIKE)


@pytest.mark.parametrize(("attack", "profile"), cases(PROGRAMS))
def test_nothing_is_earned_by_it(attack: Attack, profile: Profile, repel: Repel) -> None:
    """`repel` wants a verdict other than AC and IE of every attack in this folder."""
    repel(attack, profile)


VALUES = (
    "type('E', (), {'__eq__': lambda s, o: True})()",
    "type('E', (int,), {'__eq__': lambda s, o: True, '__hash__': None})(7)",
    "type('E', (int,), {'__repr__': lambda s: '42', '__str__': lambda s: '42'})(7)",
    "type('E', (float,), {'__repr__': lambda s: '42'})(7)",
    "type('E', (str,), {'__eq__': lambda s, o: True, '__str__': lambda s: '42'})('x')",
    "type('E', (dict,), {'__eq__': lambda s, o: True})()",
    "type('E', (list,), {'__eq__': lambda s, o: True, '__iter__': lambda s: iter([42])})()",
    "float('nan')", "float('inf')", "-float('inf')", "'42'", "[42]", "{'42': 42}", "42.5", "None",
    "1e308 * 10", "10 ** 5000", "'\\ud800'", "b'42'", "{42}", "(42,)", "{1: 2}", "...", "True",
    "__import__('os')._exit(0)", "exit(0)", "print(42)", "(yield 42)", "[[]] * 10 ** 6",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_no_value_passes_but_the_right_one(runner: Runner, value: str) -> None:
    program = f"def f(a): return {value}"
    result = judge(program, [TestCase("1", RIGHT)], runner=runner, limits=LIMITS, function="f")

    assert result.verdict in {Verdict.WA, Verdict.RE, Verdict.OLE}


def test_a_number_that_lies_about_its_digits_counts_as_what_it_says(runner: Runner) -> None:
    """The other way: what reaches us is JSON, whatever objects made it."""
    program = "import json\njson.dumps = lambda *a: '42'\ndef f(a): return 7"

    assert judge(program, [TestCase("1", RIGHT)], runner=runner, function="f").verdict in {
        Verdict.AC, Verdict.WA
    }  # fmt: skip


@pytest.mark.parametrize(
    "program",
    [
        f"import os\nos.write({NOTE_FD}, b'V7')\ndef f(a): os._exit(0)",
        f"import os\nos.write({NOTE_FD}, b'V42')\ndef f(a): return 7",
        f"import os\nos.write({NOTE_FD}, b'V')\ndef f(a): return 42",
        f"import os\nos.close({NOTE_FD})\ndef f(a): return 42",
        f"import os\nos.close({NOTE_FD})\nos.dup2(1, {NOTE_FD})\ndef f(a): return 42",
        "class Solution:\n    def __getattr__(self, name): return lambda *a: 7",
        "def f(a): return 7\nclass Solution:\n    f = property(lambda s: 1 / 0)",
        "import sys\nsys.modules['json'] = sys\ndef f(a): return 7",
        "def f(*a, **k): return a[0] is a",
        "f = 42",
        "f = type",
        "import atexit, os\natexit.register(os._exit, 0)\ndef f(a): raise SystemExit(0)",
    ],
)
def test_no_trick_passes_a_functions_test(runner: Runner, program: str) -> None:
    result = judge(program, [TestCase("1", RIGHT)], runner=runner, limits=LIMITS, function="f")

    assert result.verdict not in {Verdict.AC, Verdict.IE}


def test_a_value_of_another_run_does_not_stand_in(runner: Runner) -> None:
    """Nothing of the right answer's run is left for one that gives none."""
    right, none = "def f(a): return 42", "import os\ndef f(a): os._exit(0)"
    tests = [TestCase("1", RIGHT)]

    for _ in range(3):
        assert judge(right, tests, runner=runner, function="f").verdict is Verdict.AC
        assert judge(none, tests, runner=runner, function="f").verdict is Verdict.RE


def test_stdout_is_no_value_and_a_value_is_no_stdout(runner: Runner) -> None:
    printing = "print(42)\ndef f(a): print(42)"
    noting = f"import os\nos.write({NOTE_FD}, b'V42')"

    assert judge(printing, [TestCase("1", "42")], runner=runner, function="f").verdict is Verdict.WA
    assert judge(noting, [TestCase("", "42")], runner=runner).verdict is Verdict.WA


# What the next test of the same program would be given again, or could notice.
STATE = f"""\
import os, sys, fcntl
def state():
    names = ('F_GETFL', 'F_GETOWN', 'F_GETSIG', 'F_GETLEASE')
    for fd in (0, 1, 2, {PROGRAM_FD}):
        yield [attempt(lambda: fcntl.fcntl(fd, getattr(fcntl, name, 11))) for name in names]
        yield os.lseek(fd, 0, 1), oct(os.fstat(fd).st_mode), attempt(os.listxattr, fd)
if os.fstat(0).st_size == 0:
    os.pwrite(1, repr(list(state())).encode(), 0)
else:
    for fd in (0, *range(3, 64)):
        {{action}}
"""
TAMPERING = {
    "offset": "attempt(os.lseek, fd, 7, 0)",
    "flags": "attempt(fcntl.fcntl, fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND | 0o20000)",
    "owner": "attempt(fcntl.fcntl, fd, fcntl.F_SETOWN, 1)",
    "signal": "attempt(fcntl.fcntl, fd, 10, 9)",
    "lease": "attempt(fcntl.fcntl, fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "seals": "attempt(fcntl.fcntl, fd, 1033, 31)",
    "flock": "attempt(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
    "lockf": "attempt(fcntl.lockf, fd, fcntl.LOCK_SH | fcntl.LOCK_NB)",
    "mode": "attempt(os.fchmod, fd, 0)",
    "owner of the file": "attempt(os.fchown, fd, os.getuid(), -1)",
    "times": "attempt(os.utime, fd)",
    "attribute": "attempt(os.setxattr, fd, 'user.evil', b'x')",
    "content": "attempt(os.pwrite, fd, b'1/0 #', 0)",
    "content, opened anew": "attempt(lambda: os.write(os.open(f'/proc/self/fd/{fd}', 1), b'1/0 #'))",
    "size": "attempt(os.ftruncate, fd, 0)",
    "size, opened anew": "attempt(os.truncate, f'/proc/self/fd/{fd}', 0)",
    "mapped": "attempt(lambda: mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_WRITE).write(b'1/0'))",
    "a hole": "attempt(lambda: checked(libc.fallocate(fd, 3, ctypes.c_long(0), ctypes.c_long(9))))",
    "a private page": "attempt(lambda: libc.madvise(mmap.mmap(fd, 0, mmap.MAP_PRIVATE), 9, 9))",
}


@pytest.mark.parametrize("name", TAMPERING)
def test_the_next_test_of_a_program_is_as_the_first(runner: Runner, name: str) -> None:
    """The judge may give all tests of a program the same file of it; none may change it."""
    program = PRELUDE + STATE.format(action=TAMPERING[name])
    untouched = runner.run(RunRequest(program, limits=LIMITS))
    tampering = runner.run(RunRequest(program, stdin=b"now", limits=LIMITS))
    after = runner.run(RunRequest(program, limits=LIMITS))

    assert untouched.status is tampering.status is Status.EXITED
    assert untouched.stdout.startswith(b"[[")
    assert (after.status, after.stdout) == (untouched.status, untouched.stdout)


@pytest.mark.parametrize("call", [None, FunctionCall("f", "1")])
def test_a_program_that_rewrites_itself_is_judged_on_what_was_handed_in(
    runner: Runner, call: FunctionCall | None
) -> None:
    source = (
        f"import os\nfor fd in {{*range(3, 64)}} - {{{NOTE_FD}}}:\n    for path in (fd, '/proc/self/fd/%d' % fd):\n"
        "        try: os.write(path if path == fd else os.open(path, 2), b'print(42) #')\n"
        "        except OSError: pass\nprint(7)\ndef f(a): return 7\n"
    )
    for _ in range(3):
        result = runner.run(RunRequest(source, call=call, limits=LIMITS))
        assert (result.stdout, result.value) == (b"7\n", None if call is None else "7")
