"""What the tests of endpoints share: one completion from a scripted server; no real waiting."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.inference.backend import Answer, Done, Reasoning
from deepcoder_cli.inference.openai import retry
from deepcoder_cli.inference.openai.backend import EndpointBackend
from deepcoder_cli.types import EndpointRef, Message, SamplingParams
from tests.inference.openai.scripted import Script, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deepcoder_cli.inference.backend import Event

PARAMS = SamplingParams(max_tokens=64, seed=7)
QUESTION = (Message("user", "Why?"),)


@pytest.fixture(autouse=True)
def _quick_and_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    for name in ("DEEPCODER_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


async def stream(backend: EndpointBackend, params: SamplingParams = PARAMS) -> list[Event]:
    async with aclosing(backend.stream(QUESTION, params)) as events:
        return [event async for event in events]


async def ask(
    script: Script, *, times: int = 1, params: SamplingParams = PARAMS, **ref: Any
) -> list[Event]:
    """The events of the last of `times` completions."""
    async with serving(script):
        named = EndpointRef(script.url, script.url, **{"retries": 2, **ref})
        async with EndpointBackend.open(named) as backend:
            for _ in range(times):
                events = await stream(backend, params)
    return events


def texts(events: Sequence[Event]) -> tuple[str, str]:
    """Reasoning and answer."""
    reasoning = "".join(e.text for e in events if isinstance(e, Reasoning))
    return reasoning, "".join(e.text for e in events if isinstance(e, Answer))


def done(events: Sequence[Event]) -> Done:
    last = events[-1]
    assert isinstance(last, Done)
    return last


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def in_a_thread() -> Iterator[Callable[[Script], Script]]:
    """Serves a script from a thread of its own, for programs in other processes."""
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    threads: list[threading.Thread] = []

    def start(script: Script) -> Script:
        ready = threading.Event()

        async def serve() -> None:
            async with serving(script):
                ready.set()
                await over.wait()

        threads.append(threading.Thread(target=loop.run_until_complete, args=(serve(),)))
        threads[-1].start()
        assert ready.wait(5)
        return script

    yield start
    loop.call_soon_threadsafe(over.set)
    for thread in threads:
        thread.join()
    loop.close()
