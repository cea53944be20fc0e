"""`deepcoder solve` as a process: a real model in llama.cpp, the real sandbox, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.solve.conftest import fenced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

SUM = "# Sum\n\nAdd.\n\n## Example\n\nInput\n```\n1 2\n```\nOutput\n```\n3\n```\n"
RIGHT = fenced("print(sum(map(int, input().split())))")
WRONG = fenced("print(99)")
Solve = "Callable[..., subprocess.CompletedProcess[str]]"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DEEPCODER_", "XDG_"))}
    return {**kept, "XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c")}


@pytest.fixture
def solve(tmp_path: Path, environment: dict[str, str], runner: Runner) -> Solve:
    (tmp_path / "sum.md").write_text(SUM)

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deepcoder_cli.main", "solve", *arguments],
            input=stdin, capture_output=True, text=True, cwd=tmp_path, env=environment,
            timeout=120, check=False,
        )  # fmt: skip

    return run


def test_writes_a_program_that_passes(
    solve: Solve, tmp_path: Path, answering_model: Callable[..., Path]
) -> None:
    done = solve("sum.md", "--model", str(answering_model(RIGHT)), "--seed", "3")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sum.py").read_text() == "print(sum(map(int, input().split())))\n"
    assert "wrote sum.py: passes 1 of 1 examples" in done.stdout
    assert done.stderr.startswith("candidate 1 of 4: AC\n")


def test_none_passes_writes_nothing(
    solve: Solve, tmp_path: Path, answering_model: Callable[..., Path]
) -> None:
    done = solve("sum.md", "--model", str(answering_model(WRONG)), "-n", "2")

    assert done.returncode == 1
    assert not (tmp_path / "sum.py").exists()
    assert "- 3\n+ 99" in done.stdout
    assert "none of 2 candidates passes the examples; nothing was written" in done.stdout


def test_keep_failing_writes_it(
    solve: Solve, tmp_path: Path, answering_model: Callable[..., Path]
) -> None:
    done = solve("sum.md", "--model", str(answering_model(WRONG)), "-n", "1", "--keep-failing")

    assert done.returncode == 1
    assert (tmp_path / "sum.py").read_text() == "print(99)\n"


def test_no_examples_is_untested_and_stdin_goes_to_solution_py(
    solve: Solve, tmp_path: Path, answering_model: Callable[..., Path]
) -> None:
    done = solve("-", "--model", str(answering_model(WRONG)), stdin="Print 99.")

    assert done.returncode == 3
    assert (tmp_path / "solution.py").read_text() == "print(99)\n"
    assert "untested" in done.stdout


def test_json_is_one_object_and_a_seed_repeats_it(
    solve: Solve, answering_model: Callable[..., Path]
) -> None:
    model = str(answering_model(RIGHT, WRONG))
    flags = ("sum.md", "--model", model, "--json", "--all", "-n", "12", "--seed", "11", "--force")
    first, second = (json.loads(solve(*flags).stdout) for _ in range(2))

    assert [c["program"] for c in first["candidates"]] == [
        c["program"] for c in second["candidates"]
    ]
    assert first["seed"] == 11
    assert [c["seed"] for c in first["candidates"]] == list(range(11, 23))
    assert first["status"] == "passes"
    assert {c["verdict"] for c in first["candidates"]} == {"AC", "WA"}
    assert first["path"] == "sum.py"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("none.md",), 2, "problem file not found"),
        (("sum.md", "-n", "0"), 2, "bad setting: -n: 0"),
        (("sum.md", "--temperature", "-1"), 2, "bad setting: --temperature: -1.0"),
        (("sum.md", "-o", "no/such/folder/x.py"), 6, "output cannot be written"),
        (("sum.md", "-o", "/dev/null", "--force"), 6, "not a regular file"),
        (("sum.md", "-o", "sum.md", "--force"), 6, "the problem file itself"),
        (("sum.md", "--model", "none.gguf"), 5, ""),
    ],
)
def test_bad_input_is_one_line_and_its_code(
    solve: Solve, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = solve(*arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_an_output_that_exists_is_never_replaced_unasked(solve: Solve, tmp_path: Path) -> None:
    (tmp_path / "sum.py").write_text("mine")
    done = solve("sum.md", "--model", "nano")

    assert done.returncode == 6
    assert "output exists: sum.py" in done.stderr
    assert (tmp_path / "sum.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [(WRONG, 130, "none passes, nothing was written"), (RIGHT, 0, "candidate 1 of 1000: AC")],
)
@pytest.mark.usefixtures("solve")
def test_ctrl_c_keeps_what_passed_and_leaves_no_process(
    tmp_path: Path,
    environment: dict[str, str],
    answering_model: Callable[..., Path],
    answer: str,
    code: int,
    said: str,
) -> None:
    command = [sys.executable, "-m", "deepcoder_cli.main", "solve", "sum.md", "--all"]
    process = subprocess.Popen(
        [*command, "-n", "1000", "--model", str(answering_model(answer))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        first = process.stderr.readline()  # a candidate is done with: the race is on
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        group_is_gone = _group_is_gone(process.pid)
    finally:
        if not _group_is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)

    assert process.returncode == code, err
    assert said in first + err
    assert "Traceback" not in err
    assert group_is_gone
    assert (tmp_path / "sum.py").exists() == (code == 0)
    assert ("interrupted" in out) == (code == 0)


def _group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
