"""Programs that attack. Each must get its status, and leave nothing behind.

Where it can be shown, a control proves that the attack would work without the sandbox.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import ajudge, judge
from deepcoder_cli.sandbox.runner import FunctionCall, RunRequest, RunResult, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner

LIMITS = Limits(cpu_s=1.0, wall_s=3.0, memory_mib=256, output_kib=256)
REFUSED = "refused"


def run(runner: BubblewrapRunner, program: str, stdin: bytes = b"") -> RunResult:
    return runner.run(RunRequest(program, stdin=stdin, limits=LIMITS))


@pytest.fixture(autouse=True)
def _nothing_is_left(runner: BubblewrapRunner) -> Iterator[None]:
    """After every attack: no process, no descriptor, no file, and the next run is clean."""
    folder = Path(tempfile.gettempdir())
    fds, files = open_fds(), set(folder.iterdir())
    yield
    clean = run(runner, "import os\nprint(sorted(os.listdir('/tmp')), input())", b"clean")
    new_files = [path for path in set(folder.iterdir()) - files if path.name.startswith("evil")]

    assert (clean.status, clean.stdout) == (Status.EXITED, b"['main.py'] clean\n")
    assert (children(), new_files) == ([], [])
    assert open_fds() == fds


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> list[str]:
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()


def descendants(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *descendants(child)]
    return found


def programs_of_the_sandbox() -> list[int]:
    """The processes that became a program: those below a PID 1 that have taken on the filter."""
    return [
        pid
        for pid in descendants(os.getpid())
        if "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
    ]


# 1 processes


def test_a_fork_bomb_makes_nothing(runner: BubblewrapRunner) -> None:
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"

    assert run(runner, bomb).status is Status.CPU_LIMIT


@pytest.mark.parametrize(
    "start",
    [
        "os.fork()",
        "os.posix_spawn(sys.executable, ['x', '-c', ''], {})",
        "os.execv(sys.executable, ['x', '-c', 'print(1)'])",
        "subprocess.run([sys.executable, '-c', ''])",
        "multiprocessing.get_context('fork').Process(target=print).start()",
    ],
)
def test_the_program_stays_one_process(runner: BubblewrapRunner, start: str) -> None:
    program = f"""\
import multiprocessing, os, subprocess, sys
try: {start}
except PermissionError: print('{REFUSED}', sorted(p for p in os.listdir('/proc') if p.isdigit()))
"""
    assert run(runner, program).stdout.decode() == f"{REFUSED} ['1', '2']\n"


def test_cpu_time_cannot_be_lost_in_children(runner: BubblewrapRunner) -> None:
    """Children of a process that ignores SIGCHLD leave no account of their CPU time."""
    program = """\
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(30):
    try: child = os.fork()
    except OSError: child = 0
    if child == 0:
        for _ in range(2 * 10**6): pass
        if os.getpid() != 2: os._exit(0)
    else:
        try: os.wait()
        except OSError: pass
"""
    assert run(runner, program).status is Status.CPU_LIMIT


def test_a_thread_bomb_ends(runner: BubblewrapRunner) -> None:
    program = """\
import threading, time
made = 0
try:
    while made < 1000:
        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
        made += 1
except RuntimeError:
    print(made < 100)
"""
    assert run(runner, program).stdout == b"True\n"


def test_a_program_deaf_to_every_signal_is_killed(runner: BubblewrapRunner) -> None:
    program = """\
import signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""
    assert run(runner, program).status is Status.CPU_LIMIT


@pytest.mark.parametrize(
    "program",
    [
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "import threading\nthreading.Thread(target=threading.Event().wait).start()",
        "import atexit, time\natexit.register(time.sleep, 99)",
    ],
)
def test_a_program_that_never_ends_hits_the_wall(runner: BubblewrapRunner, program: str) -> None:
    limits = Limits(cpu_s=1.0, wall_s=1.0)

    assert runner.run(RunRequest(program, limits=limits)).status is Status.WALL_LIMIT


def test_pid_1_cannot_be_killed_stopped_traced_or_written(runner: BubblewrapRunner) -> None:
    program = """\
import ctypes, os, signal
for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGSEGV):
    os.kill(1, number)
refused = 0
for path in ('/proc/1/mem', '/proc/1/fd/3', '/proc/1/environ', '/proc/1/maps'):
    try: open(path, 'rb+' if path.endswith('mem') else 'rb')
    except OSError: refused += 1
libc = ctypes.CDLL(None, use_errno=True)
print(refused, libc.ptrace(16, 1, 0, 0), ctypes.get_errno())
"""
    result = run(runner, program)

    assert (result.status, result.stdout) == (Status.EXITED, b"4 -1 1\n")


@pytest.mark.parametrize(
    "attack",
    [
        "resource.prlimit(1, resource.RLIMIT_FSIZE, (0, 0))",
        "resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))",
        "os.setpriority(os.PRIO_PROCESS, 1, 19)",
        "os.setpriority(os.PRIO_PGRP, 0, 19)",
        "os.setpriority(os.PRIO_USER, 0, 19)",
        "os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))",
        "os.sched_setscheduler(1, os.SCHED_BATCH, os.sched_param(0))",
        "os.sched_setparam(1, os.sched_param(0))",
        "os.sched_setaffinity(1, {max(os.sched_getaffinity(0))})",
        "checked(libc.syscall({'x86_64': 314}.get(os.uname().machine, 274), 1, attributes, 0))",
        "checked(libc.syscall({'x86_64': 251}.get(os.uname().machine, 30), 1, 1, 3 << 13))",
        "checked(libc.syscall({'x86_64': 251}.get(os.uname().machine, 30), 2, 0, 3 << 13))",
    ],
)
def test_limits_and_priority_of_pid_1_are_out_of_reach(
    runner: BubblewrapRunner, attack: str
) -> None:
    program = f"""\
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
attributes = (ctypes.c_uint32 * 12)(48, 3)
def checked(result):
    if result < 0: raise OSError(ctypes.get_errno(), '')
try: {attack}
except OSError as error: print(error.errno)
"""
    result = run(runner, program)

    assert (result.status, result.stdout) == (Status.EXITED, b"1\n")


def test_a_program_may_limit_and_slow_itself(runner: BubblewrapRunner) -> None:
    program = """\
import os, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
resource.prlimit(0, resource.RLIMIT_NOFILE, (32, 32))
os.setpriority(os.PRIO_PROCESS, 0, 5)
os.sched_setaffinity(0, os.sched_getaffinity(0))
print(os.nice(1), resource.getrlimit(resource.RLIMIT_FSIZE))
"""
    assert run(runner, program).stdout == b"6 (4096, 4096)\n"


async def test_an_end_of_pid_1_is_the_programs_doing(runner: BubblewrapRunner) -> None:
    """Found no way to do it from inside: here the host does, and the verdict is not IE."""
    program = "import time\nprint('up', flush=True)\ntime.sleep(99)"
    limits = Limits(wall_s=60)
    judging = asyncio.create_task(ajudge(program, [TestCase("", "")], runner=runner, limits=limits))
    while not (found := programs_of_the_sandbox()):
        await asyncio.sleep(0.01)
    parent = Path(f"/proc/{found[0]}/stat").read_text().rpartition(")")[2].split()[1]
    os.kill(int(parent), signal.SIGKILL)
    judgement = await judging

    assert judgement.verdict is Verdict.RE
    assert judgement.tests[0].result.signal == signal.SIGKILL


# 2 memory


@pytest.mark.parametrize(
    "program",
    [
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "x = 'x' * (1 << 40)",
        "x = 1 << (1 << 35)",
    ],
)
def test_a_memory_bomb_is_stopped(runner: BubblewrapRunner, program: str) -> None:
    result = run(runner, program)

    assert result.status is Status.MEMORY_LIMIT
    assert result.peak_mib <= LIMITS.memory_mib + 513


HOARD_IN_SOCKETS = """\
import socket
held, kept = 0, []
def full(end):
    global held
    end.setblocking(False)
    for size in (65536, 4096, 64):
        try:
            while True: held += end.send(bytes(size))
        except OSError: pass
try:
    while True:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            try: end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
            except OSError: pass
        full(ours)
        kept.append(theirs)
        try:  # descriptors in flight need no place in our table
            socket.send_fds(kept[0], [b'x'], [theirs.fileno()])
            kept.pop()
        except OSError: pass
        if held > 200 << 20: break
except OSError as error:
    print(error.errno)
print(held >> 20)
"""


def test_socket_pairs_hold_little(runner: BubblewrapRunner) -> None:
    """What waits in a socket counts neither as address space nor as resident memory."""
    reason, held = run(runner, HOARD_IN_SOCKETS).stdout.split()

    assert reason == b"24"  # no more descriptors
    assert int(held) <= 16


@pytest.mark.parametrize("kind", ["SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_only_a_stream_pair_can_be_had(runner: BubblewrapRunner, kind: str) -> None:
    """Datagrams outlive their senders, so a queue of them has no bound."""
    attack = f"""\
import socket
try: socket.socketpair(socket.AF_UNIX, socket.{kind})
except OSError as error: print(error.errno)
"""
    assert run(runner, attack).stdout == b"1\n"


def test_pages_that_no_mapping_shows_cannot_be_kept(runner: BubblewrapRunner) -> None:
    """Shared anonymous memory stays allocated when its pages are given back or mostly unmapped."""
    program = """\
import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
size, held = 64 << 20, 0
for _ in range(10):
    address = libc.mmap(None, size, 3, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, -1, 0)
    if address == 2**64 - 1: break
    ctypes.memset(address, 1, size)
    libc.munmap(address + 4096, size - 4096)
    held += size
print(held, ctypes.get_errno())
try: open('/dev/zero', 'rb')
except OSError as error: print(error.errno)
"""
    assert run(runner, program).stdout == b"0 1\n2\n"


@pytest.mark.parametrize(
    "call",
    [
        "libc.vmsplice(write, vector, 1, 0)",
        "libc.splice(0, None, write, None, 4096, 0)",
        "libc.tee(read, write, 4096, 0)",
        "libc.fcntl(write, 1031, 1 << 20)",
        "libc.inotify_init1(0)",
        "libc.mq_open(b'/x', 0o102, 0o600, None)",
        "libc.sendmsg(pair[0].fileno(), bytes(56), 0)",
        "libc.listen(pair[0].fileno(), 99)",
        "libc.syscall(444, None, 0, 1)",
        "libc.syscall(425, 8, bytes(120))",
    ],
    ids=lambda call: call.partition("(")[0].partition(".")[2],
)
def test_other_stores_of_kernel_memory_are_closed(runner: BubblewrapRunner, call: str) -> None:
    program = f"""\
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
pair = socket.socketpair()
read, write = os.pipe()
page = ctypes.create_string_buffer(4096)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(page), 4096)
print({call}, ctypes.get_errno())
"""
    assert run(runner, program).stdout == b"-1 1\n"


def test_memory_outside_the_address_space_limit_is_closed(runner: BubblewrapRunner) -> None:
    program = """\
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
try: os.memfd_create('x')
except OSError as error: print(error.errno)
print(libc.shmget(0, 1 << 20, 0o1600), ctypes.get_errno())
"""
    assert run(runner, program).stdout == b"1\n-1 1\n"


def test_the_file_system_is_small(runner: BubblewrapRunner) -> None:
    program = """\
written = 0
try:
    for number in range(2000):
        with open(f'/dev/shm/{number}', 'wb', 0) as file:
            written += file.write(bytes(1 << 17))
except OSError as error:
    print(written <= 64 << 20, error.errno)
"""
    assert run(runner, program).stdout == b"True 28\n"


def test_many_empty_files_are_stopped(runner: BubblewrapRunner) -> None:
    """What an empty file costs is kernel memory, which counts for no process."""
    program = """\
import os
for number in range(10**9): os.mknod(f'/tmp/{number}')
"""
    limits = Limits(cpu_s=30, memory_mib=256)

    assert runner.run(RunRequest(program, limits=limits)).status is Status.MEMORY_LIMIT


def test_a_few_thousand_files_may_be_made(runner: BubblewrapRunner) -> None:
    program = """\
import os, time
for number in range(5000): os.mknod(f'/tmp/{number}')
time.sleep(0.2)
print(len(os.listdir('/tmp')))
"""
    assert run(runner, program).stdout == b"5001\n"


def test_memory_is_seen_after_the_main_thread_has_ended(runner: BubblewrapRunner) -> None:
    """The process then shows no memory of its own; were it not seen, this would hit the wall."""
    program = """\
import ctypes, threading, time
def hold():
    time.sleep(0.2)
    held = bytearray(400 << 20)
    time.sleep(99)
threading.Thread(target=hold).start()
ctypes.CDLL(None).syscall({'x86_64': 60}.get(__import__('os').uname().machine, 93), 0)
"""
    assert run(runner, program).status is Status.MEMORY_LIMIT


# 3 input and output


def test_output_floods_are_cut(runner: BubblewrapRunner) -> None:
    result = run(runner, "while True: print('x' * 9999)")

    assert result.status is Status.OUTPUT_LIMIT
    assert len(result.stdout) == LIMITS.output_kib * 1024


def test_a_hundred_megabytes_of_unread_input_block_nothing(runner: BubblewrapRunner) -> None:
    result = run(runner, "print('done')", b"x" * (100 << 20))

    assert (result.status, result.stdout) == (Status.EXITED, b"done\n")


def test_any_bytes_may_be_printed(runner: BubblewrapRunner) -> None:
    everything = bytes(range(256)) * 100
    result = run(runner, "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())", everything)

    assert result.stdout == everything


def test_a_lone_surrogate_in_the_output_is_the_programs_error(runner: BubblewrapRunner) -> None:
    assert judge("print('\\ud800')", [TestCase("", "x")], runner=runner).verdict is Verdict.RE
    assert judge("print('\\0')", [TestCase("", "\0")], runner=runner).verdict is Verdict.AC


# 6 files and environment of the host


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/etc/passwd",
        "/root",
        "/home",
        "/var",
        "/usr/bin",
        "/bin/sh",
        "/sys",
        __file__,
    ],
)
def test_files_of_the_host_do_not_exist(runner: BubblewrapRunner, path: str) -> None:
    assert run(runner, f"import os\nprint(os.path.lexists({path!r}))").stdout == b"False\n"


def test_a_secret_in_our_environment_stays_here(
    runner: BubblewrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "canary-51c0")
    program = """\
import glob, os
seen = repr(dict(os.environ))
for path in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):
    try: seen += repr(open(path, 'rb').read())
    except OSError: pass
print('canary' + '-51c0' in seen, 'CANARY' in os.environ)
"""
    assert run(runner, program).stdout == b"False False\n"


def test_only_the_sandboxs_own_processes_are_visible(runner: BubblewrapRunner) -> None:
    program = "import os\nprint(sorted(p for p in os.listdir('/proc') if p.isdigit()))"

    assert run(runner, program).stdout == b"['1', '2']\n"


def test_no_descriptor_leads_out(runner: BubblewrapRunner) -> None:
    program = """\
import os
for name in os.listdir('/proc/self/fd'):
    try: target = os.readlink('/proc/self/fd/' + name)
    except OSError: continue
    if not target.startswith(('/memfd:', '/proc/')): print(name, target)
"""
    assert run(runner, program).stdout == b""


# 7 network


def test_a_listener_on_the_hosts_loopback_is_out_of_reach(runner: BubblewrapRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()  # the control
        server.accept()[0].close()
        attack = f"""\
import socket
try: socket.create_connection(('127.0.0.1', {port}), timeout=2); print('reached')
except OSError: print('{REFUSED}')
"""
        assert run(runner, attack).stdout.decode() == f"{REFUSED}\n"


def test_an_abstract_socket_of_the_host_is_out_of_reach(runner: BubblewrapRunner) -> None:
    name = f"\0evil-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(name)
        attack = f"""\
import socket
try: socket.socket(socket.AF_UNIX).connect({name!r}); print('reached')
except OSError: print('{REFUSED}')
"""
        assert run(runner, attack).stdout.decode() == f"{REFUSED}\n"


@pytest.mark.parametrize(
    "family", ["AF_UNIX", "AF_INET", "AF_INET6", "AF_VSOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG"]
)
def test_no_socket_can_be_had(runner: BubblewrapRunner, family: str) -> None:
    attack = f"""\
import socket
try: socket.socket(socket.{family}, socket.SOCK_DGRAM)
except OSError as error: print(error.errno)
"""
    assert run(runner, attack).stdout == b"1\n"


# 9 writing to the host


def test_a_file_in_tmp_is_not_the_hosts(runner: BubblewrapRunner) -> None:
    result = run(runner, "open('/tmp/evil-file', 'w').write('x')\nprint('written')")

    assert result.stdout == b"written\n"
    assert not Path("/tmp/evil-file").exists()


@pytest.mark.parametrize(
    "path", ["/evil", "/opt/python/lib/evil", "/usr/evil", "/dev/evil", "/proc/sys/kernel/hostname"]
)
def test_everything_else_is_read_only(runner: BubblewrapRunner, path: str) -> None:
    attack = (
        f"try: open({path!r}, 'w').write('x'); print('wrote')\nexcept OSError: print('{REFUSED}')"
    )

    assert run(runner, attack).stdout.decode() == f"{REFUSED}\n"


@pytest.mark.parametrize("device", ["null", "random", "urandom"])
def test_the_hosts_devices_stay_as_they_are(runner: BubblewrapRunner, device: str) -> None:
    path = Path("/dev", device)
    before = path.stat()
    attack = f"""\
import os
for change in (os.utime, lambda path: os.utime(path, (0, 0)), lambda path: os.chmod(path, 0),
               lambda path: os.utime(os.open(path, os.O_RDWR)), lambda path: os.chown(path, 1, 1)):
    try: change('{path}'); print('changed')
    except OSError: print('{REFUSED}')
open('{path}', 'wb').write(b'x'), open('{path}', 'rb').read(1)
"""
    result = run(runner, attack)
    after = path.stat()

    assert result.stdout.decode() == f"{REFUSED}\n" * 5
    assert (result.exit_code, after.st_mode, after.st_uid) == (0, before.st_mode, before.st_uid)
    assert (after.st_mtime_ns, after.st_atime_ns) == (before.st_mtime_ns, before.st_atime_ns)


def test_the_record_of_the_peak_cannot_be_reset(runner: BubblewrapRunner) -> None:
    attack = f"""\
try: open('/proc/self/clear_refs', 'w').write('5')
except OSError: print('{REFUSED}')
"""
    assert run(runner, attack).stdout.decode() == f"{REFUSED}\n"


# 10 forging a pass


WRITE_EVERYWHERE = """\
import os
for fd in range(3, 64):
    try: os.write(fd, {!r})
    except OSError: pass
os._exit({})
"""


@pytest.mark.parametrize(
    "program",
    [
        "import os\nos._exit(0)",
        "raise SystemExit(0)",
        WRITE_EVERYWHERE.format(b"- 0 0 0 0\n", 0),
        WRITE_EVERYWHERE.format(b"V42", 0),
        "class E(str):\n    __eq__ = lambda s, o: True\nprint(E('x'))",
        "import builtins\nbuiltins.print = lambda *a: None\nprint(42)",
        "import sys\nsys._getframe().f_globals.clear()\nsys.modules.clear()",
    ],
)
def test_no_trick_passes_a_stdin_test(runner: BubblewrapRunner, program: str) -> None:
    result = judge(program, [TestCase("", "42")], runner=runner, limits=LIMITS)

    assert result.verdict in {Verdict.WA, Verdict.RE}


@pytest.mark.parametrize(
    "value",
    [
        "type('E', (), {'__eq__': lambda s, o: True})()",
        "type('E', (int,), {'__eq__': lambda s, o: True})(7)",
        "type('E', (dict,), {'__eq__': lambda s, o: True})()",
        "__import__('os')._exit(0)",
    ],
)
def test_no_object_passes_as_an_equal_value(runner: BubblewrapRunner, value: str) -> None:
    program = f"def f(a): return {value}"
    result = judge(program, [TestCase("1", "42")], runner=runner, limits=LIMITS, function="f")

    assert result.verdict in {Verdict.WA, Verdict.RE}


@pytest.mark.parametrize("note", ["B", "C", "M", "V1", "Vnonsense", "I"])
def test_a_forged_note_never_becomes_a_fault_of_the_judge(
    runner: BubblewrapRunner, note: str
) -> None:
    forged = WRITE_EVERYWHERE.format(note.encode(), 1)
    result = judge(forged, [TestCase("", "42")], runner=runner, limits=LIMITS)

    assert result.verdict in {Verdict.RE, Verdict.CE, Verdict.MLE}


SCAN = """\
import os, re
wanted = re.compile(b'canary-[e]1ab')
places = {f'/proc/self/fd/{name}' for name in os.listdir('/proc/self/fd')}
places |= {'/tmp/' + name for name in os.listdir('/tmp')} | {'/proc/1/cmdline', '/proc/1/environ'}
scanned, found = 0, False
for path in sorted(places):
    try: data = open(path, 'rb').read(1 << 20)
    except OSError: continue
    scanned, found = scanned + 1, found or bool(wanted.search(data))
with open('/proc/self/mem', 'rb', 0) as memory:
    for line in open('/proc/self/maps'):
        low, high = (int(bound, 16) for bound in line.split()[0].split('-'))
        if 'r' not in line.split()[1] or '[v' in line: continue
        memory.seek(low)
        try: data = memory.read(high - low)
        except OSError: continue
        scanned, found = scanned + 1, found or bool(wanted.search(data))
print(scanned > 20, found)
"""


@pytest.mark.parametrize(
    ("test", "printed"),
    [
        (TestCase("", "canary-e1ab"), b"True False\n"),
        (TestCase("canary-e1ab", ""), b"True True\n"),  # the control: the scan finds what is there
    ],
)
def test_the_expected_output_is_nowhere_in_the_sandbox(
    runner: BubblewrapRunner, test: TestCase, printed: bytes
) -> None:
    """All memory, descriptors and files are scanned for a string of the expected output."""
    result = judge(SCAN, [test], runner=runner, limits=Limits(cpu_s=10))

    assert (result.verdict, result.tests[0].result.stdout) == (Verdict.WA, printed)


# 13 the kernel's other doors


def test_no_namespace_can_be_made_or_entered(runner: BubblewrapRunner) -> None:
    program = """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x20000, 0x40000000):
    print(libc.unshare(flags), libc.syscall(56, flags | 17, 0, 0, 0, 0))
"""
    assert set(run(runner, program).stdout.split()) == {b"-1"}


def test_no_capability_is_left_and_none_can_be_gained(runner: BubblewrapRunner) -> None:
    program = """\
import os
lines = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines())
print(lines['CapPrm'], lines['CapEff'], lines['NoNewPrivs'], lines['Seccomp'], os.getuid() > 0)
try: os.setuid(0)
except OSError: print('refused')
"""
    zero = b"0000000000000000"
    assert run(runner, program).stdout == zero + b" " + zero + b" 1 2 True\nrefused\n"


# 14 compile bombs


@pytest.mark.parametrize(
    "program",
    [
        "(" * 100_000 + ")" * 100_000,
        "[" * 5_000 + "]" * 5_000,
        "-" * 100_000 + "1",
        "x = " + "1" * 1_000_000,
        "lambda: " * 50_000 + "1",
        "if 1:\n" + "".join(f"{' ' * i}if 1:\n" for i in range(1, 200)) + " " * 200 + "pass",
        "a" + ".a" * 100_000,
    ],
    ids=["parentheses", "brackets", "minus", "digits", "lambdas", "indents", "attributes"],
)
def test_a_compile_bomb_is_the_programs_failure(runner: BubblewrapRunner, program: str) -> None:
    result = run(runner, program)

    assert result.status in {
        Status.COMPILE_ERROR,
        Status.MEMORY_LIMIT,
        Status.SIGNALED,
        Status.CPU_LIMIT,
    }


def test_a_constant_bomb_is_stopped(runner: BubblewrapRunner) -> None:
    result = run(runner, "x = 9 ** 9 ** 9")

    assert result.status in {Status.CPU_LIMIT, Status.MEMORY_LIMIT}


def test_a_function_with_deep_json_as_value_is_the_programs_failure(
    runner: BubblewrapRunner,
) -> None:
    program = "def f(a):\n    x = []\n    for _ in range(10**5): x = [x]\n    return x"
    call = FunctionCall("f", "1")
    result = runner.run(RunRequest(program, limits=LIMITS, call=call))

    assert (result.status, result.exit_code, result.value) == (Status.EXITED, 1, None)
