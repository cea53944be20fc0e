# ruff: noqa: E501 - programs are shown as they are
"""10, 11: what a run must not find: the expected output, and anything of any other run."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.launchers import BubblewrapLauncher
from deepcoder_cli.sandbox.pool import ZygotePool
from deepcoder_cli.sandbox.runner import FunctionCall, Profile, RunRequest, Status
from deepcoder_cli.types import Limits, TestCase
from tests.adversarial.attack import BOTH, CANARY, PRELUDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

LIMITS = Limits(cpu_s=20, memory_mib=1024)

# Looks for the canary in all readable memory, descriptors and files, and among all objects.
# The pattern is no match for itself. What it says: places looked at, places where it was.
SCAN = """\
import gc, os, re, sys
wanted = re.compile(b'canary-[7]f3a91')
looked, found = 0, []
def look(place, data):
    global looked
    looked += 1
    if wanted.search(data): found.append(place)
def open_and_look(path):
    try:
        with open(path, 'rb', 0) as file: look(path, file.read(64 << 20) or b'')
    except OSError: pass
def mapped():
    with open('/proc/self/maps') as file: lines = file.read().splitlines()
    for line in lines:
        bounds, rights = line.split()[:2]
        if 'r' in rights and '[v' not in line: yield [int(n, 16) for n in bounds.split('-')]
with open('/proc/self/mem', 'rb', 0) as memory:
    for low, high in mapped():
        memory.seek(low)
        try: look('memory', memory.read(high - low) or b'')
        except (OSError, OverflowError): pass
for fd in range(1024):
    try: look(f'descriptor {fd}', os.pread(fd, 64 << 20, 0))
    except OSError: pass
    open_and_look(f'/proc/self/fd/{fd}')
for folder in ('/tmp', '/dev', '/dev/shm', '/opt/deepcoder', '.', '/run', '/var/tmp'):
    for path, _, names in os.walk(folder):
        for name in names:
            if os.path.isfile(path + '/' + name): open_and_look(path + '/' + name)
for process in os.listdir('/proc'):
    if process.isdigit():
        for name in ('cmdline', 'environ', 'comm', 'maps', 'mountinfo', 'status', 'fdinfo/0'):
            open_and_look(f'/proc/{process}/{name}')
for thing in gc.get_objects():
    try: look('objects', repr(thing)[:9999].encode('utf-8', 'replace'))
    except Exception: pass
frame = sys._getframe()
while frame:
    look('frames', repr((frame.f_locals, frame.f_code.co_consts))[:99999].encode('utf-8', 'replace'))
    frame = frame.f_back
look('environment', repr(dict(os.environ)).encode('utf-8', 'replace'))
print(looked > 100, sorted(set(found)))
"""
NOTHING = b"True []\n"
FUNCTION_SCAN = f"""\
def f(a):
    said = []
    exec({SCAN!r}, {{'print': lambda *words: said.append(words)}})
    return repr(said)
"""


@pytest.mark.parametrize("checker", ["tokens", "exact"])
def test_the_expected_output_is_nowhere(runner: Runner, checker: str) -> None:
    result = judge(SCAN, [TestCase("", CANARY)], runner=runner, limits=LIMITS, checker=checker)

    assert result.tests[0].result.stdout == NOTHING


def test_the_expected_value_is_nowhere(runner: Runner) -> None:
    test = TestCase("1", f'"{CANARY}"')
    result = judge(FUNCTION_SCAN, [test], runner=runner, limits=LIMITS, function="f")

    assert result.tests[0].result.value == '"[(True, [])]"'


@pytest.mark.parametrize("profile", BOTH)
def test_the_scan_finds_what_is_there(runner: Runner, profile: Profile) -> None:
    """The control: the canary as input is seen at its descriptor, and once read in memory."""
    request = RunRequest(SCAN, stdin=CANARY.encode(), limits=LIMITS, profile=profile)
    at_rest = runner.run(request).stdout
    program = "held = open(0, 'rb', closefd=False).read()\n" + SCAN
    read = runner.run(RunRequest(program, stdin=CANARY.encode(), limits=LIMITS, profile=profile))

    assert b"'descriptor 0'" in at_rest
    assert b"'memory'" in read.stdout


def test_the_scan_finds_another_run_where_nothing_was_cleared(runner: Runner) -> None:
    """The control of what follows: in one process, what one program held another finds."""
    first = f"import sys\nsys.kept = {CANARY!r}\n"
    both = f"exec({first!r})\n{SCAN}"

    assert b"'memory'" in runner.run(RunRequest(both, limits=LIMITS)).stdout


KEEPING = f"""\
import os, sys, builtins, json
canary = {CANARY!r}
builtins.canary = sys.canary = json.canary = os.environ['CANARY'] = canary
sys.modules[canary] = sys
sys.intern(canary)
held = [canary + str(n) for n in range(100000)]
for fd in (1, 2, *range(3, 64)):
    try: os.write(fd, canary.encode() * 99)
    except OSError: pass
try: open('/tmp/canary', 'w').write(canary)
except OSError: pass
def f(a): return canary * 999
"""
RUNS = {
    "program": RunRequest(KEEPING),
    "input": RunRequest("held = input() * 9999", stdin=CANARY.encode()),
    "argument": RunRequest("import sys\nheld = sys.argv[1] * 999", argv=(CANARY,)),
    "arguments of a function": RunRequest("def f(a): return a * 999",
                                          call=FunctionCall("f", f'"{CANARY}"')),
    "value": RunRequest(KEEPING, call=FunctionCall("f", "1")),
    "killed": RunRequest(KEEPING + "while True: pass", limits=Limits(cpu_s=0.3)),
    "crashed": RunRequest(KEEPING + "import ctypes; ctypes.string_at(0)"),
    "out of memory": RunRequest(KEEPING + "x = [canary]\nwhile True: x += x",
                                limits=Limits(memory_mib=64)),
    "does not compile": RunRequest(f"x = '{CANARY}'\n)"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_nothing_of_a_run_is_found_by_the_next(one_zygote: ZygotePool, name: str) -> None:
    before = one_zygote.run(RUNS[name])
    after = one_zygote.run(RunRequest(SCAN, limits=LIMITS))

    assert before.status is not Status.INFRASTRUCTURE
    assert (after.status, after.stdout) == (Status.EXITED, NOTHING)


@pytest.mark.parametrize("profile", BOTH)
def test_what_the_caller_holds_is_nowhere(runner: Runner, victim: Path, profile: Profile) -> None:
    """Files and pipes open here, inheritable ones too, and our environment."""
    with ExitStack() as stack:
        for _ in range(80):
            fd = os.open(victim / "secret", os.O_RDONLY)
            stack.callback(os.close, fd)
            os.set_inheritable(fd, True)
        fresh = BubblewrapLauncher(shutil.which("bwrap") or "")
        pool = ZygotePool(fresh, 1)
        stack.callback(pool.close)
        request = RunRequest(SCAN, limits=LIMITS, profile=profile)
        result = pool.run(request) if profile is Profile.STRICT else runner.run(request)

    assert result.stdout == NOTHING


OWN_DESCRIPTORS = PRELUDE + """\
for fd in range(1 << 12):
    target = attempt(os.readlink, f'/proc/self/fd/{fd}')
    if target and not target.startswith(('/memfd:', '/proc/')): got(fd, target)
    try: link = socket.socket(fileno=fd)
    except OSError: continue
    got('a socket', fd)
print(open('/proc/self/limits').read().count('\\n') > 9)
"""  # fmt: skip


@pytest.mark.slow
def test_with_many_workers_no_descriptor_of_the_zygote_reaches_a_program(
    pool_of_many: ZygotePool,
) -> None:
    """The supervisor's numbers grow with the workers, past what a program's limit covers."""
    results = [pool_of_many.run(RunRequest(OWN_DESCRIPTORS)) for _ in range(2)]

    assert [(r.status, r.stdout) for r in results] == [(Status.EXITED, b"True\n")] * 2


@pytest.fixture
def pool_of_many(runner: Runner) -> Iterator[ZygotePool]:
    assert runner
    pool = ZygotePool(BubblewrapLauncher(shutil.which("bwrap") or ""), 26)
    pool.warm_up()  # the next run goes to the one started last
    yield pool
    pool.close()
