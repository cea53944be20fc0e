"""Judged runs a minute with one and two workers, hundreds of programs pending."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.sandbox.rows import Row, timed
from benchmarks.sandbox.runners import runner_with
from deepcoder_cli.sandbox.judge import ajudge
from deepcoder_cli.sandbox.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.sandbox.arms import Case
    from benchmarks.sandbox.cpu import Meter
    from deepcoder_cli.sandbox.runner import Runner

WORKERS = (1, 2)


def measure(case: Case, meter: Meter, *, programs: int, rounds: int) -> Iterator[Row]:
    """`programs` judgements pending at once, by each number of workers in turn."""
    for number in range(rounds):
        order = WORKERS if number % 2 == 0 else WORKERS[::-1]
        for workers in order:
            with runner_with(workers) as runner:
                _judged(runner, case, 2 * workers)  # every zygote is up
                row, verdicts = timed(
                    partial(_judged, runner, case, programs), meter,
                    section="throughput", program=case.name, arm=f"{workers} workers",
                    round_=number, runs=programs * len(case.tests),
                )  # fmt: skip
            _check(case, verdicts)
            yield row


def _judged(runner: Runner, case: Case, programs: int) -> Sequence[Verdict]:
    return asyncio.run(_judge_all(runner, case, programs))


async def _judge_all(runner: Runner, case: Case, programs: int) -> Sequence[Verdict]:
    """Each program differs by a comment, so none is taken from what is kept of another."""
    sources = (f"{case.source}# {number}\n" for number in range(programs))
    judgements = await asyncio.gather(
        *(ajudge(source, case.tests, runner=runner) for source in sources)
    )
    return [judgement.verdict for judgement in judgements]


def _check(case: Case, verdicts: Sequence[Verdict]) -> None:
    wrong = [verdict for verdict in verdicts if verdict is not Verdict.AC]
    if wrong:
        raise SystemExit(f"{case.name}: {len(wrong)} judgements are not AC, first: {wrong[0]}")
