"""Samples a model on tasks: what is missing of a run, a number of completions at a time.

Used by `eval run`, and by training's difficulty filter: it knows no command line and no folder.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from deepcoder_cli.errors import EndpointError, EndpointUnavailable, InputError
from deepcoder_cli.evaluate.records import Sample, sample_key, seed_of
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.types import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator

    from deepcoder_cli.evaluate.benchmark import Task
    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.types import SamplingParams

MAX_FAILURES = 20  # samples on end that an endpoint was not there for
MAX_REFUSALS = 8  # on end: then it is not one prompt that is refused


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

    A prompt that does not fit the context gives an empty sample, cut by `length`. A sample that an
    endpoint was not there for is asked again after the others.

    Raises:
        EndpointError: samples were refused; or, when what is under way is done, the endpoint was
            not there for MAX_FAILURES samples on end, or refused MAX_REFUSALS. What could be had
            has been yielded.
        EngineCrashed: the same of the local engine.
    """
    make = partial(_sample, backend, benchmark=benchmark, model=model, tokens=tokens)
    rest = _Rest(missing)
    running: dict[asyncio.Task[Sample], Wanted] = {}
    try:
        while True:
            while len(running) < at_once and (one := rest.next()) is not None:
                running[asyncio.create_task(make(one))] = one
            if not running:
                break
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task, one in [(task, running.pop(task)) for task in done]:
                if (error := task.exception()) is not None:
                    rest.failed(one, error)
                    continue
                rest.went_well()
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    rest.raise_what_is_left()


class _Rest:
    """What is still to be asked, and what came of those that failed."""

    def __init__(self, missing: Iterable[Wanted]) -> None:
        self._queue = iter(missing)
        self._again: deque[Wanted] = deque()
        self._refused: list[EndpointError] = []
        self._gives_up: BaseException | None = None
        self._on_end = 0  # failures

    def next(self) -> Wanted | None:
        """The next one; those that an endpoint was not there for come last."""
        if self._gives_up is not None:
            return None
        one = next(self._queue, None)
        return self._again.popleft() if one is None and self._again else one

    def went_well(self) -> None:
        self._on_end = 0

    def failed(self, one: Wanted, error: BaseException) -> None:
        """Ask again later, or set aside: perhaps this prompt alone is refused."""
        self._on_end += 1
        most = MAX_REFUSALS
        if isinstance(error, EndpointUnavailable):
            most = MAX_FAILURES
            self._again.append(one)
        elif isinstance(error, EndpointError):
            self._refused.append(error)
        else:
            raise error
        if self._on_end > most:
            self._gives_up = self._gives_up or error

    def raise_what_is_left(self) -> None:
        """Say what could not be had."""
        if self._gives_up is not None:
            raise self._gives_up
        if self._refused:
            msg = f"{len(self._refused)} samples were refused and are missing"
            raise EndpointError(
                f"{msg}, the first: {self._refused[0]} The same command asks for them again."
            )


async def _sample(
    backend: Backend,
    one: Wanted,
    *,
    benchmark: str,
    model: str,
    tokens: Callable[[str, int], None],
) -> Sample:
    started = time.monotonic()
    reasoning: list[str] = []
    answer: list[str] = []
    params = replace(one.params, seed=one.seed)
    try:
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
    except InputError:  # the prompt does not fit the context
        nothing = Done("length", Usage(0, 0), one.seed)
        return _whole(one, benchmark, model, [], [], nothing, started)
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
        seed=done.seed,
        reasoning="".join(reasoning),
        answer="".join(answer),
        finish_reason=done.finish_reason,
        prompt_tokens=done.usage.prompt_tokens if done.usage.reported else None,
        completion_tokens=done.usage.completion_tokens if done.usage.reported else None,
        seconds=round(time.monotonic() - started, 3),
    )
