"""Fidelity: a program runs as plain Python would run it, and what happened is told exactly."""

# ruff: noqa: E501 - tables read best with one program a line
from __future__ import annotations

import asyncio
import errno
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.process import SandboxProcess
from deepcoder_cli.sandbox.runner import RunRequest, Status, Tier
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import RunResult


def stdout_of(runner: BubblewrapRunner, program: str, stdin: bytes = b"") -> str:
    result = runner.run(RunRequest(program, stdin=stdin))
    assert result.status is Status.EXITED, result
    assert result.exit_code == 0, result.stderr.decode()
    return result.stdout.decode()


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


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
def test_every_way_of_reading_stdin_works(runner: BubblewrapRunner, reading: str) -> None:
    assert stdout_of(runner, reading, b"1\n2\n3\n") == "6\n"


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
        ("open('a.txt', 'w').write('x')\nprint(open('a.txt').read())", "x\n"),
        ("import asyncio\nasync def f(): print('async')\nasyncio.run(f())", "async\n"),
        ("import asyncio\nasync def f(): return await asyncio.to_thread(sum, [3, 4])\nprint(asyncio.run(f()))", "7\n"),
        ("from concurrent.futures import ThreadPoolExecutor as P\nwith P(4) as p: print(list(p.map(abs, [-1, -2])))", "[1, 2]\n"),
        ("from multiprocessing.dummy import Pool\nwith Pool(2) as p: print(p.map(abs, [-1]))", "[1]\n"),
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
def test_a_program_runs_as_under_plain_python(
    runner: BubblewrapRunner, program: str, expected: str
) -> None:
    assert stdout_of(runner, program, b"in") == expected


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
            b"           ~^~\nZeroDivisionError: division by zero\n",
        ),
    ],
)
def test_exit_codes_and_tracebacks_are_the_programs_own(
    runner: BubblewrapRunner, program: str, exit_code: int, stderr: bytes
) -> None:
    result = runner.run(RunRequest(program))

    assert (result.status, result.exit_code) == (Status.EXITED, exit_code)
    assert result.stderr.replace(b"           ~^~\n", b"") == stderr.replace(
        b"           ~^~\n", b""
    )


def test_a_signal_is_reported_by_number(runner: BubblewrapRunner) -> None:
    result = runner.run(RunRequest("import os\nos.kill(os.getpid(), 11)"))

    assert (result.status, result.exit_code, result.signal) == (Status.SIGNALED, None, 11)


@pytest.mark.parametrize(
    "program", ["print(input()", "x = = 1", "a\0b", "\ud800 = 1", "def f(:\n", "\tx\n  y"]
)
def test_a_program_that_does_not_compile_says_so(runner: BubblewrapRunner, program: str) -> None:
    result = runner.run(RunRequest(program))

    assert (result.status, result.exit_code) == (Status.COMPILE_ERROR, 1)
    assert "Error" in result.detail


def test_a_syntax_error_at_run_time_is_no_compile_error(runner: BubblewrapRunner) -> None:
    assert runner.run(RunRequest("exec('x = = 1')")).status is Status.EXITED


def test_cpu_time_is_limited_and_measured(runner: BubblewrapRunner) -> None:
    result = runner.run(RunRequest("while True: pass", limits=Limits(cpu_s=0.4)))

    assert result.status is Status.CPU_LIMIT
    assert result.cpu_s >= 0.4


def test_cpu_time_of_threads_counts(runner: BubblewrapRunner) -> None:
    program = """\
import hashlib, threading
def burn():
    while True: hashlib.sha256(bytes(1 << 20))
for _ in range(3): threading.Thread(target=burn).start()
"""
    result = runner.run(RunRequest(program, limits=Limits(cpu_s=0.6, wall_s=60)))

    assert result.status is Status.CPU_LIMIT


def test_sleeping_uses_no_cpu_time_but_ends_at_the_wall_limit(runner: BubblewrapRunner) -> None:
    result = runner.run(RunRequest("import time\ntime.sleep(99)", limits=Limits(wall_s=0.5)))

    assert result.status is Status.WALL_LIMIT
    assert result.cpu_s < 0.4


def test_memory_is_limited(runner: BubblewrapRunner) -> None:
    result = runner.run(RunRequest("x = bytearray(300 << 20)", limits=Limits(memory_mib=200)))

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
def test_resident_memory_over_the_limit_is_over_the_limit(
    runner: BubblewrapRunner, program: str
) -> None:
    result = runner.run(RunRequest(program, limits=Limits(memory_mib=200)))

    assert result.status is Status.MEMORY_LIMIT
    assert result.peak_mib < 200 + 512 + 1


def test_address_space_that_is_not_used_costs_nothing(runner: BubblewrapRunner) -> None:
    program = """\
import mmap, threading
threading.stack_size(1 << 27)
thread = threading.Thread(target=print, args=("deep",))
thread.start()
thread.join()
reserved = mmap.mmap(-1, 200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
"""
    result = runner.run(RunRequest(program, limits=Limits(memory_mib=64)))

    assert (result.status, result.stdout) == (Status.EXITED, b"deep\n")


def test_peak_memory_is_measured(runner: BubblewrapRunner) -> None:
    small = runner.run(RunRequest("pass"))
    large = runner.run(RunRequest("x = b'x' * (100 << 20)"))

    assert 95 < large.peak_mib - small.peak_mib < 115


@pytest.mark.parametrize(("size", "status"), [(8192, Status.EXITED), (8193, Status.OUTPUT_LIMIT)])
def test_output_is_cut_exactly_at_the_cap(
    runner: BubblewrapRunner, size: int, status: Status
) -> None:
    program = f"import sys\nsys.stdout.write('x' * {size})"
    result = runner.run(RunRequest(program, limits=Limits(output_kib=8)))

    assert (result.status, result.truncated) == (status, size > 8192)
    assert result.stdout == b"x" * 8192


def test_an_endless_error_stream_is_cut_too(runner: BubblewrapRunner) -> None:
    program = "import sys\nwhile True: sys.stderr.write('y' * 999)"
    result = runner.run(RunRequest(program, limits=Limits(output_kib=16)))

    assert result.status is Status.OUTPUT_LIMIT
    assert len(result.stderr) == 16 * 1024


def test_arguments_reach_the_program(runner: BubblewrapRunner) -> None:
    result = runner.run(RunRequest("import sys\nprint(sys.argv)", argv=("a b", "--c", "é")))

    assert result.stdout.decode() == "['main.py', 'a b', '--c', 'é']\n"


def test_the_tier_is_told(runner: BubblewrapRunner) -> None:
    assert runner.run(RunRequest("pass")).tier is Tier.B is runner.tier


async def test_runs_in_parallel_do_not_mix(runner: BubblewrapRunner) -> None:
    async def one(number: int) -> RunResult:
        return await runner.arun(RunRequest("print(input())", stdin=b"%d" % number))

    results = await asyncio.gather(*(one(number) for number in range(12)))

    assert [result.stdout for result in results] == [b"%d\n" % n for n in range(12)]


async def test_cancelling_kills_the_program_at_once(runner: BubblewrapRunner) -> None:
    before = open_fds()
    program = "import time\nprint('up', flush=True)\ntime.sleep(999)"
    task = asyncio.create_task(runner.arun(RunRequest(program, limits=Limits(wall_s=900))))
    while not children():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert children() == []
    assert open_fds() == before


async def test_cancelling_holds_when_the_sandbox_ends_at_that_moment(
    runner: BubblewrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SandboxProcess._pid_of_init

    def gone(process: SandboxProcess) -> int | None:
        pid = found(process)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert process.ended(60)  # so that the kill that follows finds nobody
        return pid

    monkeypatch.setattr(SandboxProcess, "_pid_of_init", gone)
    before = open_fds()
    program = "import time\ntime.sleep(999)"
    task = asyncio.create_task(runner.arun(RunRequest(program, limits=Limits(wall_s=900))))
    while not children():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert children() == []
    assert open_fds() == before


def test_no_pidfd_to_be_had_leaks_nothing(
    runner: BubblewrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_pid: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    before = open_fds()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pidfd_open", none_left)
        result = runner.run(RunRequest("import time\ntime.sleep(999)"))

    assert result.status is Status.INFRASTRUCTURE
    assert "Too many open files" in result.detail
    assert children() == []
    assert open_fds() == before


def test_ctrl_c_kills_the_program(runner: BubblewrapRunner) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        runner.run(RunRequest("import time\ntime.sleep(999)", limits=Limits(wall_s=900)))

    assert children() == []


def test_many_runs_leave_no_descriptor_and_no_process(runner: BubblewrapRunner) -> None:
    runner.run(RunRequest("pass"))
    before = open_fds()
    for program in ("pass", "1/0", "x = =", "import os\nos.kill(os.getpid(), 9)"):
        runner.run(RunRequest(program))

    assert open_fds() == before
    assert children() == []


def test_live_output_arrives_before_the_program_ends(runner: BubblewrapRunner) -> None:
    reading, writing = os.pipe()
    seen: list[tuple[int, bytes]] = []

    def show(number: int, chunk: bytes) -> None:
        seen.append((number, chunk))
        if chunk.endswith(b"? "):
            os.write(writing, b"Ada\n")  # answered only because the question was seen

    program = "import sys\nname = input('name? ')\nprint('hello', name, file=sys.stderr)"
    result = runner.run_live(RunRequest(program), stdin=reading, show=show)
    os.close(reading)
    os.close(writing)

    assert result.exit_code == 0
    assert seen == [(1, b"name? "), (2, b"hello Ada\n")]


def children() -> list[str]:
    """Processes this thread has started and that still exist, zombies included."""
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()


def test_a_sandbox_that_cannot_start_is_told_as_such_and_leaks_nothing() -> None:
    before = open_fds()
    result = BubblewrapRunner("/nonexistent/bwrap").run(RunRequest("print(1)"))

    assert (result.status, result.stdout) == (Status.INFRASTRUCTURE, b"")
    assert "does not start" in result.detail
    assert open_fds() == before
