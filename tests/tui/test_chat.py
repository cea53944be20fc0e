"""The chat's screen, driven by keys over a scripted engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from deepcoder_cli.errors import EngineCrashed, ModelError, SandboxUnavailable
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.tui import transcript as transcript_module
from deepcoder_cli.tui.answer import AnswerView
from deepcoder_cli.tui.codeblock import CodeBlockView
from deepcoder_cli.tui.composer import MAX_CHARS, Composer
from deepcoder_cli.tui.markdown import StreamingFence, StreamingMarkdown
from deepcoder_cli.types import Usage

from .conftest import (
    PROGRAM,
    TEXT,
    THOUGHTS,
    WHOLE,
    ScriptedBackend,
    ScriptedRunner,
    ask,
    send,
    text_of,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deepcoder_cli.sessions.store import SessionStore
    from deepcoder_cli.tui.app import ChatApp

    Make = Callable[..., ChatApp]

SIZE = (100, 40)
HANGS = [Prefill(9, 9), Reasoning("hm", 1), Answer("so far so good\n", 2), None]


def answering(text: str) -> ScriptedBackend:
    return ScriptedBackend([Answer(text, 1), Done("stop", Usage(1, 1))])


async def test_shows_question_and_answer_and_saves_them(
    chat_app: Make, store: SessionStore
) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "sum them")
        screen = text_of(app)

    assert "❯ sum them" in screen
    assert "numbers = [int(x) for x in input().split()]" in screen
    assert [m.content for m in store.messages(store.last().id)] == ["sum them", TEXT]


async def test_reasoning_is_hidden_until_opened(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        assert "20 tokens" in text_of(app)
        assert THOUGHTS.strip() not in text_of(app)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: THOUGHTS.strip() in text_of(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: THOUGHTS.strip() not in text_of(app))


async def test_hidden_reasoning_reaches_no_widget_while_it_streams(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend([Reasoning("a secret thought", 4), None]))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "Reasoning…" in text_of(app))
        assert not app.screen.query_one(AnswerView).reasoning.is_open
        assert "secret" not in text_of(app)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "a secret thought" in text_of(app))


async def test_streams_before_the_answer_has_ended(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(HANGS))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "so far so good" in text_of(app))

        assert app.chat.busy


async def test_escape_stops_the_answer_and_keeps_what_came(
    chat_app: Make, store: SessionStore
) -> None:
    backend = ScriptedBackend(HANGS)
    app = chat_app(backend)
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "so far so good" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: not app.chat.busy)
        assert "■ stopped" in text_of(app)
        assert "so far so good" in text_of(app)

    assert backend.stopped == 1
    assert store.messages(store.last().id)[-1].ending == "cancelled"


async def test_text_typed_while_the_model_is_busy_is_kept(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(HANGS, WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "one")
        await until(pilot, lambda: app.chat.busy)
        await pilot.press("t", "w", "o", "enter")
        assert app.screen.query_one(Composer).text == "two"
        await pilot.press("escape")
        await until(pilot, lambda: not app.chat.busy)
        assert app.screen.query_one(Composer).text == "two"


async def test_the_next_turn_carries_the_history_without_reasoning(chat_app: Make) -> None:
    backend = ScriptedBackend(WHOLE)
    async with chat_app(backend).run_test(size=SIZE) as pilot:
        await ask(pilot, "one")
        await ask(pilot, "two")

    assert [m.content for m in backend.asked[1]] == ["one", TEXT, "two"]


async def test_a_crashed_engine_leaves_the_app_alive_and_is_replaced(chat_app: Make) -> None:
    crashing = ScriptedBackend([Answer("hal", 1), EngineCrashed("engine died (signal 9).")])
    app = chat_app(crashing, ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "one")
        assert "engine died (signal 9)." in text_of(app)
        assert "hal" in text_of(app)
        await ask(pilot, "two")
        assert "numbers = [int(x)" in text_of(app)


async def test_a_model_that_does_not_load_is_said_and_the_question_kept(
    chat_app: Make, store: SessionStore
) -> None:
    app = chat_app(ScriptedBackend([ModelError("model cannot be loaded: x. Try another.")]))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "precious")
        assert "model cannot be loaded" in text_of(app)

    assert store.messages(store.last().id)[0].content == "precious"


async def test_runs_the_block_with_its_input_and_remembers_the_input(chat_app: Make) -> None:
    runner = ScriptedRunner()
    app = chat_app(ScriptedBackend(WHOLE), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r", "1", "space", "2", "ctrl+r")
        await until(pilot, lambda: "✓ finished, exit code 0" in text_of(app))
        assert "sandbox B" in text_of(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(runner.requests) == 2 and app.chat.running is None)

    assert [r.stdin for r in runner.requests] == [b"1 2\n", b"1 2\n"]
    assert runner.requests[0].program == PROGRAM


async def test_a_hanging_run_is_stopped_by_escape_and_blocks_nothing(chat_app: Make) -> None:
    runner = ScriptedRunner(hangs=True)
    app = chat_app(answering("```python\nwhile True: pass\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: runner.requests)
        await pilot.press("h", "i")
        assert app.screen.query_one(Composer).text == "hi"
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.running is None)
        assert "■ stopped" in text_of(app)

    assert runner.cancelled


async def test_output_of_a_program_cannot_drive_the_terminal(chat_app: Make) -> None:
    runner = ScriptedRunner(stdout=b"\x1b]0;evil\x07[bold]x[/bold]\xff\x0c")
    app = chat_app(answering("```\nprint()\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "exit code 0" in text_of(app))

        assert "␛]0;evil␇[bold]x[/bold]�␌" in text_of(app)


async def test_without_a_sandbox_the_fix_is_shown_and_nothing_is_run(
    chat_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = chat_app(answering("```python\nprint(1)\n```\n"))

    def refuse() -> None:
        raise SandboxUnavailable("no sandbox: bubblewrap is not installed. sudo apt-get install")

    monkeypatch.setattr(app.chat, "_open_runner", refuse)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "not run: no sandbox: bubblewrap" in text_of(app))
        assert "sandbox none" in text_of(app)


async def test_a_block_of_another_language_is_not_run(chat_app: Make) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering("```rust\nfn main(){}\n```\n"), runner=runner)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "rust cannot be run" in text_of(app))

    assert not runner.requests


async def test_a_block_is_run_in_its_own_language(chat_app: Make) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering("```c++\nint main(){}\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "exit code 0" in text_of(app))

    assert [request.language for request in runner.requests] == [Language.CPP]


async def test_output_is_shown_while_the_program_runs(chat_app: Make) -> None:
    runner = ScriptedRunner(stdout=b"so \x1b[2Jfar", hangs=True)
    app = chat_app(answering("```python\nprint()\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "so ␛[2Jfar" in text_of(app))
        assert "… running" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: "■ stopped" in text_of(app))
        assert "so ␛[2Jfar" in text_of(app)


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("```python\nprint(1)\n```\nOutput:\n```\n1\n```\n", "print(1)\n"),
        ("```python3.11\nprint(1)\n```\n```text\n1\n```\n", "print(1)\n"),
        ("```py\nprint(1)\n```\n```py\nprint(2)\n```\n```\n2\n```\n", "print(2)\n"),
        ("```\nprint(1)\n```\n```\nprint(2)\n```\n", "print(2)\n"),
    ],
    ids=["sample output", "version and text", "two programs", "no label"],
)
async def test_a_new_answer_chooses_the_block_that_solve_would_judge(
    chat_app: Make, answer: str, program: str
) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering(answer), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "exit code 0" in text_of(app))

    assert [request.program for request in runner.requests] == [program]


async def test_an_answer_without_a_program_chooses_its_last_block(chat_app: Make) -> None:
    app = chat_app(answering("```c\nint x;\n```\n```text\n1\n```\n"))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        chosen = app.chat.transcript.chosen

    assert chosen is not None
    assert chosen.block.language == "text"


async def test_keys_move_the_choice_between_blocks(chat_app: Make) -> None:
    runner = ScriptedRunner()
    app = chat_app(answering("```\nprint(1)\n```\nor\n```\nprint(2)\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        for keys in (["ctrl+r"], ["ctrl+up", "ctrl+r"], ["ctrl+down", "ctrl+r"]):
            ran = len(runner.requests)
            await pilot.press(*keys)
            await until(
                pilot,
                lambda ran=ran: len(runner.requests) > ran and app.chat.running is None,
            )

    assert [r.program for r in runner.requests] == ["print(2)\n", "print(1)\n", "print(2)\n"]


async def test_only_the_chosen_block_carries_the_mark(chat_app: Make) -> None:
    app = chat_app(answering("```\nprint(1)\n```\nor\n```\nprint(2)\n```\n"))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")

        assert text_of(app).count("▶ code") == 1


async def test_saves_the_raw_text_and_never_overwrites_unasked(
    chat_app: Make, tmp_path: Path
) -> None:
    raw = "print('\x0c\u2028\t')\n"
    app = chat_app(answering(f"```python\n{raw}```\n"))
    target = tmp_path / "out.py"
    target.write_text("mine")
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+s")
        app.screen.query_one(Input).value = str(target)
        await pilot.press("enter")
        await until(pilot, lambda: "exists. Press ^o" in " ".join(text_of(app).split()))
        assert target.read_text() == "mine"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.screen is app.chat)

    assert target.read_bytes() == raw.encode()


async def test_a_failed_save_keeps_what_was_typed(chat_app: Make, tmp_path: Path) -> None:
    app = chat_app(answering("```python\nprint(1)\n```\n"))
    name = str(tmp_path / "none" / "x.py")
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+s")
        app.screen.query_one(Input).value = name
        await pilot.press("enter")
        await until(pilot, lambda: "No such file" in " ".join(text_of(app).split()))

        assert app.screen.query_one(Input).value == name


async def test_copies_the_raw_text_and_claims_nothing_unverified(
    chat_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("shutil.which", lambda _: None)
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "it does not" in text_of(app))

        assert app.clipboard == PROGRAM


async def test_model_text_is_never_markup_and_html_stays_visible(chat_app: Make) -> None:
    app = chat_app(answering("[red]a[/red] [@click=app.quit]b[/] vector<int> \x1b[2J [/nope]"))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "[bold]q[/] [/nope]")
        screen = text_of(app)

    assert "[red]a[/red]" in screen
    assert "vector<int>" in screen
    assert "␛[2J" in screen
    assert "❯ [bold]q[/] [/nope]" in screen


@pytest.mark.parametrize("odd", ["\x0c", "\x85", "\u2028", "\x1c", "\x0b", "\r"])
async def test_odd_line_ends_do_not_turn_prose_into_code(chat_app: Make, odd: str) -> None:
    text = f"before{odd}middle\n\n```python\nprint(1)\n```\n\nafter\n"
    pieces = [Answer(text[i : i + 3], i) for i in range(0, len(text), 3)]
    app = chat_app(ScriptedBackend([*pieces, None]))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "after" in text_of(app))

        assert len(app.screen.query(StreamingFence)) == 1


async def test_an_open_fence_is_plain_and_a_closed_one_is_coloured(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend([Answer("```python\ndef f():\n", 1), None]))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "def f" in text_of(app))
        fence = app.screen.query_one(StreamingFence)
        assert not fence.closed
        assert not fence._content.spans
        await app.screen.query_one(StreamingMarkdown).append("    pass\n```\n")
        await pilot.pause()
        assert fence.closed
        assert fence._content.spans


async def test_the_frozen_answer_holds_no_streaming_widgets(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")

        assert not app.screen.query(StreamingMarkdown)
        assert len(app.screen.query(CodeBlockView)) == 1


async def test_an_answer_cut_by_its_budget_says_so(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend([Answer("```python\nx =", 1), Done("length", Usage(1, 1))]))
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")

        assert "token budget" in text_of(app)
        assert not app.screen.query(CodeBlockView)


async def test_a_new_session_forgets_and_the_old_one_can_be_opened(
    chat_app: Make, store: SessionStore
) -> None:
    backend = ScriptedBackend(WHOLE)
    app = chat_app(backend)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "one")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "❯ one" not in text_of(app))
        await ask(pilot, "two")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.screen is not app.chat)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "❯ one" in text_of(app))

    assert [m.content for m in backend.asked[1]] == ["two"]
    assert len(store.sessions()) == 2


async def test_resumes_with_the_answers_in_place(chat_app: Make) -> None:
    async with chat_app(ScriptedBackend(WHOLE)).run_test(size=SIZE) as pilot:
        await ask(pilot, "one")
    resumed = chat_app(ScriptedBackend(WHOLE), resume=True)
    async with resumed.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "▶ python" in text_of(resumed))

        assert "❯ one" in text_of(resumed)


async def test_old_turns_of_a_long_session_come_when_asked_for(
    chat_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript_module, "PAGE", 2)
    async with chat_app(answering("yes")).run_test(size=SIZE) as pilot:
        for question in ("one", "two", "three"):
            await ask(pilot, question)
    app = chat_app(answering("yes"), resume=True)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "4 earlier messages" in text_of(app))
        await pilot.press("ctrl+home")
        await until(pilot, lambda: "❯ two" in text_of(app))
        assert "❯ one" not in text_of(app)
        await pilot.press("ctrl+home")
        await until(pilot, lambda: "❯ one" in text_of(app))
        assert "earlier" not in text_of(app)


async def test_quitting_in_the_middle_of_an_answer_saves_it(
    chat_app: Make, store: SessionStore
) -> None:
    app = chat_app(ScriptedBackend(HANGS))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await until(pilot, lambda: "so far so good" in text_of(app))
        await pilot.press("ctrl+q")
    last = store.messages(store.last().id)[-1]

    assert (last.content, last.ending) == ("so far so good\n", "cancelled")


async def test_ctrl_c_twice_quits_and_once_does_not(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "again to quit" in text_of(app))
        assert app.is_running
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app._exit)


async def test_newline_keys_do_not_send(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c")

        assert app.screen.query_one(Composer).text == "a\nb\nc"


async def test_an_empty_message_is_not_sent(chat_app: Make) -> None:
    backend = ScriptedBackend(WHOLE)
    async with chat_app(backend).run_test(size=SIZE) as pilot:
        await pilot.press("space", "enter")
        await pilot.pause()

    assert not backend.asked


async def test_a_huge_paste_is_refused_and_the_text_kept(chat_app: Make) -> None:
    from textual.events import Paste

    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("a")
        app.screen.query_one(Composer).post_message(Paste("x" * MAX_CHARS))
        await until(pilot, lambda: "too long" in text_of(app))

        assert app.screen.query_one(Composer).text == "a"


async def test_a_paste_and_each_key_arrive_once(chat_app: Make) -> None:
    from textual.events import Paste

    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        composer = app.screen.query_one(Composer)
        await pilot.press("a")
        composer.post_message(Paste("one\ntwo\n"))
        await until(pilot, lambda: "two" in composer.text)
        await pilot.press("b", "backspace", "ctrl+j", "left", "c")
        await pilot.pause()

        assert composer.text == "aone\ntwo\nc\n"


async def test_help_lists_the_keys(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: "Choose the block above" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_the_demonstration_model_is_named_so_for_good(chat_app: Make) -> None:
    app = chat_app(ScriptedBackend(WHOLE), builtin=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, "q")
        await ask(pilot, "q")

        assert "nano is a demonstration model trained on generated problems" in text_of(app)


@pytest.mark.parametrize("size", [(20, 5), (5, 2), (1, 1)])
async def test_shrinking_while_it_answers_does_not_crash(
    chat_app: Make, size: tuple[int, int]
) -> None:
    app = chat_app(ScriptedBackend(WHOLE))
    async with app.run_test(size=SIZE) as pilot:
        await send(pilot, "q")
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: len(app.chat.conversation.messages) == 2 and not app.chat.busy)
        await pilot.press("ctrl+g")
        await pilot.resize_terminal(*SIZE)
        await pilot.press("escape")
        await until(pilot, lambda: "▶ python" in text_of(app))


async def test_reading_older_text_is_not_disturbed_by_new_text(chat_app: Make) -> None:
    backend = answering("line\n\n" * 80)
    app = chat_app(backend)
    async with app.run_test(size=(80, 20)) as pilot:
        await ask(pilot, "one")
        transcript = app.chat.transcript
        backend.scripts = [[Answer("more\n\n" * 40, 1), None]]
        await send(pilot, "two")
        await until(pilot, lambda: "more" in text_of(app))
        await pilot.press("pageup", "pageup")
        await pilot.pause()
        here = transcript.scroll_y
        await app.screen.query_one(StreamingMarkdown).append("again\n\n" * 20)
        await pilot.pause()

        assert transcript.scroll_y == here
        assert transcript.max_scroll_y > here


async def test_a_program_runs_in_the_real_sandbox_at_a_terminal(chat_app: Make) -> None:
    try:
        runner = default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")
    code = "import os\nprint('tty', os.isatty(1), os.fork() and os.wait() and 1 or os._exit(0))"
    app = chat_app(answering(f"```python\n{code}\n```\n"), runner=runner)
    async with app.run_test(size=SIZE) as pilot:
        await ask(pilot, "q")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "✓ finished, exit code 0" in text_of(app))

        assert "tty True 1" in text_of(app)
