"""--unsafe of run, solve and chat: asked for by name, told on stderr, kept in every result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.commands import chat, solve
from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.runner import RunRequest, Tier
from deepcoder_cli.sandbox.unsafe import FORBID, WARNING
from deepcoder_cli.solve.summary import Summary, data, text
from deepcoder_cli.types import Problem, TestCase

if TYPE_CHECKING:
    from pathlib import Path

DOUBLE = Problem("double", "Double", "Print twice n.", (TestCase("2\n", "4\n"),))


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`deepcoder run WORDS` without bubblewrap or Landlock's C: PATH leads nowhere."""
    return subprocess.run(
        [sys.executable, "-m", "deepcoder_cli", "run", *words],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "hello.py"
    path.write_text("print('hello')\n")
    return str(path)


def test_run_unsafe_works_without_any_sandbox_and_says_so(program: str) -> None:
    done = run("--unsafe", program, PATH="/nowhere")

    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert done.stderr.startswith(WARNING)
    assert done.stderr.rstrip().endswith("sandbox none")


def test_run_unsafe_is_recorded_in_json(program: str) -> None:
    done = run("--unsafe", "--json", program)

    assert json.loads(done.stdout)["tier"] == "none"
    assert done.stderr == WARNING


def test_without_the_flag_nothing_runs_where_there_is_no_sandbox(program: str) -> None:
    """Under a filter that takes Landlock away, and without bubblewrap, there is none."""
    from tests.sandbox import conditions

    code = f"import sys; sys.argv = ['deepcoder', 'run', {program!r}]\n"
    code += "from deepcoder_cli.main import main; main()"
    refusing = conditions.refusing(conditions.LANDLOCK, 38)
    outer = [*conditions.with_a_filter(), "--setenv", "PATH", "/nowhere"]
    done = conditions.python(code, *outer, filtered=refusing)

    assert (done.returncode, done.stdout) == (4, "")
    assert "no sandbox: bubblewrap is not installed" in done.stderr


def test_a_forbidden_flag_is_refused_before_anything_runs(program: str) -> None:
    done = run("--unsafe", program, **{FORBID: "1"})

    assert (done.returncode, done.stdout) == (InputError.exit_code, "")
    assert FORBID in done.stderr


def test_solve_takes_the_runner_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    runner = solve._runner(DOUBLE, unsafe=True)

    assert runner is not None
    assert runner.tier is Tier.NONE
    assert capsys.readouterr().err == WARNING


def test_chat_warns_once_and_then_runs_what_it_is_told_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    open_runner = chat._runner_factory(unsafe=True)
    results = [open_runner().run(RunRequest("print(1)")) for _ in range(2)]

    assert [result.tier for result in results] == [Tier.NONE, Tier.NONE]
    assert capsys.readouterr().err == WARNING


@pytest.mark.parametrize(
    ("tier", "said"),
    [(Tier.NONE, "run WITHOUT a sandbox"), (Tier.C, "degraded sandbox (tier C)"), (Tier.A, "")],
)
def test_what_solve_prints_and_its_json_tell_the_tier(tier: Tier, said: str) -> None:
    summary = Summary(DOUBLE, "nano", 1, (), tier=tier)

    assert data(summary)["tier"] == str(tier)
    last = text(summary).splitlines()[-1]
    assert said in last if said else "sandbox" not in last


def test_solve_of_a_problem_without_examples_ran_nothing() -> None:
    assert data(Summary(DOUBLE, "nano", 1, ()))["tier"] is None
