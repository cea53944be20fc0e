"""Every attack again from a program that has a host: one process more that it could reach.

A host is the process between zygote and runs that has a program loaded for all its tests. Programs
with words for signals get none; here the words are not looked for, so that each attack has one.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox import series
from deepcoder_cli.sandbox.judge import verdict_of
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits
from tests.adversarial import (
    test_compile,
    test_forging,
    test_memory,
    test_network,
    test_other_processes,
    test_output,
    test_processes,
    test_reading,
    test_traces,
    test_writing,
)
from tests.adversarial.attack import CANARY, GOT_THROUGH, Attack
from tests.adversarial.conftest import NOT_THE_ANSWER, SELF_PORTRAIT
from tests.adversarial.test_secrets import NOTHING, SCAN

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.pool import ZygotePool
    from deepcoder_cli.sandbox.runner import RunResult

MODULES = (
    test_compile, test_forging, test_memory, test_network, test_other_processes, test_output,
    test_processes, test_reading, test_writing,
)  # fmt: skip
NOT_FROM_A_HOST = "CPU time in children nobody waits for"  # it takes PID 1 for its parent
TESTS = 9  # enough for a host to pay
WITH_A_HOST = """\
import os
if os.getppid() == 1: print('no host')
"""


def attacks() -> list[Attack]:
    """All attacks in Python under the strict profile, once each."""
    found = {
        each.name: each
        for module in MODULES
        for value in vars(module).values()
        for each in (value if isinstance(value, tuple) else (value,))
        if isinstance(each, Attack) and each.name != NOT_FROM_A_HOST
    }
    return [
        each
        for each in found.values()
        if each.language is Language.PYTHON and Profile.STRICT in each.profiles and not each.argv
    ]


@pytest.fixture(autouse=True)
def _whatever_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "SIGNAL_WORDS", ())


def hosted(pool: ZygotePool, request: RunRequest, runs: int = 3) -> list[RunResult]:
    """That many runs of it: the first leaves the code, the others have a host."""
    with closing(pool.run_each((request for _ in range(TESTS)), TESTS)) as results:  # type: ignore[type-var]
        return [result for _, result in zip(range(runs), results, strict=False)]


def test_these_runs_have_a_host(one_zygote: ZygotePool) -> None:
    results = hosted(one_zygote, RunRequest(WITH_A_HOST))

    assert [result.stdout for result in results] == [b"no host\n", b"", b""]


@pytest.mark.slow
@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.name.replace(" ", "_"))
def test_it_is_repelled_from_a_host(one_zygote: ZygotePool, victim: Path, attack: Attack) -> None:
    for result in hosted(one_zygote, attack.request(Profile.STRICT, str(victim)), runs=2):
        assert GOT_THROUGH not in result.stdout + result.stderr, (result.stdout, result.stderr)
        assert result.status in attack.statuses, result
        assert verdict_of(result, NOT_THE_ANSWER) not in {Verdict.AC, Verdict.IE}
    assert one_zygote.run(RunRequest("print(1)")).stdout == b"1\n"


@pytest.mark.parametrize("name", test_traces.LEAVING)
def test_no_test_leaves_anything_for_the_next_of_its_program(
    one_zygote: ZygotePool, name: str
) -> None:
    """It looks for what the run before it left, and leaves it."""
    leave, look = test_traces.LEAVING[name]
    look_first = test_traces.program(test_traces.looking(look), leave)
    results = hosted(one_zygote, RunRequest(look_first, limits=test_traces.LIMITS), runs=4)

    for result in results:
        assert result.status is not Status.INFRASTRUCTURE
        assert b"found" not in result.stdout
    portrait = one_zygote.run(RunRequest(SELF_PORTRAIT)).stdout
    hosted(one_zygote, RunRequest(test_traces.program(leave), limits=test_traces.LIMITS))
    assert one_zygote.run(RunRequest(SELF_PORTRAIT)).stdout == portrait


def test_nothing_of_another_program_is_found_from_a_host(one_zygote: ZygotePool) -> None:
    secretive = f"# {CANARY}\nword = '{CANARY}'\nkept = [input(), word] * 1000\nprint(len(kept))"
    limits = Limits(cpu_s=20, memory_mib=1024)
    for result in hosted(one_zygote, RunRequest(secretive, stdin=CANARY.encode(), limits=limits)):
        assert result.stdout == b"2000\n"
    found = hosted(one_zygote, RunRequest(SCAN, limits=limits))

    assert [result.stdout for result in found] == [NOTHING] * 3


def test_no_test_finds_anything_of_the_test_before(one_zygote: ZygotePool) -> None:
    """The source is the program's own; the input of its other tests is not."""
    limits = Limits(cpu_s=20, memory_mib=1024)
    program = f"import sys\nkept = [sys.stdin.read()] * 2\nsys.stdin = None\nkept = None\n{SCAN}"
    inputs = [b"", CANARY.encode(), *[b"harmless"] * 5]
    requests = (RunRequest(program, stdin=text, limits=limits) for text in inputs)
    found = [result.stdout for result in one_zygote.run_each(requests, len(inputs))]

    assert found[0] == NOTHING
    assert found[1] != NOTHING  # its own input, in its own memory
    assert found[2:] == [NOTHING] * 5
