"""Two runs on the same problems: the difference of their scores, and whether it could be luck.

Each problem is its own control, so the interval of the difference is far narrower than two
intervals laid side by side suggest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from deepcoder_cli.evaluate.estimators import LEVEL, RESAMPLES, bootstrap_interval, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EXACT_WORK = 200_000_000  # additions up to which the test is exact: about 0.2 s
FLIPS = 100_000  # random sign patterns beyond that


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of the paired differences `b - a` over problems.

    Attributes:
        value: fraction of 1; above 0 where B is better.
        low: and `high`, the 95 % interval: paired bootstrap over problems.
        p_value: of the two-sided test that nothing differs but by luck.
        test: which: `exact McNemar` for one sample a problem on both sides, `exact sign-flip`,
            or `sign-flip, 100,000 draws`.
        problems: how many both runs have.
    """

    value: float
    low: float
    high: float
    p_value: float
    test: str
    problems: int


def paired_difference(
    a: Sequence[Fraction], b: Sequence[Fraction], *, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """How much better B is than A; `a[i]` and `b[i]` are the two scores of problem i, 0 to 1.

    Raises:
        ValueError: no problems, or not as many in one as in the other.
    """
    if not a or len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} scores (as many in both, at least one)")
    differences = [right - left for left, right in zip(a, b, strict=True)]
    mean = sum(differences, Fraction()) / len(differences)
    low, high = _interval(differences, resamples, seed)
    p_value, test = sign_flip_test(differences, seed=seed)
    if all(score in {0, 1} for score in (*a, *b)):
        test = "exact McNemar"
    return Difference(float(mean), low, high, p_value, test, len(differences))


def _interval(differences: Sequence[Fraction], resamples: int, seed: int) -> tuple[float, float]:
    """The bootstrap's; where all differences are one value, as wide as Wilson's of a proportion."""
    first = differences[0]
    if any(difference != first for difference in differences):
        values = [float(difference) for difference in differences]
        return bootstrap_interval(values, resamples=resamples, seed=seed)
    half = wilson(0, len(differences), level=LEVEL)[1]
    return max(-1.0, float(first) - half), min(1.0, float(first) + half)


def mcnemar(only_a: int, only_b: int) -> float:
    """McNemar's exact test: the two-sided binomial p value of the problems that only one solves.

    >>> mcnemar(1, 9)
    0.021484375
    """
    count, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(count, i) for i in range(fewer + 1))
    return min(1.0, float(Fraction(2 * tail, 2**count)))


def sign_flip_test(differences: Sequence[Fraction], *, seed: int = 0) -> tuple[float, str]:
    """Fisher's paired randomisation test of "the sum is 0", two-sided; and how it was computed.

    If the runs do not differ, each difference might as well have the other sign. The p value is
    the share of sign patterns whose sum is at least as far from 0 as the one seen. For
    differences of -1, 0 and 1 that is McNemar's exact test.

    All patterns are counted, a difference at a time, over the sums they can reach; where those
    are too many (unequal numbers of samples), random patterns stand for all.
    """
    steps = [difference for difference in differences if difference]
    unit = math.lcm(1, *(step.denominator for step in steps))
    sizes = [abs(int(step * unit)) for step in steps]
    seen, reach = abs(int(sum(differences, Fraction()) * unit)), sum(sizes)
    if len(sizes) * (2 * reach + 1) <= EXACT_WORK:
        return _exact_p(sizes, seen, reach), "exact sign-flip"
    floats = np.array([abs(float(step)) for step in steps])
    return _drawn_p(floats, abs(float(sum(differences, Fraction()))), seed), (
        f"sign-flip, {FLIPS:,} draws"
    )


def _exact_p(sizes: Sequence[int], seen: int, reach: int) -> float:
    chances = np.zeros(2 * reach + 1)  # [reach + s]: the chance of the sum s
    chances[reach] = 1.0
    for size in sizes:
        moved = np.zeros_like(chances)
        moved[size:] += chances[: len(chances) - size]
        moved[: len(chances) - size] += chances[size:]
        chances = moved / 2
    away = np.abs(np.arange(-reach, reach + 1)) >= seen
    return min(1.0, float(chances[away].sum()))


def _drawn_p(sizes: NDArray[np.float64], seen: float, seed: int) -> float:
    rng = np.random.default_rng(seed)
    rows, hits = max(1, (1 << 22) // len(sizes)), 0
    for start in range(0, FLIPS, rows):
        shape = (min(rows, FLIPS - start), len(sizes))
        sums = rng.choice(np.array([-1.0, 1.0]), size=shape) @ sizes
        hits += int((np.abs(sums) >= seen - 1e-12).sum())
    return (hits + 1) / (FLIPS + 1)  # the pattern seen is one of them
