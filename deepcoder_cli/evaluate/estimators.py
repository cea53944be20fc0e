"""Estimates of a score from samples of problems: pass@k, and how far it can be trusted.

All values are fractions of 1. A benchmark's problems are taken as drawn from all problems of its
kind, so what is resampled is problems, never the samples of one. Not covered: doubt about the
checker itself, and how problems that look alike (one contest, one author) hang together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95
MAX_KINDS = 24  # distinct values up to which drawing how often each comes is the faster way
_CHUNK = 1 << 22  # resampled values held at a time: 32 MiB


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over problems with its interval.

    Attributes:
        value: the mean.
        low: and `high`, the interval's ends.
        problems: how many it is the mean of.
        method: `bootstrap`, or `wilson` where all problems have one value and resampling them
            would pretend that nothing is in doubt.
    """

    value: float
    low: float
    high: float
    problems: int
    method: str = "bootstrap"


def pass_at_k(n: int, c: int, k: int) -> float:
    """The unbiased estimate that at least one of `k` samples is right, when `c` of `n` were.

    1 - prod_{i=n-c+1..n} (1 - k/i), and 1 where n - c < k: Chen et al. 2021, "Evaluating Large
    Language Models Trained on Code", figure 3.

    >>> round(pass_at_k(10, 3, 2), 4)
    0.5333

    Raises:
        ValueError: not 0 <= c <= n, or not 1 <= k <= n: fewer samples than k say nothing of k.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} of {c} right among {n} (0 <= right <= n, 1 <= k <= n)")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def mean_pass_at_k(
    counts: Sequence[tuple[int, int]], k: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate | None:
    """pass@k over problems, each given as (samples, right ones); None where no problem has k.

    Problems with fewer than `k` samples are left out: `Estimate.problems` says how many stayed.
    """
    values = [pass_at_k(n, c, k) for n, c in counts if n >= k]
    return estimate_mean(values, resamples=resamples, seed=seed) if values else None


def estimate_mean(
    values: Sequence[float], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The mean of `values` in 0 to 1, one a problem, with its interval.

    The percentile bootstrap over problems; where all values are the same, Wilson's interval.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("a mean of no problems")
    mean = math.fsum(values) / len(values)
    if min(values) == max(values):
        low, high = wilson(mean * len(values), len(values), level=level)
        return Estimate(mean, low, high, len(values), "wilson")
    low, high = bootstrap_interval(values, level=level, resamples=resamples, seed=seed)
    return Estimate(mean, low, high, len(values))


def bootstrap_interval(
    values: Sequence[float], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean of `values` (Efron & Tibshirani 1993, 13.3).

    The same values, in any order, and the same seed give the same interval.
    """
    means = resampled_means(values, resamples=resamples, seed=seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resampled_means(
    values: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0
) -> NDArray[np.float64]:
    """The means of `resamples` draws, with replacement, of as many values as there are.

    A draw of few distinct values is one multinomial draw of how often each comes: the same
    distribution as drawing them one by one, and ten times as fast.
    """
    rng = np.random.default_rng(seed)
    kinds, how_often = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    count = len(values)
    if len(kinds) <= MAX_KINDS:
        drawn = rng.multinomial(count, how_often / count, size=resamples)
        return np.asarray(drawn @ kinds / count, dtype=np.float64)
    return _means_one_by_one(np.repeat(kinds, how_often), resamples, rng)


def _means_one_by_one(
    values: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    means = np.empty(resamples)
    rows = max(1, _CHUNK // len(values))
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), len(values))
        means[start : start + rows] = values.take(rng.integers(len(values), size=size)).mean(axis=1)
    return means


def wilson(successes: float, trials: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a single proportion (Wilson 1927).

    >>> [round(end, 4) for end in wilson(169, 279)]
    [0.5473, 0.6613]

    Raises:
        ValueError: no trials, or not 0 <= successes <= trials.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} (at least 1 trial, 0 <= successes <= trials)")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = successes / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / trials + spread / trials / 4)
    # the ends are exact where no trial, or every one, succeeds; rounding must not pass them
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if successes == trials else min(1.0, centre + half)
