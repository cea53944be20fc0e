"""Fixtures of the session tests: a store in a temporary folder, a scripted engine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sessions.conversation import Conversation, Engine
from deepcoder_cli.sessions.store import SessionStore
from deepcoder_cli.types import Message, ModelRef, SamplingParams

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence

    from deepcoder_cli.inference.backend import Backend, Event

MODEL = ModelRef("model", Path("model.gguf"))


class ScriptedBackend:
    """Plays back events; an exception in the script is raised, None waits until cancelled."""

    context_tokens = 2048

    def __init__(self, script: Sequence[Event | Exception | None]) -> None:
        self.script = script
        self.asked: list[tuple[Message, ...]] = []
        self.closed = False

    async def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        self.asked.append(tuple(messages))
        for event in self.script:
            if event is None:
                await asyncio.Event().wait()
            elif isinstance(event, Exception):
                raise event
            else:
                yield event

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SessionStore]:
    with SessionStore(tmp_path / "data" / "sessions.sqlite3") as opened:
        yield opened


@pytest.fixture
def conversation_with(store: SessionStore) -> Callable[..., Conversation]:
    def make(*backends: ScriptedBackend, model: ModelRef = MODEL) -> Conversation:
        queue = list(backends)

        @asynccontextmanager
        async def open_backend() -> AsyncIterator[Backend]:
            backend = queue.pop(0)
            yield backend
            await backend.aclose()

        return Conversation(model, Engine(open_backend), SamplingParams(), store)

    return make
