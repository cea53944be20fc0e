"""`deepcoder solve` as a process: a real model in llama.cpp, the real sandbox, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.solve.conftest import fenced

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_a_problem_file_cannot_drive_the_terminal(
    solve: Solve, tmp_path: Path, answering_model: Callable[..., Path]
) -> None:
    escape = "\x1b]0;x\x07\x9b2J"
    text = f"Example:\nInput: x = {escape}\nOutput: 1\n```python\ndef f(x):\n    pass\n```\n"
    (tmp_path / "e.md").write_text(text)
    done = solve("e.md", "--model", str(answering_model(WRONG)), "-n", "1")

    assert "cannot be used: not a value: \\x1b]0;x\\x07\\x9b2J" in done.stderr
    assert not set("\x1b\x07\x9b") & set(done.stderr + done.stdout)
    assert not set("\x1b\x07\x9b") & set(solve(f"{escape}.md", "--json").stdout)


@pytest.mark.parametrize(("stdout", "code"), [(">/dev/full", 6), (">&-", 6), ("| true", 141)])
def test_a_stdout_that_takes_nothing_is_told_and_the_program_is_kept(
    solve: Solve,
    tmp_path: Path,
    environment: dict[str, str],
    answering_model: Callable[..., Path],
    stdout: str,
    code: int,
) -> None:
    del solve  # it has written the problem
    command = f"{sys.executable} -m deepcoder_cli.main solve sum.md -m {answering_model(RIGHT)}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {stdout}"],
        capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert (tmp_path / "sum.py").exists()


def test_an_output_that_exists_is_never_replaced_unasked(solve: Solve, tmp_path: Path) -> None:
    (tmp_path / "sum.py").write_text("mine")
    done = solve("sum.md", "--model", "nano")

    assert done.returncode == 6
    assert "output exists: sum.py" in done.stderr
    assert (tmp_path / "sum.py").read_text() == "mine"


@dataclass(frozen=True)
class CutShort:
    """How a race of 1000 candidates ended that was ended after the first."""

    code: int
    out: str
    err: str
    left_nothing_running: bool


@pytest.fixture
def cut_short(tmp_path: Path, environment: dict[str, str], solve: Solve) -> Callable[..., CutShort]:
    """Runs `solve --all`, and ends it by a function of its pid once a candidate is done with."""

    def run(model: Path, end: Callable[[int], None], *flags: str) -> CutShort:
        command = [sys.executable, "-m", "deepcoder_cli.main", "solve", "sum.md", "--all"]
        process = subprocess.Popen(
            [*command, "-n", "1000", "--model", str(model), *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            assert process.stderr is not None
            first = process.stderr.readline()  # a candidate is done with: the race is on
            end(process.pid)
            out, err = process.communicate(timeout=60)
            gone = _group_is_gone(process.pid)
        finally:
            if not _group_is_gone(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
        assert "Traceback" not in err
        return CutShort(process.returncode, out, first + err, gone)

    return run


def _ctrl_c(pid: int) -> None:
    os.kill(pid, signal.SIGINT)


def _kill_the_engine(pid: int) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes()
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid and b"inference.llama" in words:
                os.kill(int(folder.name), signal.SIGKILL)
                return
    pytest.fail("no engine process was found")


ENDS = [(_ctrl_c, 130, "interrupted"), (_kill_the_engine, 5, "engine-crashed")]


def test_ctrl_c_writes_what_passed_and_leaves_no_process(
    cut_short: Callable[..., CutShort], tmp_path: Path, answering_model: Callable[..., Path]
) -> None:
    done = cut_short(answering_model(RIGHT), _ctrl_c)

    assert done.code == 0, done.err
    assert "candidate 1 of 1000: AC" in done.err
    assert done.left_nothing_running
    assert (tmp_path / "sum.py").exists()
    assert "; interrupted" in done.out


@pytest.mark.parametrize(("end", "code", "_name"), ENDS)
def test_what_ends_a_race_early_loses_no_candidate(
    cut_short: Callable[..., CutShort],
    tmp_path: Path,
    answering_model: Callable[..., Path],
    end: Callable[[int], None],
    code: int,
    _name: str,
) -> None:
    done = cut_short(answering_model(WRONG), end)

    assert done.code == code, done.err
    assert done.left_nothing_running
    assert done.err.count("deepcoder: ") == 1
    assert "program of candidate 1:\n\nprint(99)" in done.out
    assert "nothing was written; " in done.out
    assert not (tmp_path / "sum.py").exists()


@pytest.mark.parametrize(("end", "code", "name"), ENDS)
def test_keep_failing_and_json_hold_for_a_race_cut_short(
    cut_short: Callable[..., CutShort],
    tmp_path: Path,
    answering_model: Callable[..., Path],
    end: Callable[[int], None],
    code: int,
    name: str,
) -> None:
    done = cut_short(answering_model(WRONG), end, "--keep-failing", "--json")
    found = json.loads(done.out)

    assert done.code == found["exit_code"] == code
    assert found["error"]["code"] == name
    assert found["interrupted"]
    assert found["candidates"][0]["verdict"] == "WA"
    assert (tmp_path / "sum.py").read_text() == "print(99)\n"


def _group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
