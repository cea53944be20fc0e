"""`deepcoder chat -p` and --list as processes, with the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, BinaryIO

import pytest

from deepcoder_cli.sessions.store import SessionStore
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
    """Reasons "hm", then answers xyzxyz... until stopped."""
    path = tmp_path_factory.mktemp("models") / "endless.gguf"
    script = ["h", "m", tiny_gguf.CLOSE, "x", "y", "z", "x"]
    return str(tiny_gguf.scripted_model(path, script, shape=tiny_gguf.Shape(context=65536)))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}


@pytest.fixture
def chat(environment: dict[str, str]) -> Run:
    def run(
        *arguments: str, stdin: bytes | None = b"", source: BinaryIO | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        given = {"stdin": source} if source is not None else {"input": stdin}
        return subprocess.run(
            [*COMMAND, *arguments],
            **given,
            capture_output=True,
            env=environment,
            timeout=120,
            check=False,
        )

    return run


def test_prints_the_answer_alone_on_stdout(chat: Run, talker: str) -> None:
    done = chat("-p", "hi", "--model", talker)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"Yes!\n", b"")


def test_shows_reasoning_on_stderr_when_asked(chat: Run, talker: str) -> None:
    done = chat("-p", "hi", "--model", talker, "--show-reasoning")

    assert (done.stdout, done.stderr.strip()) == (b"Yes!\n", b"hm")


def test_an_answer_that_the_token_limit_cuts_is_told_so(chat: Run, endless: str) -> None:
    done = chat("-p", "x", "--model", endless, "--max-tokens", "10")

    assert (done.returncode, done.stdout[:3]) == (0, b"xyz")
    assert done.stderr == (
        b"deepcoder: cut at the token limit (10 tokens): the answer is incomplete. "
        b"Raise --max-tokens.\n"
    )


def test_an_answer_that_the_context_cuts_is_told_so(chat: Run, tmp_path: Path) -> None:
    script = [tiny_gguf.CLOSE, "x", "y", "z", "x"]
    shape = tiny_gguf.Shape(context=64)
    model = tiny_gguf.scripted_model(tmp_path / "short.gguf", script, shape=shape)
    done = chat("-p", "x", "--model", str(model))

    assert (done.returncode, done.stdout[:3]) == (0, b"xyz")
    assert done.stderr.startswith(b"deepcoder: cut at the end of the model's context (")
    assert done.stderr.endswith(b"the answer is incomplete. Shorten the prompt.\n")


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["plain", "json"])
def test_no_answer_before_the_token_limit_is_told_and_ends_with_1(
    chat: Run, talker: str, flags: list[str]
) -> None:
    done = chat("-p", "hi", "--model", talker, "--max-tokens", "1", *flags)

    assert done.returncode == 1
    assert done.stderr == (
        b"deepcoder: cut at the token limit (1 token): no answer yet. "
        b"Raise --max-tokens, or look at the reasoning: --show-reasoning.\n"
    )
    if flags:
        assert json.loads(done.stdout)["finish_reason"] == "length"
    else:
        assert done.stdout == b""


def test_the_cut_has_a_line_of_its_own_below_the_reasoning(chat: Run, talker: str) -> None:
    done = chat("-p", "hi", "--model", talker, "--max-tokens", "1", "--show-reasoning")

    assert done.stderr == (
        b"h\ndeepcoder: cut at the token limit (1 token): no answer yet. Raise --max-tokens.\n"
    )


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


def test_ctrl_c_with_json_gives_the_answer_so_far(
    endless: str, environment: dict[str, str]
) -> None:
    command = [*COMMAND, "-p", "x", "--model", endless, "--json", "--show-reasoning"]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.read(2) == b"hm"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    data = json.loads(stdout)

    assert process.returncode == 130
    assert (data["error"]["code"], data["finish_reason"]) == ("interrupted", "cancelled")
    assert data["reasoning"] == "hm"
    assert stderr.count(b"\n") == 1


def test_a_pipe_that_nothing_comes_through_is_left_alone(
    talker: str, environment: dict[str, str]
) -> None:
    reading, writing = os.pipe()  # stays open
    try:
        done = subprocess.run(
            [*COMMAND, "-p", "hi", "--model", talker],
            stdin=reading,
            capture_output=True,
            env=environment,
            timeout=120,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)

    assert (done.returncode, done.stdout) == (0, b"Yes!\n")
    assert b"`-p -` waits for it" in done.stderr


def test_a_file_as_stdin_is_appended(talker: str, chat: Run, tmp_path: Path) -> None:
    question = tmp_path / "question.txt"
    question.write_text("print(1)")
    with question.open("rb") as file:
        chat("-p", "Explain:", "--model", talker, stdin=None, source=file)
    (session,) = json.loads(chat("--list", "--json").stdout)["sessions"]
    with SessionStore(tmp_path / "deepcoder" / "sessions.sqlite3") as store:
        (asked, _) = store.messages(session["id"])

    assert asked.content == "Explain:\n\nprint(1)"


def test_a_session_goes_on_with_the_model_it_was_begun_with(
    chat: Run, talker: str, tmp_path: Path
) -> None:
    model = tmp_path / "mine.gguf"
    model.symlink_to(talker)
    chat("-p", "one", "--model", str(model))
    assert chat("-p", "two", "-c").stdout == b"Yes!\n"
    assert b"mine.gguf" in chat("--list").stdout
    model.unlink()
    gone = chat("-p", "three", "-c")
    other = chat("-p", "three", "-c", "--model", talker)

    assert gone.returncode == 5
    assert f"the session's model not found: {model}".encode() in gone.stderr
    assert b"--model" in gone.stderr
    assert other.stdout == b"Yes!\n"


def test_the_list_loads_no_textual(environment: dict[str, str]) -> None:
    code = "import sys; from deepcoder_cli.commands.chat import list_command; list_command()"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print('textual' in sys.modules)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"


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
