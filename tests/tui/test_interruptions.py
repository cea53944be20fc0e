"""Esc at every moment, faults of our own, and a second program: nothing is lost or locked."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from deepcoder_cli.errors import InputError
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.tui import answer as answer_module
from deepcoder_cli.tui.activity import Activity
from deepcoder_cli.tui.codeblock import CodeBlockView
from deepcoder_cli.tui.composer import Composer
from deepcoder_cli.types import Usage

from .conftest import WHOLE, ScriptedBackend, ScriptedRunner, ask, send, text_of, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deepcoder_cli.sessions.store import SessionStore
    from deepcoder_cli.tui.app import ChatApp

    Make = Callable[..., ChatApp]

SIZE = (100, 40)
PASTED = "# Sum\n\nAdd.\n\n## Example\n\nInput\n```\n{}\n```\n\nOutput\n```\n{}\n```\n"
READS = "```python\nprint(input())\n```\n"
HANGS = [Prefill(9, 9), Reasoning("hm", 1), Answer("kept\n\n```python\nprint(1)\n```\n", 2), None]


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where faults of our own are logged in this test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "deepcoder" / "logs" / "crashes.log"


def answering(text: str) -> ScriptedBackend:
    return ScriptedBackend([Answer(text, 1), Done("stop", Usage(1, 1))])


def saved(store: SessionStore) -> list[tuple[str, str | None]]:
    return [(m.content, m.ending) for m in store.messages(store.last().id)]


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 21])
async def test_escape_right_after_enter_keeps_the_message_and_frees_the_chat(
    chat_app: Make, store: SessionStore, steps: int
) -> None:
    backend = ScriptedBackend([None])
    app = chat_app(backend)
    async with app.run_test(size=SIZE) as pilot:
        app.chat._sent(Composer.Sent("my long question"))
        for _ in range(steps):
            await asyncio.sleep(0)
        app.chat.action_stop()
        app.chat.action_stop()
        await until(pilot, lambda: not app.chat.busy)
        assert "❯ my long question" in text_of(app)
        backend.scripts = [WHOLE]
        await ask(pilot, "and another")
    asked = [m.content for m in store.messages(store.last().id)][0::2]

    assert asked == ["my long question", "and another"]


async def test_a_second_escape_while_the_answer_freezes_leaves_it_on_the_screen(
    chat_app: Make, store: SessionStore
) -> None:
    app = chat_app(ScriptedBackend(HANGS))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "kept" in text_of(app))
        app.chat.action_stop()
        while app.chat.busy:
            app.chat.action_stop()
            await asyncio.sleep(0)
        await pilot.pause()
        assert len(app.screen.query(CodeBlockView)) == 1
        assert "kept" in text_of(app)

    assert saved(store)[-1][1] == "cancelled"


async def test_an_answer_that_cannot_be_drawn_stays_as_it_streamed_and_is_reported(
    chat_app: Make, monkeypatch: pytest.MonkeyPatch, logs: Path
) -> None:
    def broken(_: object) -> None:
        raise LookupError("no parts")

    monkeypatch.setattr(answer_module, "still_parts", broken)
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "LookupError" in text_of(app) and not app.chat.busy)
        assert "numbers = [int(x) for x in input().split()]" in text_of(app)

    assert "no parts" in logs.read_text()


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8])
async def test_escape_right_after_run_frees_the_key(chat_app: Make, steps: int) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering("```python\nprint(1)\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        app.chat.action_run()
        for _ in range(steps):
            await asyncio.sleep(0)
        app.chat.action_stop()
        app.chat.action_stop()
        await until(pilot, lambda: app.chat.running is None)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "✓ finished" in text_of(app))


async def test_a_fault_of_the_runner_is_shown_in_the_pane(
    chat_app: Make, monkeypatch: pytest.MonkeyPatch, logs: Path
) -> None:
    runner = ScriptedRunner()

    async def broken(_: object, **__: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(runner, "arun", broken)
    app = chat_app(answering("```python\nprint(1)\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "ZeroDivisionError: of ours" in text_of(app))
        await until(pilot, lambda: app.chat.running is None)

    assert "Traceback" in logs.read_text()


async def test_stopping_an_activity_that_never_began_still_ends_it() -> None:
    seen: list[BaseException | None] = []

    async def part() -> None:
        seen.append(RuntimeError("it ran"))

    async def whole(activity: Activity) -> None:
        await activity.stoppable(part())

    activity = Activity(whole, seen.append)
    await activity.end()
    await asyncio.sleep(0)

    assert activity.was_cut
    assert seen == [None]


async def test_a_refused_message_comes_back_to_be_shortened_and_blocks_nothing(
    chat_app: Make, store: SessionStore
) -> None:
    backend = ScriptedBackend([InputError("prompt does not fit: 99 tokens.")], WHOLE)
    app = chat_app(backend)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "much too long")
        assert "prompt does not fit" in text_of(app)
        assert "not sent to the model" in text_of(app)
        assert app.chat.progress.state == "ready"
        composer = app.screen.query_one(Composer)
        assert composer.text == "much too long"
        composer.clear()
        await ask(pilot, "short")

    assert [m.content for m in backend.asked[1]] == ["short"]
    assert saved(store)[1][1] == "refused"


async def test_a_new_answers_program_is_not_fed_the_old_input(chat_app: Make) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering(READS), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, PASTED.format("1 2", 3))
        await pilot.press("ctrl+g", "9", "ctrl+r")
        await until(pilot, lambda: runner.requests and app.chat.running is None)
        await ask(pilot, PASTED.format("5 6", 11))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.screen is not app.chat)
        assert app.screen.query_one("#stdin", TextArea).text == "5 6\n"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(runner.requests) == 2 and app.chat.running is None)
        await pilot.press("ctrl+up", "ctrl+r")
        await until(pilot, lambda: len(runner.requests) == 3 and app.chat.running is None)

    assert [r.stdin for r in runner.requests] == [b"91 2\n", b"5 6\n", b"91 2\n"]


async def test_a_new_session_forgets_the_input(chat_app: Make) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering(READS), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+g", "9", "ctrl+r")
        await until(pilot, lambda: runner.requests and app.chat.running is None)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "❯ q" not in text_of(app))
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.screen is not app.chat)

        assert app.screen.query_one("#stdin", TextArea).text == ""


async def test_the_home_of_nobody_is_a_line_in_the_save_dialog(chat_app: Make) -> None:
    app = chat_app(answering("```python\nprint(1)\n```\n"))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+s")
        app.screen.query_one(Input).value = "~nosuchuser/x.py"
        await pilot.press("enter")
        await until(pilot, lambda: "cannot save: ~nosuchuser/x.py" in text_of(app))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_saves_and_ends_with_128_and_its_number(
    chat_app: Make, store: SessionStore, number: signal.Signals
) -> None:
    app = chat_app(ScriptedBackend(HANGS))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "kept" in text_of(app))
        signal.raise_signal(number)
        await until(pilot, lambda: app._exit)

    assert app.return_code == 128 + number
    assert saved(store)[-1][1] == "cancelled"
