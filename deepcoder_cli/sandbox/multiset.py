"""Pairing two lists whose elements match only within a tolerance, in whatever order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
MAX_STEPS = 1_000_000  # beside a few for each element; a hostile output costs a second or so


def all_paired(
    want: Sequence[T], got: Sequence[T], compared: Callable[[T, T], tuple[bool, int]]
) -> bool:
    """Whether each of `want` can be paired with one of `got` that matches it, none left over.

    `compared` says whether two match and how many steps (each about a microsecond) it took to see.
    Exact (augmenting paths), up to MAX_STEPS; past that the answer is no. One comparison that
    succeeds is free for each element, so it is fast, and no list is too long, where both are in
    roughly the same order.

    >>> all_paired([1, 2], [2, 3], lambda a, b: (abs(a - b) <= 1, 1))
    True
    """
    if len(want) != len(got):
        return False
    pairing = _Pairing(want, got, compared)
    return all(pairing.add(index) for index in range(len(want)))


class _Pairing:
    """Pairs found so far: `partner_of[i]` in `got` for each i of `want`, and `owner` back."""

    def __init__(
        self, want: Sequence[T], got: Sequence[T], compared: Callable[[T, T], tuple[bool, int]]
    ) -> None:
        self._compared: Callable[[int, int], tuple[bool, int]] = lambda i, j: compared(
            want[i], got[j]
        )
        self._size = len(want)
        self._left = MAX_STEPS + 8 * self._size
        self._last = 0  # what the last comparison took
        self._owner: dict[int, int] = {}
        self._partner_of: dict[int, int] = {}

    def add(self, start: int) -> bool:
        """Pair `start` too, changing earlier pairs where that helps; whether it could be done."""
        found_by: dict[int, int] = {}
        queue = deque([start])
        while queue:
            index = queue.popleft()
            for partner in self._candidates(index, found_by):
                found_by[partner] = index
                if partner not in self._owner:
                    self._left += self._last
                    self._re_pair(partner, found_by)
                    return True
                queue.append(self._owner[partner])
        return False

    def _candidates(self, index: int, seen: dict[int, int]) -> Iterator[int]:
        """What `index` matches and nobody has looked at, nearest places first."""
        around = (index + step for far in range(self._size) for step in {far, -far})
        for partner in around:
            self._left -= 1
            if self._left < 0:
                return
            if not 0 <= partner < self._size or partner in seen:
                continue
            matches, self._last = self._compared(index, partner)
            self._left -= self._last
            if matches:
                yield partner

    def _re_pair(self, partner: int, found_by: dict[int, int]) -> None:
        """Give each on the path the partner through which it was reached."""
        free: int | None = partner
        while free is not None:
            index = found_by[free]
            before = self._partner_of.get(index)
            self._owner[free], self._partner_of[index] = index, free
            free = before
