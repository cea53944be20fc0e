"""What every engine offers: a stream of events for one conversation.

A backend is used by `solve`, the chat and later eval; none of them knows which engine it is.
To cancel, close the stream (`aclose`, or cancel the task that iterates): the engine stops
within one token.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from deepcoder_cli.types import Completion

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from deepcoder_cli.types import FinishReason, Message, SamplingParams, Usage


@dataclass(frozen=True, slots=True)
class Prefill:
    """How much of the prompt has been read; sent before the first token, perhaps repeatedly."""

    done_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Reasoning:
    """More text of the reasoning; `tokens` were generated so far."""

    text: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """More text of the answer; `tokens` were generated so far."""

    text: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of every stream that was not cancelled by its reader.

    `seed` is the one that was sampled with; None where the engine does not tell.
    """

    finish_reason: FinishReason
    usage: Usage
    seed: int | None = None


Event = Prefill | Reasoning | Answer | Done


class Backend(Protocol):
    """An engine with one model loaded."""

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus completion, in tokens; 0 where an endpoint does not tell."""
        ...

    def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        """Generate an assistant turn; ends with `Done`.

        Raises:
            InputError: the prompt alone does not fit the context.
            EngineCrashed: the engine died on the way.
            EndpointError: the endpoint refused, or failed on the way.
        """
        ...

    async def aclose(self) -> None:
        """Stop whatever runs and release the model."""
        ...


async def complete(
    backend: Backend, messages: Sequence[Message], params: SamplingParams
) -> Completion:
    """Run one stream to its end and put the pieces together."""
    reasoning: list[str] = []
    answer: list[str] = []
    async with aclosing(backend.stream(messages, params)) as stream:
        async for event in stream:
            match event:
                case Reasoning(text=text):
                    reasoning.append(text)
                case Answer(text=text):
                    answer.append(text)
                case Done(finish_reason=reason, usage=usage):
                    return Completion("".join(reasoning), "".join(answer), reason, usage)
    msg = "a backend's stream ended without Done"
    raise RuntimeError(msg)
