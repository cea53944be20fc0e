"""Candidates are sampled one after another while those already complete are judged.

The race ends at the first candidate that passes every example, unless all are wanted. What was
found is kept in `Race.outcomes` as it comes, so an interruption loses nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import EndpointError, EngineCrashed
from deepcoder_cli.prompts import messages
from deepcoder_cli.sandbox.judge import ajudge
from deepcoder_cli.solve.outcome import Judged, Outcome
from deepcoder_cli.solve.sample import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.sandbox.verdict import Judgement
    from deepcoder_cli.solve.outcome import RaceEvent, Sampled
    from deepcoder_cli.types import Message, Problem, SamplingParams

MAX_SEED = 2**32
JUDGED_AT_ONCE = 2  # more would only take the engine's cores


class Race:
    """One problem's candidates.

    Args:
        problem: its examples are the tests; without any, the first program ends the race.
        params: with a seed; candidate i is sampled with seed + i.
        n: most candidates to sample.
        runner: where programs run; may be None when the problem has no examples.
        sample_all: go on after a candidate that passes.
        prompt: what the model is asked; None is the problem's own prompt.
        progress: called with every event, in the event loop's thread.
    """

    def __init__(
        self,
        problem: Problem,
        params: SamplingParams,
        *,
        n: int,
        runner: Runner | None,
        sample_all: bool = False,
        prompt: Sequence[Message] | None = None,
        progress: Callable[[RaceEvent], None] = lambda _: None,
    ) -> None:
        self._problem = problem
        self._params = params
        self._n = n
        self._runner = runner
        self._sample_all = sample_all
        self._prompt = messages(problem) if prompt is None else prompt
        self._progress = progress
        self._outcomes: list[Outcome] = []
        self._finishing: set[asyncio.Task[None]] = set()
        self._judgements: dict[str, tuple[int, asyncio.Task[Judgement]]] = {}
        self._slots = asyncio.Semaphore(JUDGED_AT_ONCE)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The candidates that are done with, by index; all of them once `run` has returned."""
        return tuple(sorted(self._outcomes, key=lambda o: o.candidate.index))

    @property
    def is_won(self) -> bool:
        """Whether a candidate passes; without examples, whether there is a program."""
        if not self._problem.examples:
            return any(o.candidate.program is not None for o in self._outcomes)
        return any(o.passes for o in self._outcomes)

    async def run(self, backend: Backend) -> tuple[Outcome, ...]:
        """Sample and judge until the race is won or every candidate is done.

        Raises:
            InputError: the prompt does not fit the model's context, or an unknown checker.
            EngineCrashed, EndpointError: the engine died; what was found before is in `outcomes`.
        """
        try:
            for index in range(self._n):
                sampled = await self._sample(backend, index)
                if sampled is None:
                    break
                self._progress(sampled)
                self._finishing.add(asyncio.create_task(self._finish(sampled)))
            await self._wait_for(None)
        except (EngineCrashed, EndpointError):
            await self._wait_for(None)  # the candidates that are complete are still good
            raise
        finally:
            await _cancel([*self._finishing, *(task for _, task in self._judgements.values())])
        return self.outcomes

    @property
    def _is_over(self) -> bool:
        return self.is_won and not self._sample_all

    async def _sample(self, backend: Backend, index: int) -> Sampled | None:
        """Candidate `index`; None when an earlier one won meanwhile."""
        await asyncio.sleep(0)  # a candidate with nothing to judge is done with at once
        if self._is_over:
            return None
        params = replace(self._params, seed=self._seed(index))
        task = asyncio.create_task(
            sample(backend, self._prompt, params, index=index, progress=self._progress)
        )
        try:
            await self._wait_for(task)
            return task.result() if task.done() else None
        finally:
            await _cancel([task])

    async def _wait_for(self, sampling: asyncio.Task[Sampled] | None) -> None:
        """Until `sampling` is done (None: until every judgement is), or the race is over."""
        while not self._is_over and not (sampling and sampling.done()):
            waiting = {task for task in self._finishing if not task.done()}
            for task in self._finishing - waiting:
                task.result()  # raises what went wrong
            if sampling is None and not waiting:
                return
            everything = [*waiting, *([sampling] if sampling else [])]
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)

    async def _finish(self, sampled: Sampled) -> None:
        try:
            outcome = await self._judged(sampled)
        except asyncio.CancelledError:
            self._outcomes.append(replace(self._unjudged(sampled), stopped=True))
            raise
        self._outcomes.append(outcome)
        self._progress(Judged(outcome))

    def _seed(self, index: int) -> int:
        return ((self._params.seed or 0) + index) % MAX_SEED

    def _unjudged(self, sampled: Sampled) -> Outcome:
        return Outcome(sampled.candidate, self._seed(sampled.candidate.index), sampled.sample_s)

    async def _judged(self, sampled: Sampled) -> Outcome:
        candidate = sampled.candidate
        outcome = self._unjudged(sampled)
        if candidate.program is None or not self._problem.examples or self._runner is None:
            return outcome
        earlier = self._judgements.get(candidate.program)
        if earlier is not None:
            return replace(outcome, judgement=await earlier[1], same_as=earlier[0])
        task = asyncio.create_task(self._judge(candidate.program, self._runner))
        self._judgements[candidate.program] = (candidate.index, task)
        return replace(outcome, judgement=await task)

    async def _judge(self, program: str, runner: Runner) -> Judgement:
        async with self._slots:
            return await ajudge(
                program,
                self._problem.examples,
                runner=runner,
                limits=self._problem.limits,
                function=self._problem.function,
                checker=self._problem.checker,
                stop_at_first_failure=False,
            )


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
