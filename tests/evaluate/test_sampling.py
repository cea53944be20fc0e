"""Sampling: what is missing is made, in a fair order, whatever an endpoint does meanwhile."""

from __future__ import annotations

from contextlib import aclosing
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import EndpointError, EndpointUnavailable, InputError
from deepcoder_cli.evaluate.benchmark import Task
from deepcoder_cli.evaluate.progress import RunProgress
from deepcoder_cli.evaluate.records import SampleVerdict
from deepcoder_cli.evaluate.run import Sampled, Scored, Tokens
from deepcoder_cli.evaluate.run_info import ProblemInfo
from deepcoder_cli.evaluate.sampling import MAX_FAILURES, MAX_REFUSALS, asample, wanted
from deepcoder_cli.inference.backend import Answer, Done, Reasoning
from deepcoder_cli.types import Message, SamplingParams, Usage
from tests.evaluate.test_store import SAMPLE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from deepcoder_cli.evaluate.records import Sample
    from deepcoder_cli.evaluate.sampling import Wanted
    from deepcoder_cli.inference.backend import Event

PARAMS = SamplingParams(seed=1)


def task(number: int) -> Task:
    info = ProblemInfo(f"p{number}", f"Problem {number}", f"prompt {number}", 3)
    return Task(info, (Message("user", f"prompt {number}"),))


def missing(n: int = 2, budgets: Sequence[int] = (64,), done: Sequence[str] = ()) -> list[Wanted]:
    tasks = [task(number) for number in range(3)]
    return list(
        wanted(tasks, benchmark="b:1", model="m", n=n, budgets=budgets, params=PARAMS, done=done)
    )


class Scripted:
    """An engine that fails when it is told to; no real one does that on demand."""

    context_tokens = 1000

    def __init__(self, fails: Callable[[int, str], Exception | None]) -> None:
        self.asked: list[tuple[str, int | None]] = []
        self._fails = fails

    async def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        self.asked.append((messages[-1].content, params.seed))
        yield Reasoning("hm", 1)
        if (error := self._fails(len(self.asked), messages[-1].content)) is not None:
            raise error
        yield Answer("```python\nprint(1)\n```", 9)
        yield Done("stop", Usage(5, 9), params.seed)

    async def aclose(self) -> None:
        """Nothing to close."""


async def sampled(backend: Scripted, asked: list[Wanted], at_once: int = 1) -> list[Sample]:
    samples = asample(backend, asked, benchmark="b:1", model="m", at_once=at_once)
    async with aclosing(samples):
        return [sample async for sample in samples]


def test_every_problem_is_seen_before_any_a_second_time() -> None:
    asked = missing(n=2, budgets=(16, 64))

    assert [(w.params.max_tokens, w.index, w.task.info.id) for w in asked] == [
        (budget, index, f"p{n}") for budget in (16, 64) for index in (0, 1) for n in range(3)
    ]
    assert len({w.key for w in asked}) == 12


def test_what_there_is_is_not_wanted_again() -> None:
    every = missing()

    assert missing(done=[w.key for w in every[:4]]) == every[4:]


async def test_samples_hold_both_parts_and_the_seed_of_their_key() -> None:
    backend = Scripted(lambda _number, _prompt: None)
    samples = await sampled(backend, missing(), at_once=3)

    assert {sample.key for sample in samples} == {w.key for w in missing()}
    assert {(s.reasoning, s.finish_reason, s.completion_tokens) for s in samples} == {
        ("hm", "stop", 9)
    }
    assert {s.key: s.seed for s in samples} == {w.key: w.seed for w in missing()}


async def test_an_endpoint_that_was_away_is_asked_again_after_the_others() -> None:
    backend = Scripted(lambda number, _: EndpointUnavailable("away") if number == 2 else None)
    samples = await sampled(backend, missing())

    assert len(samples) == 6
    assert [prompt for prompt, _ in backend.asked] == [
        "prompt 0", "prompt 1", "prompt 2", "prompt 0", "prompt 1", "prompt 2", "prompt 1",
    ]  # fmt: skip
    assert backend.asked[1] == backend.asked[-1]  # with the same seed


async def test_one_that_stays_away_ends_the_run_and_what_was_made_is_given() -> None:
    backend = Scripted(lambda number, _: EndpointUnavailable("away") if number > 2 else None)
    made: list[Sample] = []

    async def keep() -> None:
        samples = asample(backend, missing(), benchmark="b:1", model="m", at_once=1)
        async with aclosing(samples):
            async for sample in samples:
                made.append(sample)  # noqa: PERF401 - they are kept when it raises

    with pytest.raises(EndpointUnavailable):
        await keep()

    assert len(made) == 2
    assert len(backend.asked) == 2 + MAX_FAILURES + 1


async def test_one_prompt_that_is_refused_stops_no_other() -> None:
    backend = Scripted(
        lambda _, prompt: EndpointError("content filter.") if prompt == "prompt 1" else None
    )
    made: list[Sample] = []

    async def keep() -> None:
        samples = asample(backend, missing(), benchmark="b:1", model="m", at_once=3)
        async with aclosing(samples):
            async for sample in samples:
                made.append(sample)  # noqa: PERF401 - they are kept when it raises

    with pytest.raises(EndpointError, match=r"2 samples were refused .* content filter"):
        await keep()
    assert [sample.problem for sample in made].count("p1") == 0
    assert len(made) == 4


async def test_a_server_that_refuses_everything_is_not_asked_for_all() -> None:
    backend = Scripted(lambda _number, _prompt: EndpointError("no such model"))
    with pytest.raises(EndpointError, match="no such model"):
        await sampled(backend, missing(n=100))
    assert len(backend.asked) == MAX_REFUSALS + 1


async def test_a_prompt_that_does_not_fit_scores_nothing_and_stops_nobody() -> None:
    backend = Scripted(lambda _, prompt: InputError("too long") if prompt == "prompt 1" else None)
    samples = await sampled(backend, missing())
    cut = [sample for sample in samples if sample.problem == "p1"]

    assert len(samples) == 6
    assert [(s.answer, s.truncated, s.completion_tokens) for s in cut] == [("", True, 0)] * 2


def test_progress_tells_rate_score_and_what_is_left() -> None:
    stream = StringIO()
    progress = RunProgress(
        total=4, sampled=1, scored=1, accepted=1, checker="strict/1", stream=stream
    )
    progress(Tokens("k9", 30))
    progress(Sampled(SAMPLE))
    verdict = SampleVerdict("k0", "strict/1", "WA", "p1", 0, 0, 3, 0, "", None, 0.0)
    progress(Scored((verdict,)))

    assert progress.text(10.0) == (
        "2 of 4 sampled, 5 tokens/s, 2 scored, strict/1 50.0% (9.5% to 90.5%), 0:20 left"
    )
    assert stream.getvalue() == ""  # off a terminal, a line every half minute
