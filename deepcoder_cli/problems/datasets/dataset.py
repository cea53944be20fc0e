"""A data set as a stream of problems, with the count and the reasons of the rows it refused."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deepcoder_cli.problems.datasets.parts import Part, sha256_of
from deepcoder_cli.problems.datasets.row import DatasetProblem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deepcoder_cli.problems.datasets.fields import Row

MAX_REFUSED_KEPT = 1000
_TWICE = "an earlier row has the same id"


@dataclass(slots=True)
class Tally:
    """What one pass over a data set has met so far.

    Attributes:
        given: problems.
        left_out: rows that `keep` did not want.
        by_kind: refused rows, by kind.
        refused: the first 1000 of them.
    """

    given: int = 0
    left_out: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, refused: Refused) -> None:
        """Count a row that is no problem."""
        self.by_kind[refused.kind] += 1
        if len(self.refused) < MAX_REFUSED_KEPT:
            self.refused.append(refused)


class Dataset:
    """Problems from one source. Each iteration reads it anew and counts anew.

    Attributes:
        source: where it is from, for people; on the hub, with the commit.
        format: its format's name.
        tally: of the latest iteration.
    """

    def __init__(
        self,
        source: str,
        parts: Sequence[Part],
        format: str,
        *,
        local: bool,
        keep: Callable[[Row], bool] | None = None,
    ) -> None:
        self.source = source
        self.format = format
        self.tally = Tally()
        self._parts = tuple(parts)
        self._local = local
        self._keep = keep

    def __iter__(self) -> Iterator[DatasetProblem]:
        """The problems, in the order of the files; a bad row is counted and left out.

        Raises:
            InputError: a file that is damaged, of no known format, or cannot be downloaded.
        """
        tally = self.tally = Tally()
        seen: set[str] = set()
        for part in self._parts:
            for place, found in part.problems(self._keep):
                if found is None:
                    tally.left_out += 1
                elif isinstance(found, Refused):
                    tally.refuse(found)
                elif found.problem.id in seen:
                    tally.refuse(Refused(place, found.problem.id, "duplicate-id", _TWICE))
                else:
                    seen.add(found.problem.id)
                    tally.given += 1
                    yield found

    @property
    def refused(self) -> list[Refused]:
        """The rows refused so far in the latest iteration, the first 1000 of them."""
        return self.tally.refused

    @property
    def refused_by_kind(self) -> tuple[tuple[str, int], ...]:
        """How many rows were refused so far, by kind, the most first: as `run.json` keeps it."""
        return tuple(self.tally.by_kind.most_common())

    @cached_property
    def sha256(self) -> str:
        """SHA-256 in hex of a local file; of several, that of their names and hashes.

        "" for a data set on the hub: `source` holds its commit.
        """
        if not self._local:
            return ""
        hashes = [(part.name, sha256_of(part.path())) for part in self._parts]
        if len(hashes) == 1:
            return hashes[0][1]
        listing = "".join(f"{digest}  {name}\n" for name, digest in hashes)
        return hashlib.sha256(listing.encode()).hexdigest()

    def describe(self) -> str:
        """One line for people on what was read so far."""
        tally = self.tally
        text = f"{self.format}: {tally.given} problems from {self.source}"
        if tally.left_out:
            text += f", {tally.left_out} left out"
        if tally.by_kind:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self.refused_by_kind)
            text += f", {tally.by_kind.total()} rows refused: {kinds}"
        return text
