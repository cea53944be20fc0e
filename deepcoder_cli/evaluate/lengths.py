"""How long completions are: their quantiles and histogram, the ones that the budget cut apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BINS = 16


@dataclass(frozen=True, slots=True)
class Bin:
    """Completions of more than `low` and at most `high` tokens; the first bin has 0 too."""

    low: int
    high: int
    count: int
    truncated: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Completion lengths in tokens, reasoning included.

    Attributes:
        known: completions whose length the backend told, and `unknown`, the others.
        median: and `p90`, `longest`: lengths that occurred (nearest rank); None where unknown.
        bins: of equal width, a power of two, at most 16 of them.
    """

    known: int
    unknown: int
    median: int | None
    p90: int | None
    longest: int | None
    bins: tuple[Bin, ...]


def lengths_of(completions: Sequence[tuple[int | None, bool]]) -> Lengths:
    """The lengths of completions, each given as (tokens, whether the budget cut it).

    >>> lengths_of([(100, False), (300, False), (512, True), (None, False)]).median
    300
    """
    known = [(tokens, cut) for tokens, cut in completions if tokens is not None]
    unknown = len(completions) - len(known)
    if not known:
        return Lengths(0, unknown, None, None, None, ())
    tokens = np.array([length for length, _ in known], dtype=np.int64)
    cut = np.array([was_cut for _, was_cut in known], dtype=bool)
    median, p90 = np.quantile(tokens, [0.5, 0.9], method="inverted_cdf")
    longest = int(tokens.max())
    edges = _edges(longest)
    places = np.maximum(np.searchsorted(edges, tokens, side="left") - 1, 0)
    counts = np.bincount(places, minlength=len(edges) - 1)
    cuts = np.bincount(places[cut], minlength=len(edges) - 1)
    bins = tuple(
        Bin(int(edges[i]), int(edges[i + 1]), int(counts[i]), int(cuts[i]))
        for i in range(len(counts))
    )
    return Lengths(len(known), unknown, int(median), int(p90), longest, bins)


def _edges(longest: int) -> range:
    width = 1
    while width * MAX_BINS < longest:
        width *= 2
    return range(0, -(-max(longest, 1) // width) * width + 1, width)
