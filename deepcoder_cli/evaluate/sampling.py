"""Samples a model on tasks: what is missing of a run, a number of completions at a time.

Used by `eval run`, and by training's difficulty filter: it knows no command line and no folder.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.records import Sample, sample_key, seed_of
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator

    from deepcoder_cli.evaluate.benchmark import Task
    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.types import SamplingParams


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sample that is to be made.

    Attributes:
        key: and `seed`, drawn from it.
        task: what is asked.
        index: 0 to n - 1.
        params: with the budget as `max_tokens`, and the run's seed.
    """

    key: str
    task: Task
    index: int
    params: SamplingParams

    @property
    def seed(self) -> int:
        """What it is sampled with."""
        return seed_of(self.key)


def wanted(
    tasks: Iterable[Task],
    *,
    benchmark: str,
    model: str,
    n: int,
    budgets: Iterable[int],
    params: SamplingParams,
    done: Collection[str] = (),
) -> Iterator[Wanted]:
    """What a run still lacks: all first samples before all second ones, so that a run that is
    stopped has seen every problem as often.

    Args:
        tasks: the problems.
        benchmark: name and version, part of every key.
        model: as the run names it.
        n: samples a problem and budget.
        budgets: most new tokens of a sample, reasoning included.
        params: temperature, top_p and the run's seed.
        done: keys of samples there are.
    """  # noqa: D205 - one sentence
    tasks = tuple(tasks)
    for budget in budgets:
        asked = replace(params, max_tokens=budget)
        for index in range(n):
            for task in tasks:
                prompt = task.messages[-1].content
                key = sample_key(
                    benchmark=benchmark, prompt=prompt, model=model, params=asked,
                    problem=task.info.id, index=index,
                )  # fmt: skip
                if key not in done:
                    yield Wanted(key, task, index, asked)


async def asample(
    backend: Backend,
    missing: Iterable[Wanted],
    *,
    benchmark: str,
    model: str,
    at_once: int,
    tokens: Callable[[str, int], None] = lambda _key, _tokens: None,
) -> AsyncGenerator[Sample, None]:
    """Make every sample of `missing`; yields each as it is done.

    Closing the generator stops what is under way. Leave it early only within
    `contextlib.aclosing`.

    Args:
        backend: who answers.
        missing: taken one by one, as there is room.
        benchmark: as the samples name it.
        model: as the samples name it.
        at_once: most completions under way.
        tokens: told of every sample's new tokens so far, in the event loop's thread.

    Raises:
        InputError: a prompt does not fit the context.
        EndpointError: the endpoint failed for good. What was done before has been yielded.
        EngineCrashed: the same of the local engine.
    """
    queue = iter(missing)
    running: set[asyncio.Task[Sample]] = set()
    try:
        while True:
            while len(running) < at_once and (one := next(queue, None)) is not None:
                coroutine = _sample(backend, one, benchmark, model, tokens)
                running.add(asyncio.create_task(coroutine))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            failed = [task for task in done if task.exception() is not None]
            for task in done:
                if task not in failed:
                    yield task.result()
            if failed:
                failed[0].result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _sample(
    backend: Backend,
    one: Wanted,
    benchmark: str,
    model: str,
    tokens: Callable[[str, int], None],
) -> Sample:
    started = time.monotonic()
    reasoning: list[str] = []
    answer: list[str] = []
    params = replace(one.params, seed=one.seed)
    async with aclosing(backend.stream(one.task.messages, params)) as stream:
        async for event in stream:
            match event:
                case Prefill():
                    pass
                case Reasoning(text=text, tokens=count):
                    reasoning.append(text)
                    tokens(one.key, count)
                case Answer(text=text, tokens=count):
                    answer.append(text)
                    tokens(one.key, count)
                case Done():
                    return _whole(one, benchmark, model, reasoning, answer, event, started)
    msg = "a backend's stream ended without Done"
    raise RuntimeError(msg)


def _whole(
    one: Wanted, benchmark: str, model: str, reasoning: list[str], answer: list[str], done: Done,
    started: float,
) -> Sample:  # fmt: skip
    return Sample(
        key=one.key,
        benchmark=benchmark,
        problem=one.task.info.id,
        index=one.index,
        model=model,
        budget=one.params.max_tokens,
        seed=one.seed if done.seed is None else done.seed,
        reasoning="".join(reasoning),
        answer="".join(answer),
        finish_reason=done.finish_reason,
        prompt_tokens=done.usage.prompt_tokens,
        completion_tokens=done.usage.completion_tokens,
        seconds=round(time.monotonic() - started, 3),
    )
