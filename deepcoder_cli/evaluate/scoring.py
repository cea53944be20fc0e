"""Scores samples: programs are extracted and judged, many at a time; nothing is ever generated.

Used by `eval score`, by `eval run` while it samples, and by training's difficulty filter.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.benchmark import Finding
from deepcoder_cli.evaluate.extraction import labelled, program_of
from deepcoder_cli.evaluate.records import SampleVerdict
from deepcoder_cli.sandbox.batch import default_at_once

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.evaluate.records import Sample
    from deepcoder_cli.sandbox.runner import Runner

NO_PROGRAM = "NP"


class Scorer:
    """Judges samples of one benchmark; the same program for the same problem is judged once."""

    def __init__(
        self, benchmark: Benchmark, runner: Runner, *, checkers: tuple[str, ...], extraction: str
    ) -> None:
        """Judge by `checkers`, in one go where the judge can."""
        self.checkers = tuple(labelled(checker, extraction) for checker in checkers)
        self._names = dict(zip(checkers, self.checkers, strict=True))
        self._benchmark = benchmark
        self._runner = runner
        self._extraction = extraction
        self._known: dict[tuple[str, bytes], asyncio.Task[Mapping[str, Finding]]] = {}

    async def score(self, sample: Sample) -> list[SampleVerdict]:
        """A verdict of each checker on `sample`.

        Raises:
            InputError: no such way to extract programs.
            SandboxUnavailable: there is no way to run a program.
        """
        program = program_of(sample, self._extraction)
        if program is None:
            why = "the budget cut the completion" if sample.truncated else "no program in it"
            nothing = Finding(NO_PROGRAM, 0, self._total(sample), None, why, 0.0)
            findings: Mapping[str, Finding] = dict.fromkeys(self._names, nothing)
        else:
            if not sample.is_program:
                program = self._benchmark.judge.whole(sample.problem, program)
            findings = await self._judged(sample.problem, program)
        return [
            SampleVerdict(
                sample.key, self._names[checker], str(found.verdict), sample.problem, sample.index,
                found.passed, found.total, found.first_failure, found.detail, program,
                found.seconds,
            )
            for checker, found in findings.items()
        ]  # fmt: skip

    def _total(self, sample: Sample) -> int:
        task = self._benchmark.task(sample.problem)
        return 0 if task is None else task.info.tests

    async def _judged(self, problem: str, program: str) -> Mapping[str, Finding]:
        digest = hashlib.sha256(program.encode("utf-8", "surrogatepass")).digest()
        task = self._known.get((problem, digest))
        if task is None or task.cancelled():
            judging = self._benchmark.judge.judge(
                problem, program, tuple(self._names), self._runner
            )
            task = asyncio.ensure_future(judging)
            self._known[problem, digest] = task
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Kill what is under way."""
        tasks = list(self._known.values())
        self._known.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ascore(
    samples: Iterable[Sample], scorer: Scorer, *, at_once: int | None = None
) -> AsyncGenerator[list[SampleVerdict], None]:
    """Score every sample, `at_once` at a time; yields the verdicts on each as they are known.

    Leave it early only within `contextlib.aclosing`; that kills what is under way.
    """
    queue = iter(samples)
    room = default_at_once() if at_once is None else at_once
    running: set[asyncio.Task[list[SampleVerdict]]] = set()
    try:
        while True:
            while len(running) < room and (sample := next(queue, None)) is not None:
                running.add(asyncio.create_task(scorer.score(sample)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await scorer.aclose()
