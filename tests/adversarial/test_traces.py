# ruff: noqa: E501 - programs are shown as they are
"""11: what one run could leave for the next: files, kernel objects, patched modules, locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.types import Limits
from tests.adversarial.attack import BOTH, LIMITS, PRELUDE

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.pool import ZygotePool
    from deepcoder_cli.sandbox.runner import Runner

# `leave` is done by the first run and `look` by the second, which says "found" if it finds it.
# The control does both in one run. Key 0x0e71 is what the look at the host knows, too.
LEAVING = {
    "a file": (
        "open('/tmp/evil', 'w').write('x')",
        "os.path.exists('/tmp/evil')",
    ),
    "a file in shared memory": (
        "open('/dev/shm/evil', 'w').write('x')",
        "os.path.exists('/dev/shm/evil')",
    ),
    "a file beside the program": (
        "open('evil.py', 'w').write('x = 1')",
        "__import__('importlib.util').util.find_spec('evil') is not None",
    ),
    "SysV shared memory": ("call('shmget', 0x0e71, 4096, 0o1666)", "call('shmget', 0x0e71, 0, 0) >= 0"),
    "SysV semaphores": ("call('semget', 0x0e71, 1, 0o1666)", "call('semget', 0x0e71, 0, 0) >= 0"),
    "SysV messages": ("call('msgget', 0x0e71, 0o1666)", "call('msgget', 0x0e71, 0) >= 0"),
    "POSIX message queue": (
        "call('mq_open', b'evil', 0o102, 0o666, None)", "call('mq_open', b'evil', 0, 0, None) >= 0"
    ),
    "a key": (
        "call('add_key', b'user', b'evil', b'x', 1, -4)",
        "call('request_key', b'user', b'evil', None, 0) >= 0",
    ),
    "a key of the user": (
        "call('add_key', b'user', b'evil', b'x', 1, -5)",
        "call('keyctl', 10, -5, b'user', b'evil', 0) >= 0",
    ),
    "a POSIX semaphore": (
        "libc.sem_open(b'/evil', 64, 0o666, 1)", "os.path.exists('/dev/shm/sem.evil')"
    ),
    "an abstract socket": (
        "kept = socket.socket(socket.AF_UNIX); kept.bind('\\0evil'); kept.listen()",
        "socket.socket(socket.AF_UNIX).connect('\\0evil') is None",
    ),
    "the host's name": ("socket.sethostname('evil')", "socket.gethostname() == 'evil'"),
    "a lock on the interpreter": (
        "kept = open(sys.executable, 'rb'); fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(open(sys.executable, 'rb'), fcntl.LOCK_EX | fcntl.LOCK_NB) and 0",
    ),
    "a patched builtin": ("__builtins__.__dict__['evil'] = 1" , "'evil' in dir(__builtins__)"),
    "a patched module": ("import json; json.evil = 1", "hasattr(__import__('json'), 'evil')"),
    "a module": ("sys.modules['evil'] = sys", "'evil' in sys.modules"),
    "a path": ("sys.path.append('evil')", "'evil' in sys.path"),
    "an import hook": ("sys.meta_path.append('evil')", "'evil' in sys.meta_path"),
    "an environment variable": ("os.environ['EVIL'] = 'x'", "'EVIL' in os.environ"),
    "C's environment": ("libc.setenv(b'EVIL', b'x', 1)", "bool(libc.getenv(b'EVIL'))"),
    "a signal handler": (
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
        "signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN",
    ),
    "a timer": ("signal.setitimer(signal.ITIMER_REAL, 99)", "signal.getitimer(0)[0] > 0"),
    "a mask": ("os.umask(0o777)", "os.umask(0o777) == 0o777"),
    "a folder": ("os.chdir('/')", "os.getcwd() == '/'"),
    "a locale": ("__import__('locale').evil = 1", "hasattr(__import__('locale'), 'evil')"),
    "a recursion limit": ("sys.setrecursionlimit(77777)", "sys.getrecursionlimit() == 77777"),
    "a priority": ("os.nice(7)", "os.nice(0) == 7"),
    "an affinity": (
        "os.sched_setaffinity(0, {0})", "len(os.sched_getaffinity(0)) < os.cpu_count() > 1"
    ),
    "a thread": ("threading.Thread(target=time.sleep, args=(1,), daemon=True).start()",
                 "threading.active_count() > 1"),
    "a limit": ("import resource; resource.setrlimit(7, (60, 60))",
                "__import__('resource').getrlimit(7)[0] == 60"),
    "bytecode of a module": (
        "import py_compile; py_compile.compile(os.__file__)", "False or os.__file__ == 'evil'"
    ),
    "a random state": ("__import__('random').seed(1)", "__import__('random').random() == 0.13436424411240122"),
    "an interned flag": ("sys.dont_write_bytecode = 77", "sys.dont_write_bytecode == 77"),
    "patched C": (
        "ctypes.c_long.from_address(id(7) + 24).value = 8",
        "ctypes.c_long.from_address(id(7) + 24).value == 8",
    ),
}  # fmt: skip


def program(*parts: str) -> str:
    return PRELUDE + "\n".join(parts)


def looking(look: str) -> str:
    return f"if attempt(lambda: {look}): os.write(1, b'found')"


@pytest.mark.parametrize("name", LEAVING)
def test_a_strict_run_leaves_nothing_for_the_next(one_zygote: ZygotePool, name: str) -> None:
    leave, look = LEAVING[name]
    first = one_zygote.run(RunRequest(program(leave), limits=LIMITS))
    second = one_zygote.run(RunRequest(program(looking(look)), limits=LIMITS))

    assert first.status is not Status.INFRASTRUCTURE
    assert (second.status, second.stdout) == (Status.EXITED, b"")


@pytest.mark.parametrize("name", list(LEAVING)[:13])
@pytest.mark.usefixtures("general_was_used")
def test_a_general_run_leaves_nothing_for_the_next(runner: Runner, name: str) -> None:
    """Those of the interpreter are left out: a general run has one of its own."""
    leave, look = LEAVING[name]
    requests = (program(leave), program(looking(look)))
    results = [
        runner.run(RunRequest(text, limits=LIMITS, profile=Profile.GENERAL)) for text in requests
    ]

    assert (results[1].status, results[1].stdout) == (Status.EXITED, b"")


# What is refused in the first place cannot be shown to be seen.
REFUSED = {
    "SysV shared memory", "SysV semaphores", "SysV messages", "POSIX message queue", "a key",
    "a key of the user", "the host's name", "a file", "a file in shared memory", "a POSIX semaphore",
    "a file beside the program", "an abstract socket", "a lock on the interpreter",
    "bytecode of a module", "a priority", "an affinity",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in LEAVING if name not in REFUSED])
def test_within_a_run_it_is_found(one_zygote: ZygotePool, name: str) -> None:
    """The control: the look works."""
    leave, look = LEAVING[name]
    both = program(leave, looking(look))

    assert one_zygote.run(RunRequest(both, limits=LIMITS)).stdout == b"found"


@pytest.mark.parametrize("profile", BOTH)
def test_descriptions_of_output_are_new_each_time(runner: Runner, profile: Profile) -> None:
    """Flags and positions of 0, 1 and 2 start afresh, whatever the last run did to its own."""
    meddle = "for fd in range(3): os.set_blocking(fd, False); attempt(os.lseek, fd, 9, 0)"
    look = "os.pwrite(1, repr([(os.get_blocking(fd), os.lseek(fd, 0, 1)) for fd in range(3)]).encode(), 0)"
    limits = Limits(cpu_s=5)
    runner.run(RunRequest(program(meddle), stdin=b"in", limits=limits, profile=profile))
    seen = runner.run(RunRequest(program(look), stdin=b"in", limits=limits, profile=profile))

    assert seen.stdout == repr([(True, 0)] * 3).encode()
