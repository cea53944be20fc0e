"""Compilers, node and many processes under the general filter, for real, and what it refuses."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.sandbox import filtered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True, scope="module")
def _filters() -> None:
    filtered.needs_filters()


SOCKETS = [
    *("call('socket', 2, 1, 0)", "call('socket', 10, 1, 0)", "call('socket', 16, 3, 0)"),
    *("call('socket', 17, 3, 0)", "call('socket', 40, 1, 0)", "call('socketpair', 2, 1, 0, None)"),
]
DENIED = [
    *SOCKETS,
    "call('unshare', 0)", "call('setns', -1, 0)", "call('clone', 0x10000011, 0, 0, 0, 0)",
    "call('mount', None, None, None, 0, None)", "call('umount2', None, 0)",
    "call('chroot', None)", "call('pivot_root', None, None)", "call('fsopen', None, 0)",
    "call('ptrace', 0, 0, 0, 0)", "call('process_vm_readv', 1, None, 0, None, 0, 0)",
    "call('kcmp', 1, 1, 0, 0, 0)", "call('pidfd_getfd', -1, 0, 0)",
    "call('io_uring_setup', 1, None)", "call('bpf', 0, None, 0)", "call('userfaultfd', 1)",
    "call('perf_event_open', None, 0, -1, -1, 0)", "call('keyctl', 0, -3, 0)",
    "call('add_key', None, None, None, 0, 0)", "call('request_key', None, None, None, 0)",
    "call('memfd_create', b'x', 0)", "call('shmget', 0, 4096, 0o1600)",
    "call('semget', 0, 1, 0o1600)", "call('msgget', 0, 0o1600)",
    "call('mq_open', b'x', 0, 0, None)",
    "call('mmap', None, 4096, 3, 0x21, -1, 0)", "call('mmap', None, 4096, 3, 0x40022, -1, 0)",
    "call('fcntl', 1, 1031, 4096)", "call('ioctl', 0, 0x5412, b'x')",
    "call('ioctl', 0, 0x541C, b'x')", "call('personality', 0x0040000)",
    "call('clock_settime', 0, None)", "call('settimeofday', None, None)",
    "call('prlimit64', os.getppid(), 7, None, None)", "call('setpriority', 0, os.getppid(), 0)",
    "call('sched_setaffinity', os.getppid(), 8, b'\\xff' * 8)", "call('seccomp', 1, 0, None)",
    "call('prctl', 22, 2, None, 0, 0)", "call('landlock_create_ruleset', None, 0, 1)",
    "call('open_by_handle_at', -1, None, 0)", "call('inotify_init1', 0)",
    "call('io_setup', 0, None)",
]  # fmt: skip


def test_the_general_filter_refuses_what_no_program_needs() -> None:
    found = filtered.answers(DENIED, filtered.GENERAL)

    assert found == dict.fromkeys(DENIED, "EPERM")


def test_nested_namespaces_stay_out_of_reach_by_every_call() -> None:
    code = """
import subprocess
print(call("clone3", b"\\0" * 88, 88))
print(subprocess.run(["unshare", "-U", "true"], stderr=subprocess.DEVNULL).returncode != 0)
"""
    assert filtered.python(code, filtered.GENERAL).stdout == "ENOSYS\nTrue\n"


def test_times_of_files_stay_as_they_are_and_copying_them_works(tmp_path: Path) -> None:
    """/dev/null inside a sandbox is the host's own, and anyone may set its times."""
    code = """
import pathlib, shutil
first = pathlib.Path(sys.argv[1])
times = [os.stat(path).st_mtime_ns for path in (first, os.devnull)]
os.utime(first, (1, 1)), os.utime(os.devnull), shutil.copy2(first, first.with_name("second"))
print([os.stat(path).st_mtime_ns for path in (first, os.devnull)] == times)
print(first.with_name("second").read_text(), os.system(f"cp -p {first} {first}3"))
"""
    (tmp_path / "first").write_text("text")

    done = filtered.python(code, filtered.GENERAL, words=(str(tmp_path / "first"),))

    assert done.stdout == "True\ntext 0\n", done.stderr


MANY_PROCESSES = """
import asyncio, multiprocessing as mp, pathlib, shutil, socket, subprocess, tempfile
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with mp.get_context(method).Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
    queue = mp.Queue()
    child = mp.Process(target=queue.put, args=(5,)); child.start()
    assert queue.get() == 5 and child.join() is None and mp.Array("i", 10)[0] == 0
    assert subprocess.run(["echo", "x"], capture_output=True).stdout == b"x\\n"
    async def start():
        process = await asyncio.create_subprocess_exec("echo", "y", stdout=-1)
        return (await process.communicate())[0]
    assert asyncio.run(start()) == b"y\\n"
    with tempfile.TemporaryDirectory() as folder:
        first = pathlib.Path(folder, "first"); first.write_text("x")
        shutil.copy2(first, first.with_name("second"))
        server = socket.socket(socket.AF_UNIX); server.bind(f"{folder}/socket"); server.listen()
        client = socket.socket(socket.AF_UNIX); client.connect(f"{folder}/socket")
    print("fine")
"""
# What spawned processes import has to be a file; the filter is inherited by all of them.
START = "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"


def test_many_processes_run_under_the_general_filter(tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text(MANY_PROCESSES)

    done = filtered.python(START, filtered.GENERAL, words=(str(program),))

    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


NODE = """
const {execSync, fork} = require('child_process'), {Worker} = require('worker_threads');
const fs = require('fs'), crypto = require('crypto');
const input = fs.readFileSync(0, 'utf8');
new Worker('require("worker_threads").parentPort.postMessage(7)', {eval: true}).on('message', m => {
  console.log(input, m, execSync('echo hi').toString().trim(), crypto.randomBytes(3).length,
    new SharedArrayBuffer(8).byteLength, require('zlib').gzipSync('x').length > 0);
});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node_runs_under_the_general_filter() -> None:
    start = "os.execvp('node', ['node', '-e', sys.argv[1]])"

    done = filtered.python(start, filtered.GENERAL, stdin="in", words=(NODE,))

    assert (done.returncode, done.stdout) == (0, "in 7 hi 3 8 true\n"), done.stderr


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_a_compiler_runs_under_the_general_filter(tmp_path: Path) -> None:
    source, binary = tmp_path / "main.cpp", tmp_path / "main"
    source.write_text('#include <cstdio>\nint main() { puts("made"); }\n')
    start = "os.execvp('g++', ['g++', *sys.argv[1:]])"

    done = filtered.python(start, filtered.GENERAL, words=("-o", str(binary), str(source)))

    assert done.returncode == 0, done.stderr
    assert subprocess.run([binary], capture_output=True, check=True).stdout == b"made\n"
