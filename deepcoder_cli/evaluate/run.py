"""A run under way: samples are made, kept, scored and kept again, whatever comes between.

A sample is on the disk before it is scored; a verdict is on the disk before it is counted. So a run
that is killed at any point goes on where it was: what is kept is neither made nor judged again.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.sampling import asample, wanted
from deepcoder_cli.evaluate.scoring import ascore
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.evaluate.records import Sample, SampleVerdict
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.scoring import Scorer
    from deepcoder_cli.evaluate.store import RunFolder, Writer
    from deepcoder_cli.inference.backend import Backend

SCORED_BESIDE_ENGINE = 2  # more would only take the local engine's cores


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample has been made and kept."""

    sample: Sample


@dataclass(frozen=True, slots=True)
class Tokens:
    """A sample under way has so many new tokens."""

    key: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample has been scored, by every checker, and that is kept."""

    verdicts: tuple[SampleVerdict, ...]


RunEvent = Sampled | Tokens | Scored


async def sample_run(
    folder: RunFolder,
    info: RunInfo,
    benchmark: Benchmark,
    backend: Backend,
    *,
    scorer: Scorer | None,
    at_once: int,
    progress: Callable[[RunEvent], None],
) -> None:
    """Make what the run lacks; score that, and what an earlier session left unscored.

    Args:
        folder: where everything is kept.
        info: what the run is asked.
        benchmark: its problems and rules.
        backend: who answers.
        scorer: None leaves scoring for later.
        at_once: most completions under way.
        progress: told of everything, in the event loop's thread.

    Raises:
        DeepcoderError: what ended the sampling; what was done before is kept and scored.
    """
    with folder.writing() as writer:
        done, open_ones = _there(folder, scorer)
        missing = wanted(
            benchmark.tasks, benchmark=info.benchmark, model=info.model, n=info.n,
            budgets=info.budgets, params=params_of(info), done=done,
        )  # fmt: skip
        keeper = _Keeper(writer, scorer, progress)
        try:
            keeper.score_later(open_ones)
            async with aclosing(
                asample(
                    backend, missing, benchmark=info.benchmark, model=info.model, at_once=at_once,
                    tokens=lambda key, count: progress(Tokens(key, count)),
                )
            ) as samples:  # fmt: skip
                async for sample in samples:
                    keeper.keep(sample)
        finally:
            await keeper.finish()


async def score_run(
    folder: RunFolder,
    scorer: Scorer,
    *,
    samples: Iterable[Sample],
    progress: Callable[[RunEvent], None],
) -> None:
    """Score `samples` and keep the verdicts; nothing is generated."""
    with folder.writing() as writer:
        async with aclosing(ascore(samples, scorer)) as scored:
            async for verdicts in scored:
                _keep(writer, verdicts, progress)


def _there(folder: RunFolder, scorer: Scorer | None) -> tuple[set[str], list[Sample]]:
    """The keys of the samples there are, and those of them that are still to be scored."""
    done: set[str] = set()

    def seen() -> Iterator[Sample]:
        for sample in folder.samples():
            done.add(sample.key)
            yield sample

    open_ones = list(unscored(seen(), folder.verdicts(), scorer))
    return done, open_ones


def params_of(info: RunInfo) -> SamplingParams:
    """How a run samples; the budget comes with each sample."""
    return SamplingParams(info.temperature, info.top_p, seed=info.seed)


def unscored(
    samples: Iterable[Sample],
    verdicts: Mapping[str, Mapping[str, SampleVerdict]],
    scorer: Scorer | None,
) -> Iterator[Sample]:
    """Samples that some checker has not judged, or where the judge itself had failed (IE)."""
    checkers = () if scorer is None else scorer.checkers
    for sample in samples:
        found = [verdicts.get(checker, {}).get(sample.key) for checker in checkers]
        if any(verdict is None or verdict.verdict == "IE" for verdict in found):
            yield sample


class _Keeper:
    """Keeps samples, and has them scored in the background."""

    def __init__(
        self, writer: Writer, scorer: Scorer | None, progress: Callable[[RunEvent], None]
    ) -> None:
        self._writer = writer
        self._scorer = scorer
        self._progress = progress
        self._room = asyncio.Semaphore(SCORED_BESIDE_ENGINE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    def keep(self, sample: Sample) -> None:
        self._writer.add(sample)
        self._progress(Sampled(sample))
        self.score_later([sample])

    def score_later(self, samples: Iterable[Sample]) -> None:
        if self._scorer is None:
            return
        for sample in samples:
            task = asyncio.create_task(self._score(sample, self._scorer))
            self._tasks.add(task)
            task.add_done_callback(self._done)
        if self._failure is not None:
            raise self._failure

    async def finish(self) -> None:
        """Wait until all is scored; when cancelled, stop that too."""
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._scorer is not None:
                await self._scorer.aclose()
        if self._failure is not None:
            raise self._failure

    async def _score(self, sample: Sample, scorer: Scorer) -> None:
        async with self._room:
            _keep(self._writer, await scorer.score(sample), self._progress)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error


def _keep(
    writer: Writer, verdicts: list[SampleVerdict], progress: Callable[[RunEvent], None]
) -> None:
    for verdict in verdicts:
        writer.add(verdict)
    progress(Scored(tuple(verdicts)))
