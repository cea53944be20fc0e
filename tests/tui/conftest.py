"""Fixtures of the screen tests: a scripted engine, a runner that is real or scripted."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Status, Terminal, Tier
from deepcoder_cli.sessions.conversation import Conversation, Engine
from deepcoder_cli.sessions.store import SessionStore
from deepcoder_cli.tui.app import ChatApp
from deepcoder_cli.types import Message, ModelRef, SamplingParams, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence

    from textual.pilot import Pilot

    from deepcoder_cli.inference.backend import Backend, Event

PROGRAM = "numbers = [int(x) for x in input().split()]\nprint(sum(numbers))\n"
TEXT = f"Read the numbers and **add** them.\n\n```python\n{PROGRAM}```\n\nIt is `O(n)`.\n"
USAGE = Usage(40, 60)
THOUGHTS = "The statement asks for a sum. Split the line, convert, add.\n"
WHOLE: list[Event | Exception | None] = [
    Prefill(40, 40),
    Reasoning(THOUGHTS, 20),
    *(Answer(TEXT[i : i + 7], 21 + i // 7) for i in range(0, len(TEXT), 7)),
    Done("stop", USAGE),
]


class ScriptedBackend:
    """Plays back events; an exception in the script is raised, None waits until cancelled."""

    context_tokens = 2048

    def __init__(self, *scripts: Sequence[Event | Exception | None]) -> None:
        self.scripts = list(scripts)
        self.asked: list[tuple[Message, ...]] = []
        self.stopped = 0

    async def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        self.asked.append(tuple(messages))
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            for event in script:
                if event is None:
                    await asyncio.Event().wait()
                elif isinstance(event, Exception):
                    raise event
                else:
                    await asyncio.sleep(0)
                    yield event
        finally:
            self.stopped += 1

    async def aclose(self) -> None:
        return


class ScriptedRunner:
    """Answers every run with one result, or waits until cancelled; remembers the requests."""

    tier = Tier.B

    def __init__(self, stdout: bytes = b"6\n", *, hangs: bool = False) -> None:
        self.requests: list[RunRequest] = []
        self.stdout = stdout
        self.hangs = hangs
        self.cancelled = False

    async def arun(self, request: RunRequest) -> RunResult:
        self.requests.append(request)
        if self.hangs:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled = True
        return RunResult(
            Status.EXITED, 0, None, self.stdout, b"", 0.03, 0.05, 11.0, False, self.tier
        )

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        show(1, self.stdout)
        return await self.arun(request)

    def run(self, request: RunRequest) -> RunResult:
        raise NotImplementedError

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        raise NotImplementedError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SessionStore]:
    with SessionStore(tmp_path / "sessions.sqlite3") as opened:
        yield opened


@pytest.fixture
def chat_app(store: SessionStore) -> Callable[..., ChatApp]:
    """Makes an app on scripted backends (one after the other) and a runner."""

    def make(
        *backends: ScriptedBackend,
        runner: ScriptedRunner | None = None,
        builtin: bool = False,
        resume: bool = False,
    ) -> ChatApp:
        queue = list(backends)

        @asynccontextmanager
        async def open_backend() -> AsyncIterator[Backend]:
            yield queue.pop(0) if len(queue) > 1 else queue[0]

        model = ModelRef("nano" if builtin else "model.gguf", Path("x.gguf"), builtin)
        session = store.last() if resume else None
        conversation = Conversation(model, Engine(open_backend), SamplingParams(), store, session)
        return ChatApp(conversation, lambda: runner or ScriptedRunner())

    return make


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app work until `condition` holds."""
    async with asyncio.timeout(20):
        while not condition():
            await pilot.pause(0.01)
    await pilot.pause()


async def ask(pilot: Pilot[None], text: str) -> None:
    """Type and send, then wait for the turn to end."""
    chat = pilot.app.chat  # type: ignore[attr-defined]
    turns = len(chat.conversation.messages)
    await send(pilot, text)
    await until(pilot, lambda: len(chat.conversation.messages) == turns + 2 and not chat.busy)


async def send(pilot: Pilot[None], text: str) -> None:
    """Type and send."""
    composer = pilot.app.screen.query_one("#composer")
    composer.insert(text)  # type: ignore[attr-defined]
    await pilot.press("enter")


def text_of(app: ChatApp) -> str:
    """Everything the screen shows, as plain lines."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    assert len(strips) == height or width
    return "\n".join(strip.text.rstrip() for strip in strips)
