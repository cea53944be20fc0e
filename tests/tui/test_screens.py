"""SVG snapshots of the chat at the two sizes that matter most."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sessions.records import StoredMessage
from deepcoder_cli.types import Usage

from .conftest import TEXT, THOUGHTS, WHOLE, ScriptedBackend, ScriptedRunner, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from deepcoder_cli.sessions.store import SessionStore
    from deepcoder_cli.tui.app import ChatApp

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]


@pytest.fixture
def finished_chat(chat_app: Callable[..., ChatApp], store: SessionStore) -> ChatApp:
    """A chat resumed after one answer: no clock and no speed in it."""
    session, _ = store.begin("nano", "Given numbers on one line, print their sum.")
    begun = store.append(session.id, StoredMessage(0, "assistant", "", time.time()))
    store.update(
        StoredMessage(
            begun.id,
            "assistant",
            TEXT,
            begun.created,
            reasoning=THOUGHTS,
            ending="stop",
            reasoning_s=1.5,
            reasoning_tokens=20,
            usage=Usage(40, 60),
        )
    )
    return chat_app(ScriptedBackend(WHOLE), builtin=True, resume=True, runner=ScriptedRunner())


async def settled(pilot: Pilot[None]) -> None:
    chat = pilot.app.chat  # type: ignore[attr-defined]
    await until(pilot, lambda: chat.progress.state == "ready" and chat.transcript.chosen)
    chat.query_one("#composer").cursor_blink = False
    async with asyncio.timeout(20):
        while chat.query_one("#status").sandbox == "…":
            await pilot.pause(0.01)
    chat.draw_status()
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
def test_a_finished_answer(
    finished_chat: ChatApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    assert snap_compare(finished_chat, terminal_size=size, run_before=settled)


@pytest.mark.parametrize("size", SIZES)
def test_a_run_beside_its_code_with_the_reasoning_open(
    finished_chat: ChatApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    async def run(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("ctrl+t", "ctrl+r", "1", "space", "5", "ctrl+r")
        chat = pilot.app.chat  # type: ignore[attr-defined]
        await until(pilot, lambda: chat.query(".run-output") and chat.running is None)

    assert snap_compare(finished_chat, terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", SIZES)
def test_the_keys(
    finished_chat: ChatApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    async def open_help(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: pilot.app.screen is not pilot.app.chat)  # type: ignore[attr-defined]

    assert snap_compare(finished_chat, terminal_size=size, run_before=open_help)
