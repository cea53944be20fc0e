"""Tier C, for real: no bubblewrap, no namespaces; what a program then cannot do to this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.sandbox.degraded import base_filter
from deepcoder_cli.sandbox.inside import landlock
from tests.sandbox import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

PRELUDE = """
import json
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import FunctionCall, Profile, RunRequest
from deepcoder_cli.types import Limits
runner = default_runner()
def run(program, stdin=b"", argv=(), **limits):
    r = runner.run(RunRequest(program, stdin, Limits(**limits), argv=argv))
    return [r.status, r.exit_code, r.stdout.decode(), r.stderr.decode(), r.tier, r.detail]
"""
ATTEMPTS = r"""
import json, os, socket, sys

def tried(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno
    except BaseException as error:
        return type(error).__name__
    return 0

def fork():
    if os.fork() == 0:
        os._exit(0)

def trace():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")

def read_memory():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.process_vm_readv(os.getppid(), 0, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")

folder, repository, victim = sys.argv[1], sys.argv[2], int(sys.argv[3])
parent = os.getppid()
attempts = {
    "passwd": lambda: open("/etc/passwd"),
    "ssh": lambda: os.listdir(folder + "/.ssh"),
    "secret": lambda: open(folder + "/secret"),
    "list": lambda: os.listdir(folder),
    "environ": lambda: open("/proc/1/environ"),
    "own environ": lambda: open("/proc/self/environ"),
    "parent's environ": lambda: open(f"/proc/{parent}/environ"),
    "parent's memory": lambda: open(f"/proc/{parent}/mem", "rb"),
    "victim's memory": lambda: open(f"/proc/{victim}/mem", "rb"),
    "victim's files": lambda: os.listdir(f"/proc/{victim}/fd"),
    "processes": lambda: os.listdir("/proc"),
    "repository": lambda: open(repository + "/README.md"),
    "write": lambda: open(folder + "/open/new", "w"),
    "overwrite": lambda: open(folder + "/open/mine", "r+"),
    "truncate": lambda: os.truncate(folder + "/open/mine", 0),
    "truncate by opening": lambda: os.open(folder + "/open/mine", os.O_TRUNC),
    "here": lambda: open("new", "w"),
    "shm": lambda: open("/dev/shm/" + os.path.basename(folder), "w"),
    "chmod": lambda: os.chmod(folder + "/open/mine", 0o777),
    "utime": lambda: os.utime(folder + "/open/mine"),
    "link": lambda: os.link(folder + "/open/mine", folder + "/open/other"),
    "symlink": lambda: os.symlink("x", folder + "/open/link"),
    "rename": lambda: os.rename(folder + "/open/mine", folder + "/open/gone"),
    "unlink": lambda: os.unlink(folder + "/open/mine"),
    "signal to the parent": lambda: os.kill(parent, 0),
    "signal to another": lambda: os.kill(victim, 9),
    "signal to the group": lambda: os.kill(0, 0),
    "signal to all": lambda: os.kill(-1, 0),
    "trace": trace,
    "read memory": read_memory,
    "tcp": socket.socket,
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "fork": fork,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "root": lambda: os.setuid(0),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
}
left_out = sys.argv[4:]  # what would harm somebody where nothing holds it
print(json.dumps({name: tried(f) for name, f in attempts.items() if name not in left_out}))
"""
HARMFUL = (
    "trace", "read memory", "exec", "root", "priority", "signal to the group", "signal to all",
)  # fmt: skip


@pytest.fixture(scope="module")
def python() -> str:
    found = conditions.ordinary_python()
    if found is None:
        pytest.skip("needs a Python that every user can read")
    if not landlock.abi():
        pytest.skip("needs a kernel with Landlock")
    return found


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, read and write; tmp_path is its owner's alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "open").mkdir()
        (folder / ".ssh").mkdir()
        (folder / "open" / "mine").write_text("kept")
        (folder / "secret").write_text("canary")
        for path in (
            folder,
            folder / ".ssh",
            folder / "open",
            folder / "open" / "mine",
            folder / "secret",
        ):
            path.chmod(0o777)
        yield folder


def under_c(code: str, python: str, *outer: str, root: bool = False) -> Any:
    """What `code`, after PRELUDE, prints as JSON, in a process that finds tier C alone."""
    done = conditions.as_somebody(
        PRELUDE + textwrap.dedent(code), python, *outer, root=root,
        path=os.environ["PATH"] if outer else "/nowhere",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_bubblewrap_programs_run_in_tier_c(python: str) -> None:
    result = under_c("print(json.dumps(run('print(input())', b'hello')))", python)

    assert result == ["exited", 0, "hello\n", "", "C", ""]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to start as another user")
def test_where_namespaces_are_denied_programs_run_in_tier_c(python: str) -> None:
    denied = ("bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/")
    result = under_c("print(json.dumps(run('print(6 * 7)')))", python, *denied)

    assert result == ["exited", 0, "42\n", "", "C", ""]


def test_rewards_do_not_get_tier_c_unless_they_ask_for_it(python: str) -> None:
    code = """
    from deepcoder_cli.errors import SandboxUnavailable
    from deepcoder_cli.sandbox.runner import Tier
    try:
        default_runner(Tier.B)
    except SandboxUnavailable as error:
        print(json.dumps([str(error), default_runner(Tier.C).tier]))
    """
    message, tier = under_c(code, python)

    assert message.startswith("sandbox too weak: tier C (at least B). bubblewrap is not installed")
    assert tier == "C"


@pytest.mark.parametrize("root", [False, True])
def test_nothing_of_this_machine_can_be_read_written_or_reached(
    python: str, open_folder: Path, root: bool
) -> None:
    if root and os.geteuid() != 0:
        pytest.skip("needs root")
    user = {} if root or os.geteuid() != 0 else {"user": 65534}
    victim = subprocess.Popen(["sleep", "60"], **user)  # type: ignore[call-overload]
    try:
        arguments = [str(open_folder), conditions.REPOSITORY, str(victim.pid)]
        code = f"print(json.dumps(run({ATTEMPTS!r}, argv=tuple({arguments!r}))))"
        status, _, stdout, stderr, _, _ = under_c(code, python, root=root)
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()

    assert status == "exited", stderr
    outcomes = json.loads(stdout)
    assert {name: outcome for name, outcome in outcomes.items() if outcome not in {1, 13, 38}} == {}
    assert (open_folder / "open" / "mine").read_text() == "kept"
    assert [path.name for path in (open_folder / "open").iterdir()] == ["mine"]


def test_the_same_attempts_succeed_without_it(open_folder: Path) -> None:
    """The control: it is the sandbox that refuses, not the way the attempts are made."""
    victim = subprocess.Popen(["sleep", "60"])
    words = [str(open_folder), conditions.REPOSITORY, str(victim.pid), *HARMFUL]
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, *words],
        capture_output=True, text=True, check=True, cwd=open_folder, timeout=60,
        start_new_session=True, env={},
    )  # fmt: skip
    victim.wait()
    Path("/dev/shm", open_folder.name).unlink(missing_ok=True)
    outcomes = json.loads(done.stdout)
    not_ours = {"environ", "parent's memory", "parent's environ"}  # root's alone, on some systems

    assert {name for name, outcome in outcomes.items() if outcome} - not_ours == {"unlink"}


def test_limits_hold(python: str) -> None:
    code = """
    print(json.dumps([
        run("while True: pass", cpu_s=0.2, wall_s=10)[0],
        run("import time; time.sleep(60)", cpu_s=1, wall_s=0.3)[0],
        run("x = b'1' * (600 << 20)", memory_mib=64)[0],
        run("while True: print('x' * 9999)", output_kib=64)[0],
        run("print(")[0],
    ]))
    """
    limits = ["cpu-limit", "wall-limit", "memory-limit", "output-limit", "compile-error"]

    assert under_c(code, python) == limits


def test_tracebacks_functions_threads_and_live_output_are_as_in_the_other_tiers(
    python: str,
) -> None:
    code = """
    import os, threading
    shown = []
    reading, writing = os.pipe()
    os.write(writing, b"Ada\\n")
    live = runner.run_live(
        RunRequest("print('hello', input())", profile=Profile.GENERAL),
        stdin=reading, show=lambda number, chunk: shown.append(chunk.decode()),
    )
    called = runner.run(RunRequest("def f(a): return a[::-1]", call=FunctionCall("f", "[1, 2]")))
    threads = run('''
    import threading
    found = []
    workers = [threading.Thread(target=found.append, args=(i,)) for i in range(20)]
    [w.start() for w in workers]
    [w.join() for w in workers]
    print(sorted(found) == list(range(20)))'''.replace("\\n    ", "\\n"))
    print(json.dumps([shown, live.exit_code, called.value, threads[2], run("1 / 0")[3]]))
    """
    shown, exit_code, value, threads, traceback = under_c(code, python)

    assert (shown, exit_code, value, threads) == (["hello Ada\n"], 0, "[2, 1]", "True\n")
    assert traceback.splitlines()[1:3] == ['  File "main.py", line 1, in <module>', "    1 / 0"]


def test_what_needs_namespaces_is_refused_with_the_reason(python: str) -> None:
    code = """
    from deepcoder_cli.errors import SandboxUnavailable
    from deepcoder_cli.sandbox.languages import Language
    said = []
    for language in (Language.CPP, Language.JAVASCRIPT):
        try:
            runner.run(RunRequest("", language=language))
        except SandboxUnavailable as error:
            said.append(str(error))
    print(json.dumps(said))
    """
    said = under_c(code, python)

    assert len(said) == 2
    assert all("tier C" in message for message in said)


@pytest.mark.parametrize("who", ["zygote", "supervisor", "caller"])
def test_a_program_ends_with_whoever_started_it(python: str, who: str) -> None:
    """Without a process namespace it is the kernel's parent-death signal that sees to it."""
    code = """
    import os, signal, threading, time
    from pathlib import Path
    def children(pid):
        return [int(c) for t in Path(f"/proc/{pid}/task").iterdir()
                for c in (t / "children").read_text().split()]
    request = RunRequest("import time\\ntime.sleep(300)", limits=Limits(cpu_s=100))
    threading.Thread(target=runner.run, args=(request,), daemon=True).start()
    def family():
        supervisor = children(os.getpid())
        zygote = children(supervisor[0]) if supervisor else []
        child = children(zygote[0]) if zygote else []
        return [*supervisor, *zygote, *child]
    while len(family()) < 3:
        time.sleep(0.02)
    found = dict(zip(("supervisor", "zygote", "program"), family()), caller=os.getpid())
    print(json.dumps(found["program"]), flush=True)
    os.kill(found[WHO], signal.SIGKILL)
    os._exit(0)
    """.replace("WHO", repr(who))
    done = conditions.as_somebody(PRELUDE + textwrap.dedent(code), python)
    program = Path("/proc", done.stdout.strip())
    deadline = time.monotonic() + 10
    while program.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert done.stdout.strip().isdigit(), done.stderr
    assert not program.exists()


def test_its_folder_stays_when_a_forked_child_ends_and_is_gone_when_the_caller_does(
    python: str,
) -> None:
    code = """
    import os
    run("pass")
    if os.fork() == 0:
        raise SystemExit
    os.wait()
    assert run("print(1)")[2] == "1\\n"
    assert runner.pool._launcher.folder.exists()
    print(json.dumps(str(runner.pool._launcher.folder)))
    """

    assert not Path(under_c(code, python)).exists()


def test_the_folder_of_one_that_was_killed_is_swept_and_no_other(python: str) -> None:
    code = """
    import os, tempfile, time
    from pathlib import Path
    from deepcoder_cli.sandbox import degraded
    home = tempfile.mkdtemp()
    tempfile.tempdir = home
    in_use = degraded.DegradedLauncher()
    left = Path(home, degraded.PREFIX + "left")
    (left / "work").mkdir(parents=True)
    (left / "packages").mkdir()
    foreign = Path(home, "foreign")
    foreign.mkdir()
    young = Path(home, degraded.PREFIX + "young")
    young.mkdir()
    for path in (left, foreign, in_use.folder):
        os.utime(path, (1, 1))
    degraded._sweep()
    print(json.dumps([p.exists() for p in (left, foreign, young, in_use.folder)]))
    """

    assert under_c(code, python) == [False, True, True, True]


@pytest.mark.parametrize(("abi", "refuses"), [(1, True), (2, True), (3, False), (7, False)])
def test_an_older_landlock_gets_a_filter_against_truncation(abi: int, refuses: bool) -> None:
    assert (len(base_filter(abi) or b"") > 8) is refuses


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_as_root_an_interpreter_that_only_root_can_read_is_refused_with_the_fix() -> None:
    with tempfile.TemporaryDirectory() as closed:  # mode 0700
        code = f"""
from pathlib import Path
from deepcoder_cli.sandbox import layout, probe
from deepcoder_cli.errors import SandboxUnavailable
real = layout.current_interpreter()
Path({closed!r}, "python").write_text("")
import dataclasses
probe.current_interpreter = lambda: dataclasses.replace(real, executable=Path({closed!r}, "python"))
try:
    probe._on_landlock()
except probe.NoSandbox as error:
    print(error.fix.line)
"""
        done = conditions.python(code, env={"PATH": "/nowhere"})

    assert "cannot be read by everyone" in done.stdout, done.stderr
