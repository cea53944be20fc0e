"""The general profile: a program with processes and files of its own, held as one."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.process import SandboxProcess
from deepcoder_cli.sandbox.runner import FunctionCall, Profile, RunRequest, RunResult, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.local import LocalRunner

LIMITS = Limits(cpu_s=1.0, wall_s=20.0, memory_mib=200, output_kib=256)
LONG = Limits(cpu_s=60.0, wall_s=900.0)
SLEEPS = "import time\nprint('up', flush=True)\ntime.sleep(999)"


@pytest.fixture
def general(runner: LocalRunner) -> BubblewrapRunner:
    assert runner.general is not None
    return runner.general


def asked(program: str, limits: Limits = LIMITS, **fields: object) -> RunRequest:
    return RunRequest(program, limits=limits, profile=Profile.GENERAL, **fields)  # type: ignore[arg-type]


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def sandboxes() -> list[str]:
    """The bwraps that this thread has started and that still exist, zombies included."""
    found = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [pid for pid in found if "bwrap" in Path(f"/proc/{pid}/comm").read_text()]


POOLS = """\
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, Process, Queue, Value, get_context
from multiprocessing.dummy import Pool as Threads

def double(x):
    return 2 * x

def put(queue):
    queue.put("hi")

if __name__ == "__main__":
    with Pool(3) as pool:
        print(pool.map(double, range(5)))
    with ProcessPoolExecutor(2) as pool:
        print(list(pool.map(double, range(3))))
    with get_context("spawn").Pool(1) as pool:
        print(pool.map(double, [4]))
    with Threads(2) as pool:
        print(pool.map(double, [5]))
    queue, counter = Queue(), Value("i", 7)
    process = Process(target=put, args=(queue,))
    process.start()
    print(queue.get(), counter.value, process.join(), process.exitcode)
"""


def test_multiprocessing_works_in_all_its_forms(general: BubblewrapRunner) -> None:
    result = general.run(asked(POOLS, Limits(cpu_s=20)))

    assert result.stderr == b""
    assert result.stdout == b"[0, 2, 4, 6, 8]\n[0, 2, 4]\n[8]\n[10]\nhi 7 None 0\n"


def test_a_program_can_start_itself_and_sees_its_own_processes_only(
    general: BubblewrapRunner,
) -> None:
    program = """\
import os, subprocess, sys
print(subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True).stdout)
print(subprocess.run(["python3", "-c", "raise SystemExit(5)"]).returncode)
print(sorted(name for name in os.listdir("/proc") if name.isdigit()))
"""
    assert general.run(asked(program)).stdout == b"b'42\\n'\n5\n['1', '2']\n"


def test_a_function_can_be_called(general: BubblewrapRunner) -> None:
    program = """\
import os
def f(a: List[int], b) -> Any:
    if os.fork() == 0:
        os._exit(5)
    return [a, b, os.wait()[1] >> 8]
"""
    result = general.run(asked(program, call=FunctionCall("f", "1\n2")))

    assert (result.status, result.value) == (Status.EXITED, "[1, 2, 5]")


def test_the_main_program_decides_how_a_run_ended(general: BubblewrapRunner) -> None:
    program = """\
import os, sys, time
for code in (3, 4):
    if os.fork() == 0:
        os._exit(code)
if os.fork() == 0:
    os.abort()
sys.exit(6)
"""
    result = general.run(asked(program))

    assert (result.status, result.exit_code) == (Status.EXITED, 6)


DAEMON = """\
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    if os.fork() == 0:
        time.sleep(999)
    os._exit(0)
os.wait()
"""


def test_a_daemon_ends_with_the_program(general: BubblewrapRunner) -> None:
    result = general.run(asked(f"{DAEMON}print('done')"))

    assert (result.exit_code, result.stdout) == (0, b"done\n")
    assert result.wall_s < LIMITS.wall_limit_s
    assert sandboxes() == []


def test_a_fork_bomb_is_bounded_and_ends(general: BubblewrapRunner) -> None:
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"

    assert general.run(asked(bomb)).status is Status.CPU_LIMIT
    assert general.run(asked("print(1)")).stdout == b"1\n"


WORKERS = """\
import os, sys
for _ in range({count}):
    if os.fork() == 0:
        {body}
        os._exit(0)
for _ in range({count}):
    os.wait()
"""


@pytest.mark.parametrize(
    "program",
    [
        WORKERS.format(count=4, body="while True: pass"),  # at the same time
        # one after the other, none of them near the limit
        "import os\nwhile True:\n    if os.fork() == 0:\n        sum(range(10**6))\n        "
        "os._exit(0)\n    os.wait()",
        # and without a parent that waits: they are left to PID 1
        "import os, time\nwhile True:\n    if os.fork() == 0:\n        if os.fork() == 0:\n"
        "            sum(range(10**7))\n        os._exit(0)\n    os.wait()\n    time.sleep(0.05)",
        # and where nobody is told
        "import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True:\n"
        "    if os.fork() == 0:\n        sum(range(10**7))\n        os._exit(0)\n"
        "    try: os.wait()\n    except ChildProcessError: pass",
    ],
)
def test_cpu_time_of_all_processes_counts(general: BubblewrapRunner, program: str) -> None:
    result = general.run(asked(program, Limits(cpu_s=0.8, wall_s=60)))

    assert result.status is Status.CPU_LIMIT
    assert result.cpu_s > 0.8


def test_memory_of_all_processes_counts(general: BubblewrapRunner) -> None:
    body = "x = bytearray(60 << 20); __import__('time').sleep(99)"
    result = general.run(asked(WORKERS.format(count=5, body=body)))

    assert result.status is Status.MEMORY_LIMIT
    assert result.peak_mib > 200


def test_memory_that_processes_share_counts_once(general: BubblewrapRunner) -> None:
    body = "__import__('time').sleep(0.5)"
    result = general.run(asked("x = bytearray(80 << 20)\n" + WORKERS.format(count=8, body=body)))

    assert result.status is Status.EXITED
    assert 80 < result.peak_mib < 200


@pytest.mark.parametrize(
    ("mib", "limit_mib", "said"),
    [
        (60, 50, Status.MEMORY_LIMIT),  # files are memory
        (30, 200, Status.EXITED),
        (100, 1000, Status.EXITED),  # a full disk is for the program to notice
    ],
)
def test_files_count_as_memory_and_the_disk_has_an_end(
    general: BubblewrapRunner, mib: int, limit_mib: int, said: Status
) -> None:
    program = f"""\
import time
try:
    for i in range({mib}):
        open(str(i), "wb").write(bytes(1 << 20))
except OSError as error:
    print(error.errno)
time.sleep(0.3)
"""
    result = general.run(asked(program, Limits(memory_mib=limit_mib)))

    assert result.status is said
    assert result.stdout == (f"{errno.ENOSPC}\n".encode() if mib == 100 else b"")


def test_too_many_files_count_as_memory(general: BubblewrapRunner) -> None:
    program = "i = 0\nwhile True:\n    open(str(i), 'w').close()\n    i += 1"

    assert general.run(asked(program, LONG)).status is Status.MEMORY_LIMIT


def test_output_of_a_process_that_is_not_the_main_one_is_capped_too(
    general: BubblewrapRunner,
) -> None:
    program = """\
import os, time
if os.fork() == 0:
    while True:
        try: os.write(1, b"x" * 9999)
        except OSError: pass
time.sleep(99)
"""
    result = general.run(asked(program, LONG))

    assert result.status is Status.OUTPUT_LIMIT
    assert len(result.stdout) == LONG.output_kib * 1024


def test_given_files_are_there_to_be_read_and_changed(general: BubblewrapRunner) -> None:
    files = (("in.txt", b"1 2\n"), ("data/deep/x.bin", b"\0\xff"))
    program = """\
import os
print(open("in.txt").read(), open("data/deep/x.bin", "rb").read(), sorted(os.listdir()))
open("in.txt", "a").write("3")
open("data/deep/new", "w").write("4")
print(open("in.txt").read())
"""
    result = general.run(asked(program, files=files))

    assert result.stderr == b""
    assert result.stdout == (b"1 2\n b'\\x00\\xff' ['data', 'in.txt', 'main.py']\n1 2\n3\n")


@pytest.mark.parametrize(
    "name", ["", "/etc/x", "../x", "a/../../x", "a//b", "main.py", "a\0b", "."]
)
def test_a_file_name_that_leads_elsewhere_is_refused(general: BubblewrapRunner, name: str) -> None:
    with pytest.raises(InputError, match="file name not usable"):
        general.run(asked("pass", files=((name, b""),)))


def test_large_given_files_have_room_beside_the_programs_own(general: BubblewrapRunner) -> None:
    program = """\
print(len(open("large").read()))
for i in range(4): open(str(i), "wb").write(bytes(15 << 20))
"""
    request = asked(program, Limits(memory_mib=400), files=(("large", b"x" * (80 << 20)),))

    assert general.run(request).stdout == b"83886080\n"


def test_files_beyond_all_measure_are_refused(general: BubblewrapRunner) -> None:
    with pytest.raises(InputError, match="files too large: 300 MiB"):
        general.run(asked("pass", files=(("a", bytes(300 << 20)),)))
    with pytest.raises(InputError, match="too many files: 1001"):
        general.run(asked("pass", files=tuple((str(i), b"") for i in range(1001))))


def test_nothing_of_a_run_is_there_for_the_next(general: BubblewrapRunner) -> None:
    leaving = "import os\nopen('left', 'w')\nos.mkdir('/dev/shm/left')\nprint(os.listdir())"
    general.run(asked(leaving))

    assert general.run(asked("import os\nprint(os.listdir())")).stdout == b"['main.py']\n"


REFUSED = """\
import ctypes, os, resource, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    if libc.syscall(*words) < 0:
        raise OSError(ctypes.get_errno(), "refused")
for name, attempt in {
    "inet": lambda: socket.socket(),
    "inet6": lambda: socket.socket(socket.AF_INET6),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "kill 1": lambda: os.kill(1, 9) or open("/proc/1/stat").close() or os.kill(999, 0),
    "prlimit 1": lambda: resource.prlimit(1, resource.RLIMIT_CPU, (0, 0)),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (999, 999)),
    "user namespace": lambda: call(272, 0x10000000),
    "mount": lambda: call(165, None, b"/tmp", b"tmpfs", 0, None),
    "memory of 1": lambda: open("/proc/1/mem", "rb"),
    "environment of 1": lambda: open("/proc/1/environ", "rb"),
    "descriptors of 1": lambda: os.listdir("/proc/1/fd"),
    "root": lambda: os.setuid(0),
    "write outside": lambda: open("/opt/x", "w"),
    "write the interpreter": lambda: open(os.sys.executable, "ab"),
    "remove main.py of the host": lambda: os.unlink("/usr/lib/os-release"),
}.items():
    try:
        attempt()
        print("NOT REFUSED:", name)
    except (OSError, ValueError):
        pass
print("end")
"""


def test_what_must_be_refused_is_refused(general: BubblewrapRunner) -> None:
    assert general.run(asked(REFUSED)).stdout == b"end\n"


async def test_cancelling_kills_every_process_at_once(general: BubblewrapRunner) -> None:
    await general.arun(asked("pass"))
    before = open_fds()
    task = asyncio.create_task(general.arun(asked(f"{DAEMON}{SLEEPS}", LONG)))
    while not sandboxes():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert sandboxes() == []
    assert open_fds() == before


async def test_cancelling_holds_when_the_sandbox_ends_at_that_moment(
    general: BubblewrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SandboxProcess._pid_of_init

    def gone(process: SandboxProcess) -> int | None:
        pid = found(process)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert process.ended(60)  # so that the kill that follows finds nobody
        return pid

    await general.arun(asked("pass"))
    monkeypatch.setattr(SandboxProcess, "_pid_of_init", gone)
    before = open_fds()
    task = asyncio.create_task(general.arun(asked(SLEEPS, LONG)))
    while not sandboxes():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert sandboxes() == []
    assert open_fds() == before


def test_no_pidfd_to_be_had_leaks_nothing(
    general: BubblewrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_pid: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    before = open_fds()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pidfd_open", none_left)
        result = general.run(asked(SLEEPS))

    assert result.status is Status.INFRASTRUCTURE
    assert "Too many open files" in result.detail
    assert sandboxes() == []
    assert open_fds() == before


def test_ctrl_c_kills_the_program(general: BubblewrapRunner) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        general.run(asked(SLEEPS, LONG))

    assert sandboxes() == []


def test_many_runs_leave_no_descriptor_and_no_process(general: BubblewrapRunner) -> None:
    general.run(asked("pass"))
    before = open_fds()
    for program in ("pass", "1/0", "x = =", "import os\nos.kill(os.getpid(), 9)", DAEMON):
        general.run(asked(program))

    assert open_fds() == before
    assert sandboxes() == []


def test_a_sandbox_that_cannot_start_is_told_as_such_and_leaks_nothing() -> None:
    before = open_fds()
    result = BubblewrapRunner("/nonexistent/bwrap").run(RunRequest("print(1)"))

    assert (result.status, result.stdout) == (Status.INFRASTRUCTURE, b"")
    assert "does not start" in result.detail
    assert open_fds() == before


async def test_runs_in_parallel_do_not_mix(general: BubblewrapRunner) -> None:
    async def one(number: int) -> RunResult:
        program = "import os\nos.fork() and os.wait()\nprint(input(), os.listdir())"
        return await general.arun(
            asked(program, stdin=b"%d" % number, files=((f"f{number}", b""),))
        )

    for number, result in enumerate(await asyncio.gather(*(one(number) for number in range(6)))):
        assert result.stdout.count(f"f{number}".encode()) == result.stdout.count(b"\n") >= 1
