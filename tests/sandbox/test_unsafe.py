"""Without a sandbox, only by asking: it says so everywhere, keeps its limits, and cleans up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import FunctionCall, RunRequest, Status, Tier
from deepcoder_cli.sandbox.unsafe import FORBID, WARNING, UnsafeRunner, unsafe_runner
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase

SLEEPER = "import subprocess, sys, time\nsubprocess.Popen(['sleep', sys.argv[1]])\ntime.sleep(600)"


@pytest.fixture
def plain() -> UnsafeRunner:
    return UnsafeRunner()


def processes_with(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark.encode() in words:
                found.append(entry.name)
    return found


def test_a_program_reads_stdin_and_the_result_carries_the_tier_none(plain: UnsafeRunner) -> None:
    result = plain.run(
        RunRequest("import sys; print(input()[::-1], sys.argv)", b"abc\n", argv=("x",))
    )

    assert (result.status, result.exit_code) == (Status.EXITED, 0)
    assert result.stdout == b"cba ['main.py', 'x']\n"
    assert result.tier is Tier.NONE is plain.tier


@pytest.mark.parametrize(
    ("program", "limits", "status"),
    [
        ("while True: pass", Limits(cpu_s=0.5, wall_s=20), Status.CPU_LIMIT),
        ("import time; time.sleep(60)", Limits(cpu_s=1, wall_s=0.5), Status.WALL_LIMIT),
        ("x = b'1' * (900 << 20)", Limits(memory_mib=64), Status.MEMORY_LIMIT),
        ("while True: print('x' * 9999)", Limits(output_kib=64), Status.OUTPUT_LIMIT),
        ("print(", Limits(), Status.COMPILE_ERROR),
        ("exec('print(')", Limits(), Status.EXITED),
        ("import os; os.abort()", Limits(), Status.SIGNALED),
    ],
)
def test_limits_and_endings_are_told_apart(
    plain: UnsafeRunner, program: str, limits: Limits, status: Status
) -> None:
    assert plain.run(RunRequest(program, limits=limits)).status is status


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("def f(a: List[int]) -> int:\n    return sum(a)", "6"),
        ("class Solution:\n    def f(self, a):\n        return a[::-1]", "[3, 2, 1]"),
    ],
)
def test_a_function_is_called_and_its_value_kept_from_stdout(
    plain: UnsafeRunner, program: str, value: str
) -> None:
    request = RunRequest(program + "\nprint('noise')", call=FunctionCall("f", "[1, 2, 3]"))
    result = plain.run(request)

    assert (result.value, result.stdout) == (value, b"noise\n")


def test_other_languages_run_where_their_tools_are(plain: UnsafeRunner) -> None:
    cpp = '#include <cstdio>\nint main() { int a; scanf("%d", &a); printf("%d", a * 2); }'
    if subprocess.run(["which", "g++"], capture_output=True, check=False).returncode == 0:
        assert plain.run(RunRequest(cpp, b"21", language=Language.CPP)).stdout == b"42"
        broken = plain.run(RunRequest("int main() {", language=Language.CPP))
        assert broken.status is Status.COMPILE_ERROR
    if subprocess.run(["which", "node"], capture_output=True, check=False).returncode == 0:
        js = RunRequest("console.log(6 * 7)", language=Language.JAVASCRIPT)
        assert plain.run(js).stdout == b"42\n"


def test_secrets_of_our_environment_are_not_passed_on(
    plain: UnsafeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-7d1f")
    result = plain.run(RunRequest("import os; print(dict(os.environ))"))

    assert b"PATH" in result.stdout
    assert b"canary-7d1f" not in result.stdout


def test_nothing_is_left_behind_after_a_timeout(plain: UnsafeRunner) -> None:
    mark = f"7{time.monotonic_ns() % 10**8}"
    before = set(Path(tempfile.gettempdir()).glob("deepcoder-run-*"))
    request = RunRequest(SLEEPER, limits=Limits(cpu_s=1, wall_s=1), argv=(mark,))

    assert plain.run(request).status is Status.WALL_LIMIT
    assert processes_with(mark) == []
    assert set(Path(tempfile.gettempdir()).glob("deepcoder-run-*")) <= before


async def test_cancelling_kills_what_the_program_started(plain: UnsafeRunner) -> None:
    mark = f"8{time.monotonic_ns() % 10**8}"
    task = asyncio.create_task(plain.arun(RunRequest(SLEEPER, argv=(mark,))))
    while not processes_with(mark):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert processes_with(mark) == []


def test_live_output_comes_as_the_program_prints(plain: UnsafeRunner) -> None:
    reading, writing = os.pipe()
    shown: list[bytes] = []

    def show(number: int, chunk: bytes) -> None:
        shown.append(chunk)
        if b"name?" in chunk:
            os.write(writing, b"Ada\n")

    program = "print('name?', flush=True)\nprint('hello', input())"
    result = plain.run_live(RunRequest(program), stdin=reading, show=show)
    os.close(writing)
    os.close(reading)

    assert (result.exit_code, b"".join(shown)) == (0, b"name?\nhello Ada\n")


def test_the_judge_judges_with_it_as_with_any_other(plain: UnsafeRunner) -> None:
    tests = (TestCase("4\n", "8\n"),)
    judgement = judge("print(int(input()) * 2)", tests, runner=plain)

    assert judgement.verdict is Verdict.AC
    assert judgement.tests[0].result.tier is Tier.NONE


def test_asking_for_it_prints_one_line_that_names_the_risk(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FORBID, raising=False)
    unsafe_runner()

    assert capsys.readouterr().err == WARNING
    assert WARNING.count("\n") == 1
    assert "no sandbox" in WARNING


def test_it_can_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORBID, "1")

    with pytest.raises(InputError, match=FORBID):
        unsafe_runner()


def test_nothing_but_the_flag_leads_to_it() -> None:
    """No module of the sandbox imports it; only commands do, where --unsafe was given."""
    folder = Path(sys.modules[UnsafeRunner.__module__].__file__ or "").parent
    mention = [
        path.name
        for path in folder.rglob("*.py")
        if "sandbox.unsafe" in path.read_text(encoding="utf-8")
    ]

    assert mention == []
