"""The real sandbox; a backend that follows a script; tiny real models that answer programs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import EngineCrashed, SandboxUnavailable
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.types import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from deepcoder_cli.inference.backend import Event
    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.types import Message, SamplingParams

FOREVER = "forever"
CRASH = "crash"


@dataclass
class ScriptedBackend:
    """Answers in turn; FOREVER streams until it is closed, CRASH raises.

    Attributes:
        seeds: it was asked with.
        closed_early: how many streams their reader closed before the end.
    """

    answers: Sequence[str]
    seeds: list[int | None] = field(default_factory=list)
    closed_early: int = 0
    context_tokens: int = 4096

    async def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        assert [m.role for m in messages] == ["user"]
        answer = self.answers[len(self.seeds)]
        self.seeds.append(params.seed)
        done = False
        try:
            yield Prefill(10, 10)
            yield Reasoning("hm", 1)
            if answer == CRASH:
                raise EngineCrashed("the engine died")
            while answer == FOREVER:
                await asyncio.sleep(0.001)
                yield Reasoning("hm", 1)
            yield Answer(answer, 2)
            await asyncio.sleep(0)
            done = True
            yield Done("stop", Usage(10, 2))
        finally:
            self.closed_early += not done

    async def aclose(self) -> None:
        """Nothing to release."""


def fenced(program: str) -> str:
    return f"Here:\n```python\n{program}\n```\n"


@pytest.fixture(scope="session")
def runner() -> Runner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox on this machine: {error}")


@pytest.fixture(scope="session")
def answering_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes real GGUF models, run by the real llama.cpp, that answer one of the given texts.

    Each text is one token; after `</think>` all of them are equally likely.
    """
    pytest.importorskip("gguf", reason="the gguf package writes these models (dev extra)")
    from tests.solve.answering_gguf import write_answering_model

    folder = tmp_path_factory.mktemp("answering")

    def make(*answers: str) -> Path:
        path = folder / f"m{abs(hash(answers))}.gguf"
        return path if path.exists() else write_answering_model(path, answers)

    return make
