"""`deepcoder chat` in a real terminal (tmux), with the real engine and the real sandbox."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli import paths
from deepcoder_cli.sessions.store import SessionStore
from tests.inference import tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]
CHAT = f"{shlex.quote(sys.executable)} -m deepcoder_cli.main chat"
PROBLEM = "Given integers a and b on one line, print their sum.\n\nExample input:\n1 2\nOutput:\n3"


class Terminal:
    """A shell in a tmux server of its own."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self.socket = str(folder / "tmux.sock")
        environment = f"XDG_DATA_HOME={folder} XDG_STATE_HOME={folder} PS1='$ ' sh"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                  "-c", str(folder), f"env {environment}")  # fmt: skip

    def tmux(self, *arguments: str, stdin: str | None = None) -> str:
        command = ["tmux", "-S", self.socket, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, text: str, *keys: str) -> None:
        if text:
            self.tmux("send-keys", "-l", text)
        if keys:
            self.tmux("send-keys", *keys)

    def paste(self, text: str) -> None:
        self.tmux("load-buffer", "-", stdin=text)
        self.tmux("paste-buffer", "-p")

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def until(self, condition: Callable[[str], object], timeout_s: float = 30) -> str:
        deadline = time.monotonic() + timeout_s
        while not condition(screen := self.screen()):
            assert time.monotonic() < deadline, f"it did not come to this:\n{screen}"
            time.sleep(0.1)
        return screen

    def chat_pid(self) -> int:
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        children = subprocess.check_output(["pgrep", "-P", shell], text=True)
        return int(children.split()[0])


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(width: int = 80, height: int = 24) -> Terminal:
        opened.append(Terminal(tmp_path, width, height))
        return opened[-1]

    yield make
    for one in opened:
        one.tmux("kill-server")


@pytest.fixture
def endless(tmp_path: Path) -> str:
    """A real model in the real engine that never ends its reasoning."""
    path = tmp_path / "endless.gguf"
    shape = tiny_gguf.Shape(context=65536)
    return shlex.quote(str(tiny_gguf.scripted_model(path, ["a", "b", "c", "a"], shape=shape)))


def test_streams_stops_and_gives_the_terminal_back(
    terminal: Callable[..., Terminal], endless: str
) -> None:
    shell = terminal()
    shell.type("stty -a > before; echo be''gun", "Enter")
    shell.until(lambda s: "begun" in s)
    shell.type(f"{CHAT} --model {endless}", "Enter")
    shell.until(lambda s: "ready" in s)
    shell.type("hello there", "Enter")
    shell.until(lambda s: "Reasoning…" in s)
    shell.type("", "Escape")
    shell.until(lambda s: "■ stopped" in s)
    shell.type("", "C-q")
    screen = shell.until(lambda s: "deepcoder chat --session" in s)
    shell.type("stty -a | diff - before && echo sa''me", "Enter")
    shell.until(lambda s: "same" in s)

    assert "■ stopped" not in screen
    assert shell.tmux("display-message", "-p", "#{alternate_on}").strip() == "0"


def test_a_killed_chat_is_resumed_with_the_question_and_the_answer_so_far(
    terminal: Callable[..., Terminal], endless: str
) -> None:
    shell = terminal()
    shell.type(f"{CHAT} --model {endless}", "Enter")
    shell.until(lambda s: "ready" in s)
    shell.type("a precious question", "Enter")
    shell.until(lambda s: "Reasoning…" in s)
    time.sleep(1.5)  # longer than one save interval
    os.kill(shell.chat_pid(), signal.SIGKILL)
    shell.until(lambda s: "Killed" in s)
    shell.type("stty sane; tput rmcup; clear", "C-j")  # a killed program leaves a raw terminal
    shell.type(f"{CHAT} --model {endless} --resume", "Enter")
    shell.until(lambda s: "❯ a precious question" in s and "✗ interrupted" in s)
    shell.type("", "C-t")
    shell.until(lambda s: "abcabc" in s)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_gives_the_terminal_back_and_is_told_by_the_exit_code(
    terminal: Callable[..., Terminal], endless: str, tmp_path: Path, number: signal.Signals
) -> None:
    shell = terminal()
    shell.type(f"{CHAT} --model {endless}; echo code=$?", "Enter")
    shell.until(lambda s: "ready" in s)
    shell.type("hello", "Enter")
    shell.until(lambda s: "Reasoning…" in s)
    os.kill(shell.chat_pid(), number)
    screen = shell.until(lambda s: f"code={128 + number}" in s)

    assert "deepcoder chat --session" in screen
    assert "Traceback" not in screen
    assert shell.tmux("display-message", "-p", "#{alternate_on}").strip() == "0"
    assert saved(tmp_path) == [("hello", False, None), ("", True, "cancelled")]


BROKEN = """
import sys
from deepcoder_cli.main import main
from deepcoder_cli.tui.screen import ChatScreen
def broken(self):
    raise ZeroDivisionError("of ours")
ChatScreen.action_help = broken
main()
"""


def test_a_broken_screen_is_one_line_and_70_and_the_conversation_is_saved(
    terminal: Callable[..., Terminal], endless: str, tmp_path: Path
) -> None:
    shell = terminal()
    program = tmp_path / "broken.py"
    program.write_text(BROKEN)
    shell.type(f"{sys.executable} {program} chat --model {endless}; echo code=$?", "Enter")
    shell.until(lambda s: "ready" in s)
    shell.type("hello", "Enter")
    shell.until(lambda s: "Reasoning…" in s)
    shell.type("", "F1")
    screen = shell.until(lambda s: "code=70" in s)

    assert "a fault of deepcoder: ZeroDivisionError: of ours" in screen
    assert "Traceback" not in screen
    assert "Session saved" not in screen
    assert shell.tmux("display-message", "-p", "#{alternate_on}").strip() == "0"
    assert saved(tmp_path) == [("hello", False, None), ("", True, "cancelled")]
    assert "Traceback" in (tmp_path / "deepcoder" / "logs" / "crashes.log").read_text()


def test_a_closed_window_ends_the_chat_and_saves(
    terminal: Callable[..., Terminal], endless: str, tmp_path: Path
) -> None:
    shell = terminal()
    code = tmp_path / "code"
    shell.type(f"exec sh -c 'trap : HUP; {CHAT} --model {endless}; echo $? > {code}'", "Enter")
    shell.until(lambda s: "ready" in s)
    shell.type("hello", "Enter")
    shell.until(lambda s: "Reasoning…" in s)
    shell.tmux("new-window", "-d")  # keeps the server when the first window goes
    shell.tmux("kill-window", "-t", ":0")
    deadline = time.monotonic() + 60
    while not (code.exists() and code.read_text()):
        assert time.monotonic() < deadline, "the chat outlives its window"
        time.sleep(0.1)

    assert code.read_text().strip() == str(128 + signal.SIGHUP)
    assert saved(tmp_path) == [("hello", False, None), ("", True, "cancelled")]


def saved(folder: Path) -> list[tuple[str, bool, str | None]]:
    """Of each message of the last session: its text, whether it has reasoning, how it ended."""
    with SessionStore(folder / "deepcoder" / "sessions.sqlite3") as store:
        messages = store.messages(store.last().id)
    return [(m.content, bool(m.reasoning), m.ending) for m in messages]


def test_a_terminal_under_the_smallest_size_is_refused(
    terminal: Callable[..., Terminal], endless: str
) -> None:
    shell = terminal(19, 10)
    shell.type(f"{CHAT} --model {endless}; echo code=$?", "Enter")

    shell.until(lambda s: "code=7" in s)


def test_nano_answers_a_pasted_problem_and_its_program_runs(
    terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    if not paths.builtin_model().exists():
        pytest.skip("the built-in model nano is not there: chat with it was not driven")
    shell = terminal()
    shell.type(CHAT, "Enter")
    shell.until(lambda s: "ready" in s)
    shell.paste(PROBLEM)
    shell.type("", "Enter")
    shell.until(lambda s: "^r run" in s and "ready" in s, timeout_s=180)
    shell.type("", "C-g")
    shell.until(lambda s: "Input of the program" in s)
    shell.type("1 2", "C-r")
    shell.until(lambda s: "CPU" in s and "sandbox" in s)
    shell.type("", "C-q")
    shell.until(lambda s: "deepcoder chat --session" in s)

    assert saved(tmp_path)[0][0].strip() == PROBLEM.strip()
