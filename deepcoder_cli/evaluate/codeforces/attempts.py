"""What a run tried: the verdicts on each problem, in the order of the attempts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import DeepcoderError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deepcoder_cli.evaluate.records import SampleVerdict

INTERNAL_ERROR = "IE"


@dataclass(frozen=True, slots=True)
class Attempts:
    """Which attempts were accepted.

    Attributes:
        by_problem: for each problem that was tried, by the sample's index.
        checker: what made the verdicts; "" where there are none.
        most: the most attempts that a problem was given.
    """

    by_problem: Mapping[str, Mapping[int, bool]]
    checker: str
    most: int

    def failed_before(self, problem: str) -> int | None:
        """How many attempts failed before the first accepted one; None where none was."""
        done = self.by_problem[problem]
        return min((index for index, accepted in done.items() if accepted), default=None)


def attempts_of(verdicts: Iterable[SampleVerdict], limit: int | None = None) -> Attempts:
    """The first `limit` attempts at each problem, or all of them.

    A sample's index is its place among the attempts; one without a program is a failed attempt.

    Raises:
        InputError: verdicts of two checkers, or two for one attempt.
        DeepcoderError: the judge itself failed on an attempt, so there is no honest rating.
    """
    found: dict[str, dict[int, bool]] = defaultdict(dict)
    checkers: set[str] = set()
    faults: Counter[str] = Counter()
    for verdict in verdicts:
        if limit is not None and verdict.index >= limit:
            continue
        if verdict.index in found[verdict.problem] and verdict.checker in checkers:
            msg = f"two verdicts for attempt {verdict.index} of {verdict.problem} (one)."
            raise InputError(f"{msg} Choose one budget.")
        checkers.add(verdict.checker)
        found[verdict.problem][verdict.index] = verdict.accepted
        faults[verdict.problem] += verdict.verdict == INTERNAL_ERROR
    if len(checkers) > 1:
        raise InputError(f"several checkers: {', '.join(sorted(checkers))} (one). Choose one.")
    if failed := +faults:
        msg = f"no rating: the judge failed on {failed.total()} attempts (none may fail)"
        raise DeepcoderError(f"{msg}, first at {next(iter(failed))}. Score the run again.")
    most = max((len(done) for done in found.values()), default=0)
    return Attempts(found, next(iter(checkers), ""), most)
