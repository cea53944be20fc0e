"""A score of a set of samples: pass@k with its interval and its denominators."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.estimators import mean_pass_at_k

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from deepcoder_cli.evaluate.estimators import Estimate
    from deepcoder_cli.evaluate.run_info import ProblemInfo

Counts = dict[str, tuple[int, int]]  # problem id -> samples judged, samples accepted

DIFFICULTIES = ("easy", "medium", "hard")  # LiveCodeBench's; other words come after, sorted
UNKNOWN = "unknown"
_USUAL_KS = (1, 2, 4, 8, 10, 16, 32, 64, 100)


@dataclass(frozen=True, slots=True)
class Score:
    """What one checker says of a set of samples.

    Attributes:
        name: of the set: `all`, `easy`, `atcoder`.
        problems: with at least one verdict: the denominator of pass@1.
        samples: with a verdict.
        accepted: of the samples.
        solved: problems with an accepted sample.
        pass_at: (k, estimate), smallest k first; each estimate has its own denominator, as
            problems with fewer than k verdicts are left out of it.
    """

    name: str
    problems: int
    samples: int
    accepted: int
    solved: int
    pass_at: tuple[tuple[int, Estimate], ...]

    @property
    def pass_at_1(self) -> Estimate:
        """The first of them."""
        return self.pass_at[0][1]


def usual_ks(n: int) -> tuple[int, ...]:
    """The k worth a line when there are `n` samples a problem.

    >>> usual_ks(12)
    (1, 2, 4, 8, 10, 12)
    """
    return tuple(sorted({*(k for k in _USUAL_KS if k <= n), n}))


def count(verdicts: Iterable[tuple[str, bool]]) -> Counts:
    """Samples and accepted ones of each problem, from (problem id, accepted)."""
    judged: defaultdict[str, int] = defaultdict(int)
    accepted: defaultdict[str, int] = defaultdict(int)
    for problem, right in verdicts:
        judged[problem] += 1
        accepted[problem] += right
    return {problem: (judged[problem], accepted[problem]) for problem in judged}


def score(name: str, counts: Mapping[str, tuple[int, int]], ks: Sequence[int]) -> Score | None:
    """The score of `counts`; None where there is no verdict."""
    pairs = list(counts.values())
    estimates = ((k, mean_pass_at_k(pairs, k)) for k in sorted({1, *ks}))
    pass_at = tuple((k, estimate) for k, estimate in estimates if estimate is not None)
    if not pass_at:
        return None
    return Score(
        name, len(pairs), sum(n for n, _ in pairs), sum(c for _, c in pairs),
        sum(c > 0 for _, c in pairs), pass_at,
    )  # fmt: skip


def scores_by(
    word: Callable[[ProblemInfo], str | None],
    problems: Sequence[ProblemInfo],
    counts: Mapping[str, tuple[int, int]],
) -> tuple[Score, ...]:
    """pass@1 for each word that `word` says of a problem; empty where it never says one."""
    if not any(word(problem) for problem in problems):
        return ()
    parts: defaultdict[str, Counts] = defaultdict(dict)
    for problem in problems:
        if problem.id in counts:
            parts[word(problem) or UNKNOWN][problem.id] = counts[problem.id]
    scores = (score(name, parts[name], (1,)) for name in sorted(parts, key=place_of))
    return tuple(part for part in scores if part is not None)


def place_of(word: str) -> tuple[int, str]:
    """Where a word sorts: easy before hard, words unknown to us after those, `unknown` last."""
    if word == UNKNOWN:
        return len(DIFFICULTIES) + 1, word
    lower = word.lower()
    return DIFFICULTIES.index(lower) if lower in DIFFICULTIES else len(DIFFICULTIES), lower
