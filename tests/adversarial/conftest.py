# ruff: noqa: E501 - programs are shown as they are
"""The real sandbox of this machine, a folder to attack, and what holds after every attack.

Where there is no sandbox, tests that need it say so and skip.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.judge import verdict_of
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.launchers import BubblewrapLauncher
from deepcoder_cli.sandbox.pool import ZygotePool
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Profile, RunRequest, RunResult, Status, Tier
from deepcoder_cli.sandbox.verdict import Verdict
from tests.adversarial.attack import CANARY, GOT_THROUGH, LIMITS, Attack
from tests.adversarial.control import bare
from tests.adversarial.host import MEMORY_SLACK_MIB, host_state, memory_below_mib, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

    Repel = Callable[[Attack, Profile], RunResult]
    Succeeds = Callable[[Attack], bytes]

os.environ["CANARY"] = CANARY  # before any sandbox starts: no program may ever see it
NOT_THE_ANSWER = "an answer that no attack knows"

# Says everything that a run could have left for the next one in the interpreter or around it.
SELF_PORTRAIT = """\
import builtins, gc, json, os, resource, signal, sys, threading
def listing(path):
    try: return sorted(os.listdir(path))
    except OSError as error: return error.errno
def described(fd):
    try: return os.readlink(f'/proc/self/fd/{fd}').partition(':[')[0]
    except OSError: return None
status = dict(line.split(':\\t', 1) for line in open('/proc/self/status') if ':\\t' in line)
print(sorted(sys.modules), sorted(vars(builtins)), sorted(os.environ.items()), sys.path, sys.argv)
print([(name, type(value).__name__) for name, value in sorted(vars(builtins).items())])
print(json.dumps([1.5, None, 'x']), sorted([3, 1, 2]), sum([1, 2]), len('abc'))
print(sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits())
print(gc.isenabled(), gc.get_threshold(), sys.gettrace(), sys.getprofile(), threading.active_count())
print(sys.flags, sys.dont_write_bytecode, len(sys.meta_path), len(sys.path_hooks))
print(os.getcwd(), listing('.'), listing('/tmp'), listing('/dev/shm'), os.umask(0o22))
print([(fd, described(fd)) for fd in range(64) if described(fd)])
print([(fd, os.get_blocking(fd)) for fd in range(3)], os.lseek(0, 0, 1), os.lseek(1, 0, 1))
print([repr(signal.getsignal(number)) for number in range(1, 65)])
print([status[name].strip() for name in
       'SigBlk SigIgn CapEff NoNewPrivs Seccomp Threads Cpus_allowed_list'.split()])
print([resource.getrlimit(what) for what in range(16) if what not in (0, 2, 9)])
print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), sys.stdin.read())
"""


@pytest.fixture(scope="session")
def runner() -> Runner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of the host with a secret in it, which nothing may read or change."""
    folder = tmp_path_factory.mktemp("victim")
    (folder / "secret").write_text(CANARY, encoding="utf-8")
    (folder / "empty").touch()
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("secret")
    for path in (folder, *folder.parents[:2]):
        with suppress(PermissionError):  # the last may be /tmp itself
            path.chmod(0o755)  # so that the file modes alone stop nobody
    (folder / "secret").chmod(0o666)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def portraits(runner: Runner) -> dict[Profile, bytes]:
    """What a run sees of itself before any attack, by profile; every zygote is up by then."""
    warm_up(runner)
    return {profile: _portrait(runner, profile) for profile in Profile}


@pytest.fixture(scope="session")
def memory_before_mib(portraits: dict[Profile, bytes]) -> float:
    assert portraits
    return memory_below_mib()


@pytest.fixture(scope="session")
def one_zygote(runner: Runner) -> Iterator[ZygotePool]:
    """A pool in which each run is in the zygote of the run before."""
    if runner.tier not in {Tier.A, Tier.B}:
        pytest.skip("needs a working sandbox of namespaces")
    pool = ZygotePool(BubblewrapLauncher(shutil.which("bwrap") or ""), 1)
    pool.run(RunRequest(""))
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def general_was_used(runner: Runner, portraits: dict[Profile, bytes]) -> Iterator[None]:
    """A general run starts from nothing: one look at the end of a file is enough."""
    yield
    assert _portrait(runner, Profile.GENERAL) == portraits[Profile.GENERAL]


@pytest.fixture(autouse=True)
def _host_unchanged_and_next_run_clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test: nothing of it is left, and the next strict run is as the first was."""
    if "runner" not in request.fixturenames:
        yield
        return
    runner: Runner = request.getfixturevalue("runner")
    folder: Path = request.getfixturevalue("victim")
    portraits: dict[Profile, bytes] = request.getfixturevalue("portraits")
    memory_mib: float = request.getfixturevalue("memory_before_mib")
    if "one_zygote" in request.fixturenames:
        request.getfixturevalue("one_zygote")
    before = host_state(folder)
    yield
    assert _portrait(runner, Profile.STRICT) == portraits[Profile.STRICT]
    after = settled(before, folder)
    assert replace(after, descriptors=before.descriptors) == before
    assert Counter(after.descriptors) <= Counter(before.descriptors)
    assert memory_below_mib() <= memory_mib + MEMORY_SLACK_MIB


@pytest.fixture
def repel(runner: Runner, victim: Path, request: pytest.FixtureRequest) -> Repel:
    """Run an attack in the sandbox: its status is as named, it got nowhere, and it earned nothing.

    No attack may look like a fault of the judge (IE): training would take no notice of it.
    """

    def run(attack: Attack, profile: Profile) -> RunResult:
        needs_language(runner, attack.language)
        needs_profile(runner, profile)
        if profile is Profile.GENERAL:
            request.getfixturevalue("general_was_used")
        result = runner.run(attack.request(profile, str(victim)))

        assert GOT_THROUGH not in result.stdout + result.stderr, (result.stdout, result.stderr)
        assert result.status in attack.statuses, result
        assert verdict_of(result, NOT_THE_ANSWER) not in {Verdict.AC, Verdict.IE}
        return result

    return run


@pytest.fixture
def succeeds(victim: Path) -> Succeeds:
    """Run an attack without the sandbox: it gets through, so that being repelled means something."""
    if shutil.which("bwrap") is None:
        pytest.skip("needs a working sandbox: bubblewrap, for the throw-away namespace")

    def run(attack: Attack) -> bytes:
        if attack.language is not Language.PYTHON:
            needs_toolchain(attack.language)
        printed = bare(attack, victim)
        assert GOT_THROUGH in printed, printed[-2000:]
        return printed

    return run


def warm_up(runner: Runner) -> None:
    """Have every zygote started that any test will use: what is open from then on is constant."""

    async def all_at_once() -> None:
        for program in ("import numpy", "print()"):
            await asyncio.gather(*(runner.arun(RunRequest(program)) for _ in range(8)))

    asyncio.run(all_at_once())


def needs_toolchain(language: Language) -> None:
    command = {Language.CPP: "g++", Language.JAVASCRIPT: "node"}[language]
    if shutil.which(command) is None:
        pytest.skip(f"needs {command}")


def needs_language(runner: Runner, language: Language) -> None:
    if language is Language.PYTHON:
        return
    needs_toolchain(language)
    hello = {
        Language.CPP: '#include <cstdio>\nint main() { puts("hello"); }',
        Language.JAVASCRIPT: "console.log('hello')",
    }[language]
    if not _works(runner, RunRequest(hello, language=language), b"hello\n"):
        pytest.fail(f"its toolchain is here, and {language} does not run in the sandbox")


def needs_profile(runner: Runner, profile: Profile) -> None:
    if profile is Profile.STRICT:
        return
    fork = "import os\nif os.fork(): os.wait(); print('forked')"
    if not _works(runner, RunRequest(fork, profile=profile), b"forked\n"):
        pytest.fail(f"the {profile} profile does not run a program that forks")


_seen_to_work: dict[RunRequest, bool] = {}


def _works(runner: Runner, request: RunRequest, printed: bytes) -> bool:
    if request not in _seen_to_work:
        _seen_to_work[request] = runner.run(request).stdout == printed
    return _seen_to_work[request]


def _portrait(runner: Runner, profile: Profile) -> bytes:
    request = RunRequest(SELF_PORTRAIT, stdin=b"its own input", limits=LIMITS, profile=profile)
    result = runner.run(request)
    assert result.status is Status.EXITED, result
    assert result.stdout.endswith(b"its own input\n"), result
    return result.stdout
