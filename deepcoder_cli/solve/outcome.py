"""What a race of candidates gives: an outcome for each, and events while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.verdict import Verdict

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.verdict import Judgement
    from deepcoder_cli.types import Candidate


@dataclass(frozen=True, slots=True)
class Outcome:
    """One candidate and what became of it.

    Attributes:
        candidate: with its program, or without one.
        seed: it was sampled with.
        sample_s: wall seconds of sampling.
        judgement: None when there is no program, or the problem has no examples.
        same_as: index of an earlier candidate with the very same program.
        stopped: the race ended before it was judged.
    """

    candidate: Candidate
    seed: int
    sample_s: float
    judgement: Judgement | None = None
    same_as: int | None = None
    stopped: bool = False

    @property
    def passes(self) -> bool:
        """Whether every example was accepted."""
        return self.judgement is not None and self.judgement.verdict is Verdict.AC

    @property
    def passed(self) -> int:
        """How many examples were accepted."""
        return self.judgement.passed if self.judgement else 0


@dataclass(frozen=True, slots=True)
class Sampling:
    """A candidate is being sampled; `tokens` so far; `reading` while the prompt is read."""

    index: int
    tokens: int
    elapsed_s: float
    reading: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A candidate is complete; its program, if any, is judged next."""

    candidate: Candidate
    sample_s: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate is done with."""

    outcome: Outcome


RaceEvent = Sampling | Sampled | Judged


def verdict_label(outcome: Outcome) -> str:
    """The verdict's code, or `no program`, `untested`, or `stopped`: the race ended first."""
    if outcome.candidate.program is None:
        return "no program"
    if outcome.judgement is not None:
        return outcome.judgement.verdict.value
    return "stopped" if outcome.stopped else "untested"


def choose(outcomes: tuple[Outcome, ...]) -> Outcome | None:
    """The candidate to show: passing first, then most examples passed, then the earliest.

    One whose judge failed, or that was stopped before its verdict, counts as passing nothing,
    after those that were judged.
    """
    with_program = [o for o in outcomes if o.candidate.program is not None]
    return min(with_program, key=_rank, default=None)


def _rank(outcome: Outcome) -> tuple[bool, int, bool, int]:
    judgement = outcome.judgement
    no_verdict = outcome.stopped or (judgement is not None and judgement.verdict is Verdict.IE)
    return (not outcome.passes, -outcome.passed, no_verdict, outcome.candidate.index)
