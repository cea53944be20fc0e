"""15: when a part of the sandbox is missing, killed or starved: never less isolation in silence.

Each case that could hurt this process happens in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import ajudge
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase
from tests.adversarial.attack import BOTH
from tests.adversarial.conftest import warm_up
from tests.adversarial.host import descendants, programs, sandbox_init_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deepcoder_cli.sandbox.local import LocalRunner

REPOSITORY = Path(__file__).parents[2]
WAIT_S = 20.0
LIMITS = Limits(cpu_s=5, wall_s=60)
SLOW_SUM = "import time\ntime.sleep(0.7)\nprint(int(input()) * 2)"


@pytest.fixture(autouse=True)
def _started_anew(runner: LocalRunner) -> Iterator[None]:
    """What was killed here is there again before anybody looks."""
    yield
    warm_up(runner)


# What a caller of ours does; it says what became of it.
CALLER = """\
import sys
from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Tier
from deepcoder_cli.types import Limits
"""
WHICH_TIER = CALLER + """\
for lowest in (Tier.B, Tier.C):
    try:
        runner = default_runner(lowest)
        ran = runner.run(RunRequest("print(len(open('/etc/passwd').read()))"))
        print(lowest, runner.tier, ran.tier, ran.stdout)
    except SandboxUnavailable as error:
        print(lowest, 'refused:', error)
"""  # fmt: skip


def said(code: str, *prefix: str, **environment: str) -> str:
    """What a caller of its own prints, started by the command line `prefix`."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        check=False, cwd=REPOSITORY, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def refuses_or_is_labelled(printed: str) -> None:
    """No tier B in its place, and tier C, where there is one, says so and reads nothing."""
    at_least_b, at_least_c = printed.splitlines()
    assert at_least_b.startswith("B refused: ")
    assert at_least_c.startswith("C refused: ") or at_least_c == "C C C b''"


def test_without_bubblewrap_there_is_no_tier_b(runner: LocalRunner, tmp_path: Path) -> None:
    assert runner
    printed = said(WHICH_TIER, PATH=str(tmp_path))

    refuses_or_is_labelled(printed)
    assert "bubblewrap" in printed.splitlines()[0]


def test_where_namespaces_are_denied_there_is_no_tier_b(runner: LocalRunner) -> None:
    """In a sandbox of bubblewrap's own in which no namespace can be made."""
    assert runner
    denied = ("bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--")

    refuses_or_is_labelled(said(WHICH_TIER, *denied))


def test_a_bubblewrap_that_fails_is_not_gone_around(runner: LocalRunner, tmp_path: Path) -> None:
    assert runner
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    fake.chmod(0o755)

    refuses_or_is_labelled(said(WHICH_TIER, PATH=f"{tmp_path}:/usr/bin:/bin"))


def test_a_bubblewrap_that_isolates_nothing_is_found_out(
    runner: LocalRunner, tmp_path: Path
) -> None:
    """One that just executes the command behind `--`: the probe sees that nothing is refused."""
    assert runner
    fake = tmp_path / "bwrap"
    fake.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit\n'
        'while [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n'
    )
    fake.chmod(0o755)

    refuses_or_is_labelled(said(WHICH_TIER, PATH=f"{tmp_path}:/usr/bin:/bin"))


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def running_programs() -> list[int]:
    return [int(line.split()[0]) for line in programs(descendants(os.getpid()))]


async def judged_while(runner: LocalRunner, harm: Callable[[], None]) -> Verdict:
    """The verdict on a right program, with `harm` done in the middle of its run."""
    judging = asyncio.create_task(
        ajudge(SLOW_SUM, [TestCase("21", "42")], runner=runner, limits=LIMITS)
    )
    deadline = time.monotonic() + WAIT_S
    while not running_programs():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    harm()
    return (await judging).verdict


def init_of(pid: int) -> int:
    """The parent of a program: PID 1 of its sandbox."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def supervisor_of(runner: LocalRunner) -> int:
    inits = sandbox_init_processes()
    above = {pid for pid in descendants(os.getpid()) if set(descendants(pid)) & set(inits)}
    return next(pid for pid in above if init_of(pid) == os.getpid())


async def test_a_run_whose_zygote_is_killed_is_run_again(runner: LocalRunner) -> None:
    def kill_zygote() -> None:
        for pid in running_programs():
            os.kill(init_of(pid), signal.SIGKILL)

    assert await judged_while(runner, kill_zygote) is Verdict.AC


async def test_a_run_whose_supervisor_is_killed_is_run_again(runner: LocalRunner) -> None:
    def kill_supervisor() -> None:
        os.kill(supervisor_of(runner), signal.SIGKILL)

    assert await judged_while(runner, kill_supervisor) is Verdict.AC
    assert runner.run(RunRequest("print(1)")).stdout == b"1\n"


async def test_a_run_lost_twice_is_the_judges_fault(runner: LocalRunner) -> None:
    """Neither a pass nor a failure of the program."""
    running = asyncio.create_task(runner.arun(RunRequest("import time\ntime.sleep(30)")))
    for _ in range(2):
        while not (found := running_programs()):
            await asyncio.sleep(0.01)
        os.kill(init_of(found[0]), signal.SIGKILL)
        while set(found) & set(running_programs()):
            await asyncio.sleep(0.01)
    result = await running

    assert result.status is Status.INFRASTRUCTURE
    assert result.detail


async def test_zygotes_that_wait_are_replaced_when_killed(runner: LocalRunner) -> None:
    for pid in sandbox_init_processes():
        os.kill(pid, signal.SIGKILL)
    requests = [runner.arun(RunRequest(f"print({n})")) for n in range(8)]
    results = await asyncio.gather(*requests)

    assert [result.stdout for result in results] == [b"%d\n" % n for n in range(8)]


def test_a_supervisor_that_is_killed_leaves_no_orphans(runner: LocalRunner) -> None:
    runner.run(RunRequest("print(1)"))
    supervisor = supervisor_of(runner)
    below = descendants(supervisor)
    os.kill(supervisor, signal.SIGKILL)

    assert below
    until(lambda: not any(_lives(pid) for pid in below))
    assert runner.run(RunRequest("print(1)")).stdout == b"1\n"


@pytest.mark.parametrize("profile", BOTH)
def test_a_caller_that_is_killed_leaves_no_orphans(runner: LocalRunner, profile: Profile) -> None:
    assert runner
    code = CALLER + (
        "import asyncio\nrunner = default_runner()\n"
        "busy = 'import os, signal, time\\nsignal.signal(15, 1)\\ntime.sleep(99)'\n"
        "async def main():\n"
        f"    request = RunRequest(busy, profile=Profile.{profile.name})\n"
        "    await asyncio.gather(*(runner.arun(request) for _ in range(2)))\n"
        "asyncio.run(main())\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    until(lambda: len(programs(descendants(caller.pid))) >= 2 or caller.poll() is not None)
    below = descendants(caller.pid)
    caller.kill()
    caller.wait()

    assert len(below) >= 3
    until(lambda: not any(_lives(pid) for pid in below))


FULL = CALLER + """\
import os
fd = os.open('/tmp/full', os.O_CREAT | os.O_RDWR)
try:
    while True: os.write(fd, bytes(4096))
except OSError as error: print(error.errno)
for profile in Profile:
    print(default_runner().run(RunRequest('print(6 * 7)', profile=profile)).stdout)
"""  # fmt: skip


def test_a_full_tmp_is_no_hindrance(runner: LocalRunner) -> None:
    """Nothing of a run is a file on the host."""
    assert runner
    user = () if os.geteuid() == 0 else ("--unshare-user",)
    small = ("bwrap", *user, "--dev-bind", "/", "/", "--size", "65536", "--tmpfs", "/tmp",
             *(("--ro-bind", str(REPOSITORY), str(REPOSITORY)) if REPOSITORY.is_relative_to("/tmp")
               else ()), "--")  # fmt: skip

    assert said(FULL, *small) == "28\n" + "b'42\\n'\n" * 2


STARVED = CALLER + """\
import os, resource
runner = default_runner()
request = [RunRequest(f'print({n})', profile=profile) for n, profile in enumerate(Profile)]
used, hard = len(os.listdir('/proc/self/fd')), resource.getrlimit(resource.RLIMIT_NOFILE)[1]
for left in range(1, 30):
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + left, hard))
    for n, each in enumerate(request):
        result = runner.run(each)
        expected = result.stdout == b'%d\\n' % n
        if not expected and result.status != 'infrastructure': print(left, result)
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
print([runner.run(each).stdout for each in request], len(os.listdir('/proc/self/fd')) - used < 9)
"""  # fmt: skip


def test_without_descriptors_a_run_is_lost_and_nothing_with_it(runner: LocalRunner) -> None:
    """It is never taken for the program's failure, nothing leaks, and all is well afterwards."""
    assert runner

    assert said(STARVED) == "[b'0\\n', b'1\\n'] True\n"


NO_PROCESSES = CALLER + """\
import os, resource
runner = default_runner()
request = [RunRequest(f'print({n})', profile=profile) for n, profile in enumerate(Profile)]
for n, each in enumerate(request): runner.run(each)
soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
for n, each in enumerate(request):
    result = runner.run(each)
    if result.stdout != b'%d\\n' % n and result.status != 'infrastructure': print(result)
resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
print([runner.run(each).stdout for each in request])
"""  # fmt: skip


def test_without_processes_a_run_is_lost_and_nothing_with_it(runner: LocalRunner) -> None:
    assert runner
    if os.geteuid() == 0:
        pytest.skip("needs an ordinary user: root may have any number of processes")

    assert said(NO_PROCESSES) == "[b'0\\n', b'1\\n']\n"


CLASSES = "reading other_processes writing traces fail_closed"


@pytest.mark.slow
def test_all_of_it_holds_for_an_ordinary_user_too(runner: LocalRunner, tmp_path: Path) -> None:
    """As root this very suite runs again as `tester`; anyone else has just seen it."""
    assert runner
    python = "/usr/bin/python3"
    if os.geteuid() != 0:
        pytest.skip("needs root: it already runs as an ordinary user")
    if shutil.which("su") is None or subprocess.run(["id", "tester"], check=False).returncode:
        pytest.skip("needs a user named tester, and su")
    version = subprocess.run([python, "-c", "import sys; print(sys.version_info[:2])"],
                             capture_output=True, text=True, check=False).stdout  # fmt: skip
    if version != f"{sys.version_info[:2]}\n":
        pytest.skip(f"needs the same Python at {python}: it is {version.strip() or 'missing'}")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    files = " ".join(f"tests/adversarial/test_{name}.py" for name in CLASSES.split())
    folder = Path("/tmp", f"tester-{os.getpid()}")
    command = (
        f"cd {REPOSITORY} && HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={REPOSITORY}:{packages}"
        f" {python} -m pytest -q -p no:cacheprovider --basetemp={folder} {files}"
        " -k 'not without_the_sandbox'"
    )
    done = subprocess.run(["su", "tester", "-s", "/bin/sh", "-c", command], capture_output=True,
                          text=True, check=False, timeout=250)  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def _lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
