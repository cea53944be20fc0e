"""A program runs as plain Python would run it, under either profile; what happened is told."""

# ruff: noqa: E501 - tables read best with one program a line
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import pytest

from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.local import LocalRunner
    from deepcoder_cli.sandbox.runner import RunResult


USUAL = Limits()


class Run(Protocol):
    """Runs a program under the profile of the test."""

    def __call__(
        self, program: str, stdin: bytes = b"", limits: Limits = USUAL, argv: tuple[str, ...] = ()
    ) -> RunResult: ...


@pytest.fixture(params=list(Profile))
def run(request: pytest.FixtureRequest, runner: LocalRunner) -> Run:
    def run(
        program: str, stdin: bytes = b"", limits: Limits = USUAL, argv: tuple[str, ...] = ()
    ) -> RunResult:
        return runner.run(
            RunRequest(program, stdin=stdin, limits=limits, argv=argv, profile=request.param)
        )

    return run


def stdout_of(run: Run, program: str, stdin: bytes = b"") -> str:
    result = run(program, stdin)
    assert result.status is Status.EXITED, result
    assert result.exit_code == 0, result.stderr.decode()
    return result.stdout.decode()


@pytest.mark.parametrize(
    "reading",
    [
        "print(sum(int(input()) for _ in range(3)))",
        "import sys\nprint(sum(int(line) for line in sys.stdin))",
        "print(sum(map(int, open(0).read().split())))",
        "import sys\na = sys.stdin.readline()\nprint(int(a) + sum(map(int, sys.stdin.read().split())))",
        "import os\nprint(sum(map(int, os.read(0, 99).split())))",
        "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))",
        "import sys\nsys.stdout.buffer.write(b'%d\\n' % sum(map(int, open('/dev/stdin'))))",
        "import fileinput\nprint(sum(int(line) for line in fileinput.input()))",
    ],
)
def test_every_way_of_reading_stdin_works(run: Run, reading: str) -> None:
    assert stdout_of(run, reading, b"1\n2\n3\n") == "6\n"


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("if __name__ == '__main__':\n    print('main')\nx = 1\nprint(x)", "main\n1\n"),
        ("x = 1\ndef f():\n    global x\n    x += 1\nf()\nprint(x)", "2\n"),
        ("import threading, time\nthreading.Thread(target=lambda: (time.sleep(.2), print('late'))).start()", "late\n"),
        ("import atexit\natexit.register(print, 'bye')\nprint('hi')", "hi\nbye\n"),
        ("import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return n and 1 + f(n - 1)\nprint(f(50000))", "50000\n"),
        ("import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)", "True\n"),
        ("import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\nprint(A(1))", "A(x=1)\n"),
        ("import asyncio\nasync def f(): print('async')\nasyncio.run(f())", "async\n"),
        ("import asyncio\nasync def f(): return await asyncio.to_thread(sum, [3, 4])\nprint(asyncio.run(f()))", "7\n"),
        ("from concurrent.futures import ThreadPoolExecutor as P\nwith P(4) as p: print(list(p.map(abs, [-1, -2])))", "[1, 2]\n"),
        ("import mmap, os\nwith mmap.mmap(0, 0, access=mmap.ACCESS_READ) as m: print(m[:2])", "b'in'\n"),
        ("import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(1 << 29)\ndef f(n): return n and 1 + f(n - 1)\nt = threading.Thread(target=lambda: print(f(90000)))\nt.start()\nt.join()", "90000\n"),
        ("print(hash('a') == hash('a'), __file__, __import__('sys').argv)", "True /tmp/main.py ['main.py']\n"),
        ("import time\nprint(time.tzname[0], 'é')", "UTC é\n"),
        ("import sys; sys.stdout.write('no newline')", "no newline"),
        ("print(__import__('sys').getrecursionlimit())", "1000\n"),
        ("exit()", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_program_runs_as_under_plain_python(run: Run, program: str, expected: str) -> None:
    assert stdout_of(run, program, b"in") == expected


@pytest.mark.parametrize(
    ("program", "exit_code", "stderr"),
    [
        ("raise SystemExit(3)", 3, b""),
        ("exit(4)", 4, b""),
        ("import os\nos._exit(5)", 5, b""),
        ("import sys\nsys.exit('no')", 1, b"no\n"),
        (
            "def f():\n    return 1/0\nf()",
            1,
            b'Traceback (most recent call last):\n  File "main.py", line 3, in <module>\n'
            b'    f()\n  File "main.py", line 2, in f\n    return 1/0\n'
            b"ZeroDivisionError: division by zero\n",
        ),
    ],
)
def test_exit_codes_and_tracebacks_are_the_programs_own(
    run: Run, program: str, exit_code: int, stderr: bytes
) -> None:
    result = run(program)

    assert (result.status, result.exit_code) == (Status.EXITED, exit_code)
    said = result.stderr.replace(b"/tmp/main.py", b"main.py")
    assert [line for line in said.splitlines() if b"~^~" not in line] == stderr.splitlines()


def test_a_signal_is_reported_by_number(run: Run) -> None:
    result = run("import os\nos.kill(os.getpid(), 11)")

    assert (result.status, result.exit_code, result.signal) == (Status.SIGNALED, None, 11)


@pytest.mark.parametrize(
    "program", ["print(input()", "x = = 1", "a\0b", "\ud800 = 1", "def f(:\n", "\tx\n  y"]
)
def test_a_program_that_does_not_compile_says_so(run: Run, program: str) -> None:
    result = run(program)

    assert (result.status, result.exit_code) == (Status.COMPILE_ERROR, 1)
    assert "Error" in result.detail


def test_a_syntax_error_at_run_time_is_no_compile_error(run: Run) -> None:
    assert run("exec('x = = 1')").status is Status.EXITED


def test_cpu_time_is_limited_and_measured(run: Run) -> None:
    result = run("while True: pass", limits=Limits(cpu_s=0.4))

    assert result.status is Status.CPU_LIMIT
    assert result.cpu_s >= 0.4


def test_cpu_time_of_threads_counts(run: Run) -> None:
    program = """\
import hashlib, threading
def burn():
    while True: hashlib.sha256(bytes(1 << 20))
for _ in range(3): threading.Thread(target=burn).start()
"""
    result = run(program, limits=Limits(cpu_s=0.6, wall_s=60))

    assert result.status is Status.CPU_LIMIT


def test_sleeping_uses_no_cpu_time_but_ends_at_the_wall_limit(run: Run) -> None:
    result = run("import time\ntime.sleep(99)", limits=Limits(wall_s=0.5))

    assert result.status is Status.WALL_LIMIT
    assert result.cpu_s < 0.4


def test_memory_is_limited(run: Run) -> None:
    result = run("x = bytearray(300 << 20)", limits=Limits(memory_mib=200))

    assert result.status is Status.MEMORY_LIMIT


@pytest.mark.parametrize(
    "program",
    [
        "import time\nx = bytearray(300 << 20)\ntime.sleep(99)",  # seen by a look, and killed
        "x = bytearray(300 << 20)\ndel x",  # over before anyone looks: the peak tells
        "x = bytearray(2 << 30)",  # more address space than there is
        "import threading\nthreading.Thread(target=bytearray, args=(300 << 20,)).start()",
    ],
)
def test_resident_memory_over_the_limit_is_over_the_limit(run: Run, program: str) -> None:
    result = run(program, limits=Limits(memory_mib=200))

    assert result.status is Status.MEMORY_LIMIT
    assert result.peak_mib < 200 + 512 + 1


def test_address_space_that_is_not_used_costs_nothing(run: Run) -> None:
    program = """\
import mmap, threading
threading.stack_size(1 << 27)
thread = threading.Thread(target=print, args=("deep",))
thread.start()
thread.join()
reserved = mmap.mmap(-1, 200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
"""
    result = run(program, limits=Limits(memory_mib=64))

    assert (result.status, result.stdout) == (Status.EXITED, b"deep\n")


def test_peak_memory_is_measured(run: Run) -> None:
    small = run("pass")
    large = run("x = b'x' * (100 << 20)")

    assert 95 < large.peak_mib - small.peak_mib < 115


@pytest.mark.parametrize(("size", "status"), [(8192, Status.EXITED), (8193, Status.OUTPUT_LIMIT)])
def test_output_is_cut_exactly_at_the_cap(run: Run, size: int, status: Status) -> None:
    program = f"import sys\nsys.stdout.write('x' * {size})"
    result = run(program, limits=Limits(output_kib=8))

    assert (result.status, result.truncated) == (status, size > 8192)
    assert result.stdout == b"x" * 8192


def test_an_endless_error_stream_is_cut_too(run: Run) -> None:
    program = "import sys\nwhile True: sys.stderr.write('y' * 999)"
    result = run(program, limits=Limits(output_kib=16))

    assert result.status is Status.OUTPUT_LIMIT
    assert len(result.stderr) == 16 * 1024


def test_arguments_reach_the_program(run: Run) -> None:
    result = run("import sys\nprint(sys.argv)", argv=("a b", "--c", "é"))

    assert result.stdout.decode() == "['main.py', 'a b', '--c', 'é']\n"


@pytest.mark.parametrize("profile", list(Profile))
async def test_runs_in_parallel_do_not_mix(runner: LocalRunner, profile: Profile) -> None:
    async def one(number: int) -> RunResult:
        return await runner.arun(
            RunRequest("print(input())", stdin=b"%d" % number, profile=profile)
        )

    results = await asyncio.gather(*(one(number) for number in range(12)))

    assert [result.stdout for result in results] == [b"%d\n" % n for n in range(12)]


def test_the_tier_is_told(run: Run, runner: LocalRunner) -> None:
    assert run("pass").tier is runner.tier
