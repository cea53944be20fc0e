"""One candidate: a completion streamed from a backend, and the program in it."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from deepcoder_cli.extract import program
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.solve.outcome import Sampled, Sampling
from deepcoder_cli.types import Candidate, Completion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.solve.outcome import RaceEvent
    from deepcoder_cli.types import Message, SamplingParams


async def sample(
    backend: Backend,
    messages: Sequence[Message],
    params: SamplingParams,
    *,
    index: int,
    progress: Callable[[RaceEvent], None],
) -> Sampled:
    """Sample candidate `index`; cancelling the task stops the engine within one token.

    Raises:
        InputError: the prompt does not fit the model's context.
        EngineCrashed: the engine died on the way.
    """
    start = time.monotonic()
    reasoning: list[str] = []
    answer: list[str] = []
    async with aclosing(backend.stream(messages, params)) as stream:
        async for event in stream:
            elapsed_s = time.monotonic() - start
            match event:
                case Prefill(done_tokens=done, total_tokens=total):
                    progress(Sampling(index, 0, elapsed_s, (done, total)))
                case Reasoning(text=text, tokens=tokens):
                    reasoning.append(text)
                    progress(Sampling(index, tokens, elapsed_s))
                case Answer(text=text, tokens=tokens):
                    answer.append(text)
                    progress(Sampling(index, tokens, elapsed_s))
                case Done(finish_reason=reason, usage=usage):
                    completion = Completion("".join(reasoning), "".join(answer), reason, usage)
                    candidate = Candidate(index, program(completion.answer), completion)
                    return Sampled(candidate, elapsed_s)
    msg = "a backend's stream ended without Done"
    raise RuntimeError(msg)
