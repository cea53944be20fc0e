"""`deepcoder chat -p` and --list as processes, with the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.inference import tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[bytes]]

COMMAND = [sys.executable, "-m", "deepcoder_cli.main", "chat"]


@pytest.fixture(scope="session")
def talker(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Reasons "hm", answers "Yes!", stops."""
    path = tmp_path_factory.mktemp("models") / "talker.gguf"
    script = ["h", "m", tiny_gguf.CLOSE, "Y", "e", "s", "!", tiny_gguf.EOS]
    return str(tiny_gguf.scripted_model(path, script))


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Answers xyzxyz... until stopped."""
    path = tmp_path_factory.mktemp("models") / "endless.gguf"
    script = [tiny_gguf.CLOSE, "x", "y", "z", "x"]
    return str(tiny_gguf.scripted_model(path, script, shape=tiny_gguf.Shape(context=65536)))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}


@pytest.fixture
def chat(environment: dict[str, str]) -> Run:
    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [*COMMAND, *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, env=environment, timeout=120, check=False
        )

    return run


def test_prints_the_answer_alone_on_stdout(chat: Run, talker: str) -> None:
    done = chat("-p", "hi", "--model", talker)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"Yes!\n", b"")


def test_shows_reasoning_on_stderr_when_asked(chat: Run, talker: str) -> None:
    done = chat("-p", "hi", "--model", talker, "--show-reasoning")

    assert (done.stdout, done.stderr.strip()) == (b"Yes!\n", b"hm")


def test_json_holds_answer_reasoning_and_usage(chat: Run, talker: str) -> None:
    data = json.loads(chat("-p", "-", "--model", talker, "--json", stdin=b"hi").stdout)

    assert (data["answer"], data["reasoning"], data["finish_reason"]) == ("Yes!", "hm", "stop")
    assert data["usage"]["completion_tokens"] > 0


def test_piped_stdin_is_appended_and_the_session_goes_on(chat: Run, talker: str) -> None:
    chat("-p", "Explain:", "--model", talker, stdin=b"print(1)")
    chat("-c", "-p", "again", "--model", talker)
    (session,) = json.loads(chat("--list", "--json").stdout)["sessions"]

    assert (session["title"], session["messages"]) == ("Explain:", 4)


def test_no_save_leaves_nothing(chat: Run, talker: str, tmp_path: Path) -> None:
    chat("-p", "secret", "--model", talker, "--no-save")

    assert not (tmp_path / "deepcoder" / "sessions.sqlite3").exists()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["-p", ""], b"", 2),
        (["-p", "-"], b"\xff\xfe", 2),
        (["-p", "-"], b"a\0b", 2),
        pytest.param(["-p", "-"], b"x" * (1024 * 1024 + 1), 2, id="over-1-MiB"),
        (["-p", "x", "--no-save", "-c"], b"", 2),
        (["-p", "x", "-c"], b"", 8),
        (["-p", "x", "--session", "zzz"], b"", 8),
        (["-p", "x", "--max-tokens", "0"], b"", 2),
        ([], b"", 7),
    ],
)
def test_bad_input_is_one_line_and_its_exit_code(
    chat: Run, talker: str, arguments: list[str], stdin: bytes, code: int
) -> None:
    done = chat(*arguments, "--model", talker, stdin=stdin)

    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(b"deepcoder: ")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_damaged_saved_sessions_are_named_and_kept(chat: Run, talker: str, tmp_path: Path) -> None:
    database = tmp_path / "deepcoder" / "sessions.sqlite3"
    database.parent.mkdir()
    database.write_bytes(b"garbage" * 1000)
    done = chat("-p", "x", "--model", talker)

    assert done.returncode == 8
    assert str(database).encode() in done.stderr
    assert database.read_bytes() == b"garbage" * 1000


def test_ctrl_c_ends_with_130_and_the_answer_so_far_is_printed_and_saved(
    chat: Run, endless: str, environment: dict[str, str]
) -> None:
    command = [*COMMAND, "-p", "x", "--model", endless]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(3) == b"xyz"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)

    assert process.returncode == 130
    assert stderr.count(b"\n") == 1
    (session,) = json.loads(chat("--list", "--json").stdout)["sessions"]
    assert session["messages"] == 2


def test_a_reader_that_leaves_ends_it_quietly(endless: str, environment: dict[str, str]) -> None:
    command = [*COMMAND, "-p", "x", "--model", endless]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        process.stdout.read(3)
        process.stdout.close()
        stderr = process.stderr.read() if process.stderr else b""

    assert stderr == b""
    assert process.returncode == 141
