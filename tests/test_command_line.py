"""The command line as a process: one line and an exit code, whatever happens to it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import deepcoder_cli

if TYPE_CHECKING:
    from collections.abc import Callable

    Shell = Callable[..., subprocess.CompletedProcess[str]]

PYTHON = shlex.quote(sys.executable)
DEEPCODER = f"{PYTHON} -m deepcoder_cli"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    folders = ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    return {**os.environ, **dict.fromkeys(folders, str(tmp_path))}


@pytest.fixture
def shell(environment: dict[str, str]) -> Shell:
    """Runs a line of shell in which `deepcoder` is this source tree's."""

    def run(line: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line.replace("deepcoder", DEEPCODER, 1)],
            env={**environment, **changes},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("deepcoder chat <&-", 7),
        ("deepcoder chat -p - <&-", 2),
        ("deepcoder chat --list >/dev/full", 6),
        ("deepcoder chat --list >&-", 6),
        ("deepcoder --help >/dev/full", 6),
        ("deepcoder chat -p hi >&- </dev/null", 6),
    ],
)
def test_closed_and_full_streams_are_one_line(shell: Shell, line: str, code: int) -> None:
    done = shell(line)

    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("deepcoder: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_gone_ends_it_quietly(shell: Shell) -> None:
    done = shell("deepcoder chat --list | true; echo ${PIPESTATUS[0]}")

    assert (done.stdout, done.stderr) in {("141\n", ""), ("0\n", "")}  # true may end too late


def test_without_any_home_folder_one_line_says_what_to_set(environment: dict[str, str]) -> None:
    code = "import pwd; pwd.getpwuid = lambda _: {}['nobody']; from deepcoder_cli.main import main"
    bare = {k: v for k, v in environment.items() if k != "HOME" and not k.startswith("XDG_")}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; main()", "chat", "--list"],
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("deepcoder: no home folder: HOME is not set")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "deepcoder chat --list --json --seed x",
        "deepcoder chat --seed x --list --json",
        "deepcoder chat --bogus --json",
        "deepcoder nosuch --json",
        "deepcoder run --json",
    ],
)
def test_a_wrong_command_line_with_json_is_a_json_error(shell: Shell, line: str) -> None:
    done = shell(line)

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "bad-input"
    assert done.stderr.count("\n") == 1


def test_a_wrong_command_line_without_json_is_told_with_the_usage(shell: Shell) -> None:
    done = shell("deepcoder chat --bogus")

    assert (done.returncode, done.stdout) == (2, "")
    assert "No such option: --bogus" in done.stderr


def test_json_after_the_program_is_the_programs(shell: Shell) -> None:
    ours, its_own = shell("deepcoder run --json /no.py"), shell("deepcoder run /no.py --json")

    assert json.loads(ours.stdout)["error"]["code"] == "bad-input"
    assert its_own.stdout == ""
    assert its_own.returncode == ours.returncode == 2


FAULTY = """
import sys
from deepcoder_cli.commands import chat
def fault():
    raise ZeroDivisionError("of ours")
chat.list_command = fault
from deepcoder_cli.main import main
sys.argv = ["deepcoder", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("flags", [[], ["--debug"]], ids=["plain", "debug"])
def test_a_fault_of_ours_is_one_line_and_its_traceback_is_kept(
    environment: dict[str, str], tmp_path: Path, flags: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULTY, *flags, "chat", "--list", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    log = tmp_path / "deepcoder" / "logs" / "crashes.log"

    assert done.returncode == 70
    assert json.loads(done.stdout)["error"]["code"] == "internal"
    assert f"ZeroDivisionError: of ours (the traceback is in {log})" in done.stderr
    assert ("Traceback" in done.stderr) == bool(flags)
    assert "ZeroDivisionError: of ours" in log.read_text()


def test_ctrl_c_anywhere_is_one_line_and_130(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "deepcoder_cli", "chat", "-p", "-"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        wait_until_it_reads_stdin(process.pid)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)
        assert process.stderr is not None
        stderr = process.stderr.read()

    assert (code, stderr) == (130, "deepcoder: interrupted\n")


INTERRUPTED_AT = """
import os, signal, sys
class Interrupts:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts)
from deepcoder_cli.start import main
main()
"""


@pytest.mark.parametrize("module", ["deepcoder_cli.main", "typer", "deepcoder_cli.errors"])
def test_ctrl_c_while_the_command_line_is_imported_is_one_line_and_130(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT, module],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "deepcoder: interrupted\n"


def test_what_comes_before_the_handler_is_next_to_nothing() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import deepcoder_cli.start; "
    root = Path(deepcoder_cli.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{code}print(*sys.modules)", root],
        capture_output=True,
        text=True,
        check=True,
    )

    assert {"deepcoder_cli.start", "signal"} <= set(done.stdout.split())
    assert {"typing", "typer", "re", "deepcoder_cli.main"}.isdisjoint(done.stdout.split())


def test_a_start_that_ignores_ctrl_c_keeps_ignoring_it() -> None:
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    code = INTERRUPTED_AT.replace("main()", "sys.argv[1:] = ['--version']; main()")
    done = subprocess.run(
        [sys.executable, "-c", f"{ignoring}{code}", "typer"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("deepcoder 0.")


def wait_until_it_reads_stdin(pid: int) -> None:
    """Until the process sleeps in a read of descriptor 0 (or 60 s: the test then fails)."""
    deadline = time.monotonic() + 60
    call = Path(f"/proc/{pid}/syscall")
    while time.monotonic() < deadline:
        fields = call.read_text().split()
        if fields[:2] in (["0", "0x0"], ["63", "0x0"]):  # read, on x86_64 and on aarch64
            return
        time.sleep(0.02)
