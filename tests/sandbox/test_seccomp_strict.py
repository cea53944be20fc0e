"""The strict filter, taken on for real: what it stops, and what still runs."""

from __future__ import annotations

import platform
import signal

import pytest

from deepcoder_cli.sandbox.seccomp.syscalls import NUMBERS
from tests.sandbox import filtered
from tests.sandbox.forbidden_calls import FORBIDDEN

HERE = {*NUMBERS[platform.machine()]}
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="a call of x86 processors alone")


@pytest.fixture(autouse=True, scope="module")
def _filters() -> None:
    filtered.needs_filters()


@pytest.mark.parametrize("group", FORBIDDEN)
def test_forbidden_calls_are_refused(group: str) -> None:
    calls = [call for name, call in FORBIDDEN[group] if name in HERE]

    found = filtered.answers(calls)

    assert found == dict.fromkeys(calls, "EPERM")


@pytest.mark.parametrize("group", ["processes", "network", "memory nobody counts", "kernel doors"])
def test_without_the_filter_the_same_calls_are_not_refused_alike(group: str) -> None:
    calls = [call for name, call in FORBIDDEN[group] if name in HERE - {"fork", "vfork", "clone"}]

    found = filtered.answers(calls, filtered.NOTHING)

    assert list(found.values()).count("EPERM") < len(calls) / 4


def test_calls_that_the_c_library_can_do_without_seem_not_to_exist() -> None:
    calls = ["call('clone3', None, 0)", "call('openat2', -100, b'/', None, 0)", "call(600)"]

    assert filtered.answers(calls) == dict.fromkeys(calls, "ENOSYS")


@X86
def test_x32_calls_are_refused() -> None:
    calls = [f"call({0x40000000 | number})" for number in (39, 0, 520, 547)]

    assert filtered.answers(calls) == dict.fromkeys(calls, "EPERM")


CALL_32_BIT = """
import mmap
page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid())
"""


@X86
def test_a_32_bit_call_kills() -> None:
    if filtered.python(CALL_32_BIT, filtered.NOTHING).stdout != "True\n":
        pytest.skip("needs a kernel with 32-bit calls")

    done = filtered.python(CALL_32_BIT)

    assert (done.returncode, done.stdout) == (-signal.SIGSYS, "")


def test_the_filter_holds_in_every_thread() -> None:
    code = """
found = []
threads = [threading.Thread(target=lambda: found.append(call("socket", 2, 1, 0))) for _ in range(3)]
[t.start() for t in threads], [t.join() for t in threads]
print(*found)
"""
    assert filtered.python(code).stdout == "EPERM EPERM EPERM\n"


# Each prints "fine" when what it does works.
ORDINARY = {
    "threads": """
import queue
from concurrent.futures import ThreadPoolExecutor
threading.stack_size(64 << 20)
with ThreadPoolExecutor(4) as pool:
    assert list(pool.map(abs, [-1, 2])) == [1, 2]
done = threading.Event()
threading.Timer(0.01, done.set).start()
assert done.wait(10) and not threading.Event().wait(0.01)
""",
    "asyncio": """
import asyncio, signal, socket
async def main():
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, seen.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(seen.wait(), 10)
    a, b = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=a)
    writer.write(b"x\\n")
    await writer.drain()
    assert b.recv(9) == b"x\\n"
    b.send(b"y\\n")
    assert await reader.readline() == b"y\\n"
    assert await asyncio.to_thread(sum, [1, 2]) == 3
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(5)))
asyncio.run(main())
""",
    "signals and clocks": """
import signal, time
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
signal.raise_signal(signal.SIGALRM)
signal.pthread_kill(threading.get_ident(), signal.SIGALRM)
assert len(seen) == 3 and signal.alarm(0) == 0
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
assert signal.sigtimedwait([signal.SIGUSR1], 0.01) is None and not signal.sigpending()
time.sleep(0.001)
assert time.time() > 0 and time.thread_time() >= 0 and time.clock_getres(time.CLOCK_MONOTONIC)
""",
    "waiting for descriptors": """
import fcntl, select, tty
r, w = os.pipe()
assert select.select([], [w], [], 1)[1] == [w]
poll = select.poll(); poll.register(w)
epoll = select.epoll(); epoll.register(w)
assert poll.poll(1) and epoll.poll(1)
os.write(w, b"abc")
os.set_blocking(r, False)
assert os.read(r, 9) == b"abc" and fcntl.fcntl(r, fcntl.F_GETFL) and not os.isatty(r)
os.dup2(r, 77); os.close(77); os.closerange(70, 80); os.dup(w)
""",
    "memory": """
import mmap
page = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
page[5] = 1
page.madvise(mmap.MADV_DONTNEED)
big = bytearray(100 << 20); del big
numbers = list(range(10**6)) * 2; numbers += numbers; del numbers
try:
    [0] * 10**15
except MemoryError: pass
with open(sys.executable, "rb") as file:
    assert mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)[:4] == b"\\x7fELF"
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(3) == 4
""",
    "limits and the like": """
import resource, uuid
soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))
sys.setrecursionlimit(10**6)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss and os.sched_getaffinity(0)
assert os.uname() and os.times() and os.cpu_count() and platform.platform() and uuid.uuid4()
assert (os.getpid(), os.getppid(), os.getuid(), os.getpgid(0), os.getpriority(0, 0))
try:
    os.wait()
except ChildProcessError: pass
""",
    "files": """
import glob, pathlib, sqlite3
assert os.listdir("/") and glob.glob("/*") and os.stat("/").st_mode and os.getcwd()
assert os.statvfs("/")
assert pathlib.Path("/").is_dir() and os.access("/", os.R_OK) and list(os.scandir("/"))
assert sqlite3.connect(":memory:").execute("select 1").fetchall() == [(1,)]
with open(os.devnull, "w") as nothing:
    print("x", file=nothing)
assert open(0).read() == "input" and sys.stdout.flush() is None
""",
    "numpy": """
try:
    import numpy as np
except ImportError:
    print("fine"); raise SystemExit
a = np.random.rand(300, 300)
assert np.linalg.solve(a, a[0]).shape == (300,) and (a @ a.T).shape == (300, 300)
assert np.zeros(10**7).sum() == 0
""",
}


@pytest.mark.parametrize("what", ORDINARY)
def test_ordinary_programs_run_as_without_the_filter(what: str) -> None:
    done = filtered.python(ORDINARY[what] + "print('fine')", stdin="input")

    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_starting_a_program_is_a_permission_error() -> None:
    code = """
import subprocess
for start in (os.fork, lambda: subprocess.run(["true"]), lambda: os.execv("/bin/true", ["true"])):
    try:
        start()
    except PermissionError as error:
        print(error.errno)
print(os.system("true") != 0)
"""
    assert filtered.python(code).stdout == "1\n1\n1\nTrue\n"
