from __future__ import annotations

import asyncio
import sqlite3
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli import prompts
from deepcoder_cli.errors import EngineCrashed, InputError
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.sessions import conversation as module
from deepcoder_cli.sessions.store import SessionStore
from deepcoder_cli.types import Message, Usage

from .conftest import MODEL, ScriptedBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sessions.conversation import Conversation

    Make = Callable[..., Conversation]

USAGE = Usage(5, 6)
WHOLE = [Prefill(5, 5), Reasoning("hm", 3), Answer("an", 4), Answer("swer", 5), Done("stop", USAGE)]


async def drain(conversation: Conversation, text: str) -> list[object]:
    return [event async for event in conversation.send(text)]


async def test_streams_and_saves_the_whole_turn(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend(WHOLE))
    events = await drain(conversation, "question")
    saved = store.messages(store.last().id)

    assert events == WHOLE
    assert [m.content for m in saved] == ["question", "answer"]
    assert (saved[1].reasoning, saved[1].reasoning_tokens) == ("hm", 3)
    assert (saved[1].ending, saved[1].usage) == ("stop", USAGE)


async def test_history_carries_answers_without_reasoning(conversation_with: Make) -> None:
    backend = ScriptedBackend(WHOLE)
    conversation = conversation_with(backend)
    await drain(conversation, "one")
    await drain(conversation, "two")

    assert backend.asked[1] == (
        Message("user", "one"),
        Message("assistant", "answer"),
        Message("user", "two"),
    )


async def test_the_builtin_model_gets_each_message_as_a_problem_on_its_own(
    conversation_with: Make,
) -> None:
    backend = ScriptedBackend(WHOLE)
    conversation = conversation_with(backend, model=replace(MODEL, builtin=True))
    await drain(conversation, "one")
    await drain(conversation, "Read n. Print n.")

    (message,) = backend.asked[1]
    assert message.content.startswith(prompts.INSTRUCTION)
    assert "Read n. Print n." in message.content


async def test_closing_the_stream_keeps_what_came_and_marks_it_cancelled(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend([Answer("par"), None]))
    async with aclosing(conversation.send("q")) as events:
        assert await anext(events) == Answer("par")
    last = store.messages(store.last().id)[-1]

    assert (last.content, last.ending) == ("par", "cancelled")


async def test_cancelling_the_task_keeps_what_came(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend([Answer("par"), None]))
    came = asyncio.Event()

    async def read() -> None:
        async for _ in conversation.send("q"):
            came.set()

    task = asyncio.create_task(read())
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.messages(store.last().id)[-1].ending == "cancelled"


async def test_the_question_is_saved_before_the_engine_answers(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend([Prefill(0, 5), None]))
    async with aclosing(conversation.send("precious")) as events:
        await anext(events)
        saved = store.messages(store.last().id)

    assert (saved[0].content, saved[1].ending) == ("precious", None)


async def test_a_streaming_answer_is_saved_while_it_streams(
    conversation_with: Make, store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAVE_INTERVAL_S", 0.01)
    conversation = conversation_with(ScriptedBackend([Answer("so far"), None]))

    async def read() -> None:
        async for _ in conversation.send("q"):
            pass

    task = asyncio.create_task(read())
    async with asyncio.timeout(30):
        while not store.sessions() or store.messages(store.last().id)[-1].content != "so far":
            await asyncio.sleep(0.01)
    ending = store.messages(store.last().id)[-1].ending
    task.cancel()

    assert ending is None


async def test_a_crashed_engine_is_replaced_by_the_next_message(
    conversation_with: Make, store: SessionStore
) -> None:
    crashing = ScriptedBackend([Answer("hal"), EngineCrashed("died")])
    conversation = conversation_with(crashing, ScriptedBackend(WHOLE))
    with pytest.raises(EngineCrashed):
        await drain(conversation, "one")
    await drain(conversation, "two")
    saved = store.messages(store.last().id)

    assert crashing.closed
    assert [m.ending for m in saved] == [None, "error", None, "stop"]
    assert saved[1].content == "hal"


async def test_a_prompt_that_does_not_fit_keeps_the_engine(conversation_with: Make) -> None:
    backend = ScriptedBackend([InputError("too long")])
    conversation = conversation_with(backend)
    with pytest.raises(InputError):
        await drain(conversation, "one")

    assert not backend.closed


async def test_goes_on_and_says_so_when_saving_fails(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend(WHOLE))
    with sqlite3.connect(store.path) as db:
        db.execute("DROP TABLE messages")
    events = await drain(conversation, "one")

    assert events == WHOLE
    assert conversation.unsaved is not None
    assert [m.content for m in conversation.messages] == ["one", "answer"]


async def test_resumes_where_it_was_left(conversation_with: Make, store: SessionStore) -> None:
    await drain(conversation_with(ScriptedBackend(WHOLE)), "one")
    backend = ScriptedBackend(WHOLE)
    resumed = conversation_with(backend)
    await resumed.resume(store.last())
    await drain(resumed, "two")

    assert [m.content for m in backend.asked[0]] == ["one", "answer", "two"]
    assert len(store.sessions()) == 1


async def test_a_refused_message_is_left_out_of_what_the_model_is_given(
    conversation_with: Make, store: SessionStore
) -> None:
    backend = ScriptedBackend([InputError("too long")])
    conversation = conversation_with(backend)
    with pytest.raises(InputError):
        await drain(conversation, "much too long")
    backend.script = WHOLE
    await drain(conversation, "short")

    assert [m.content for m in backend.asked[1]] == ["short"]
    assert store.messages(store.last().id)[1].ending == "refused"


async def test_a_message_is_kept_and_saved_though_its_answer_is_never_begun(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend(WHOLE))
    conversation.keep("precious")
    await conversation.aclose()
    with SessionStore(store.path) as reopened:
        saved = reopened.messages(reopened.last().id)

    assert [(m.content, m.ending) for m in saved] == [("precious", None), ("", "cancelled")]


async def test_closing_in_the_middle_of_an_answer_saves_it_as_cancelled(
    conversation_with: Make, store: SessionStore
) -> None:
    conversation = conversation_with(ScriptedBackend([Answer("par"), None]))
    events = conversation.send("q")
    await anext(events)
    await conversation.aclose()
    with SessionStore(store.path) as reopened:
        last = reopened.messages(reopened.last().id)[-1]
    await events.aclose()

    assert (last.content, last.ending) == ("par", "cancelled")


async def test_waiting_for_another_process_leaves_the_event_loop_free(
    conversation_with: Make, store: SessionStore
) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    conversation = conversation_with(ScriptedBackend(WHOLE))
    turn = asyncio.create_task(drain(conversation, "q"))
    for _ in range(20):
        await asyncio.sleep(0.01)
    other.execute("ROLLBACK")  # reached while the write still waits, or never
    other.close()
    await turn

    assert conversation.unsaved is None
    assert [m.content for m in store.messages(store.last().id)] == ["q", "answer"]


async def test_what_a_locked_store_refused_is_saved_once_it_is_free(
    conversation_with: Make, store: SessionStore
) -> None:
    store._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    conversation = conversation_with(ScriptedBackend(WHOLE))
    await drain(conversation, "one")
    assert conversation.unsaved is not None
    conversation.start_anew()
    await drain(conversation, "two")
    assert store.sessions() == ()
    other.execute("ROLLBACK")
    other.close()
    await conversation.save()

    assert conversation.unsaved is None
    saved = [store.messages(session.id) for session in store.sessions()]
    contents = sorted([m.content for m in messages] for messages in saved)
    assert contents == [["one", "answer"], ["two", "answer"]]


async def test_the_session_names_its_model_so_that_any_folder_finds_it(
    conversation_with: Make, store: SessionStore
) -> None:
    await drain(conversation_with(ScriptedBackend(WHOLE)), "q")

    assert store.last().model == str(MODEL.path.absolute())


PASTED = """# Sum

Add the two numbers.

## Example

Input
```
1 2
```

Output
```
3
```
"""
FUNCTION = PASTED + "\n## Starter code\n\n```python\ndef add(a, b):\n    pass\n```\n"


async def test_the_builtin_model_gets_a_pasted_function_problem_as_solve_gives_it(
    conversation_with: Make,
) -> None:
    backend = ScriptedBackend(WHOLE)
    conversation = conversation_with(backend, model=replace(MODEL, builtin=True))
    await drain(conversation, FUNCTION)

    (message,) = backend.asked[0]
    assert prompts.FORMAT_FUNCTION in message.content
    assert "## Starter code" not in message.content


async def test_a_run_is_offered_the_example_of_the_last_problem_as_input(
    conversation_with: Make,
) -> None:
    conversation = conversation_with(ScriptedBackend(WHOLE))
    assert conversation.example_input() == ""

    await drain(conversation, PASTED)
    await drain(conversation, "faster, please")

    assert conversation.example_input() == "1 2\n"
