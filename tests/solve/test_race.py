"""The race: candidates are judged while others are sampled, in the real sandbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import EngineCrashed
from deepcoder_cli.solve.outcome import Judged, Sampled, Sampling, choose, verdict_label
from deepcoder_cli.solve.race import Race
from deepcoder_cli.types import Limits, Problem, SamplingParams, TestCase
from tests.solve.conftest import CRASH, FOREVER, ScriptedBackend, fenced

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.solve.outcome import RaceEvent

SUM = Problem(
    id="sum",
    title="Sum",
    statement="Add two integers.",
    examples=(TestCase("1 2\n", "3\n"), TestCase("0 0\n", "0\n")),
    limits=Limits(cpu_s=5),
)
RIGHT = fenced("print(sum(map(int, input().split())))")
HALF = fenced("print(3)")
WRONG = fenced("print(99)")
BROKEN = fenced("print(")


def race(runner: Runner | None, n: int, *, problem: Problem = SUM, **options: object) -> Race:
    params = SamplingParams(seed=7)
    return Race(problem, params, n=n, runner=runner, **options)  # type: ignore[arg-type]


async def test_stops_at_the_first_candidate_that_passes(runner: Runner) -> None:
    backend = ScriptedBackend([WRONG, RIGHT, FOREVER, RIGHT])
    outcomes = await race(runner, 4).run(backend)

    labels = [verdict_label(o) for o in outcomes]
    assert labels[0] in {"WA", "stopped"}  # whichever of the two judgements ends first
    assert labels[1:] == ["AC"]
    assert backend.seeds[:2] == [7, 8]
    assert len(backend.seeds) <= 3
    assert backend.closed_early == len(backend.seeds) - 2


async def test_a_win_stops_a_candidate_that_is_being_sampled(runner: Runner) -> None:
    backend = ScriptedBackend([RIGHT, FOREVER])
    outcomes = await race(runner, 2).run(backend)

    assert [verdict_label(o) for o in outcomes] == ["AC"]
    assert backend.closed_early == 1


async def test_all_samples_every_candidate(runner: Runner) -> None:
    backend = ScriptedBackend([RIGHT, WRONG, HALF, BROKEN])
    outcomes = await race(runner, 4, sample_all=True).run(backend)

    assert [verdict_label(o) for o in outcomes] == ["AC", "WA", "WA", "CE"]
    assert [o.passed for o in outcomes] == [2, 0, 1, 0]
    assert backend.seeds == [7, 8, 9, 10]


async def test_a_candidate_without_a_program_is_not_judged(runner: Runner) -> None:
    outcomes = await race(runner, 2).run(ScriptedBackend(["I cannot.", "```python\nprint("]))

    assert [verdict_label(o) for o in outcomes] == ["no program", "no program"]
    assert choose(outcomes) is None


async def test_identical_programs_are_judged_once(runner: Runner) -> None:
    outcomes = await race(runner, 3).run(ScriptedBackend([WRONG, HALF, WRONG]))

    assert [o.same_as for o in outcomes] == [None, None, 0]
    assert outcomes[2].judgement is outcomes[0].judgement


async def test_the_candidate_with_most_examples_is_chosen(runner: Runner) -> None:
    outcomes = await race(runner, 3).run(ScriptedBackend([BROKEN, WRONG, HALF]))
    chosen = choose(outcomes)

    assert chosen is not None
    assert chosen.candidate.index == 2


async def test_without_examples_the_first_program_ends_the_race() -> None:
    problem = Problem(id="p", title="p", statement="Say hello.")
    backend = ScriptedBackend(["no code", WRONG, FOREVER])
    outcomes = await race(None, 3, problem=problem).run(backend)

    assert [verdict_label(o) for o in outcomes] == ["no program", "untested"]


async def test_function_problems_are_judged_by_their_value(runner: Runner) -> None:
    problem = Problem(
        id="f",
        title="f",
        statement="Add.",
        examples=(TestCase("[1,2]\n3", "[1,2,3]"),),
        starter_code="def f(a, b):\n    pass\n",
        function="f",
    )
    backend = ScriptedBackend([fenced("def f(a, b):\n    return a + [b]")])

    assert [verdict_label(o) for o in await race(runner, 1, problem=problem).run(backend)] == ["AC"]


async def test_events_tell_the_whole_story(runner: Runner) -> None:
    events: list[RaceEvent] = []
    await race(runner, 1, progress=events.append).run(ScriptedBackend([RIGHT]))

    assert events[0] == Sampling(0, 0, events[0].elapsed_s, (10, 10))  # type: ignore[union-attr]
    assert [Sampling, Sampled, Judged] == list(dict.fromkeys(type(e) for e in events))


async def test_what_was_judged_before_a_crash_is_kept(runner: Runner) -> None:
    running = race(runner, 2, sample_all=True)
    with pytest.raises(EngineCrashed):
        await running.run(ScriptedBackend([RIGHT, CRASH]))

    assert running.is_won


async def test_cancelling_keeps_what_passed_and_closes_the_stream(runner: Runner) -> None:
    won = asyncio.Event()
    backend = ScriptedBackend([RIGHT, FOREVER])
    running = race(
        runner, 2, sample_all=True, progress=lambda e: won.set() if isinstance(e, Judged) else None
    )
    task = asyncio.create_task(running.run(backend))
    await asyncio.wait_for(won.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert running.is_won
    assert backend.closed_early == 1
    assert {asyncio.current_task()} == asyncio.all_tasks()
