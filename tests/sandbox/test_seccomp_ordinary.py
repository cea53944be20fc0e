"""Ordinary programs run under the strict filter, for real, as without it."""

from __future__ import annotations

import pytest

from tests.sandbox import filtered


@pytest.fixture(autouse=True, scope="module")
def _filters() -> None:
    filtered.needs_filters()


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
