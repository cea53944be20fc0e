"""The row formats by name, and which of them a row's fields belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets import (
    codeforces,
    livecodebench,
    own_jsonl,
    preview,
    synthetic,
    taco,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from deepcoder_cli.problems.datasets.fields import Row
    from deepcoder_cli.problems.datasets.row import DatasetProblem

PROBLEM_FILES = "problem-files"
"""The name of the format that is a folder of problem.md files; it has no rows."""
_SHOWN_KEYS = 12


@dataclass(frozen=True, slots=True)
class Format:
    """A row format.

    Attributes:
        name: what users call it.
        columns: the fields that are read; no others are loaded from Parquet.
        keys: sets of fields; a row that has all of one set is taken to be of this format.
        read: the problem of a row; raises RowRefused.
    """

    name: str
    columns: tuple[str, ...]
    keys: tuple[frozenset[str], ...]
    read: Callable[[Row], DatasetProblem]

    def fits(self, keys: Collection[str]) -> bool:
        """Whether a row with the fields `keys` is of this format."""
        return any(needed <= set(keys) for needed in self.keys)


def _keys(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names.split()) for names in sets)


# In the order they are tried: where one format's fields hold another's, it comes first.
FORMATS = {
    format.name: format
    for format in (
        Format(
            livecodebench.NAME, livecodebench.COLUMNS,
            _keys("question_content public_test_cases", "question_content private_test_cases"),
            livecodebench.read,
        ),
        Format(taco.NAME, taco.COLUMNS, _keys("question input_output"), taco.read),
        Format(synthetic.NAME, synthetic.COLUMNS, _keys("verification_info"), synthetic.read),
        Format(
            codeforces.NAME, codeforces.COLUMNS,
            _keys(
                "problem_id description examples", "contest_id index description examples",
                "contest_id index problem examples", "contest_id index problem tests",
                "contest index problem tests", "contest index problem examples",
            ),
            codeforces.read,
        ),
        Format(preview.NAME, preview.COLUMNS, _keys("problem tests"), preview.read),
        Format(
            own_jsonl.NAME, own_jsonl.COLUMNS, _keys("statement tests", "statement examples"),
            own_jsonl.read,
        ),
    )
}  # fmt: skip
NAMES = (*FORMATS, PROBLEM_FILES)


def format_named(name: str) -> Format:
    """The row format called `name`.

    Raises:
        InputError: there is none.
    """
    try:
        return FORMATS[name]
    except KeyError:
        known = ", ".join(NAMES)
        raise InputError(f"unknown data set format: {name} (known: {known}). Choose one.") from None


def format_of(keys: Collection[str]) -> Format | None:
    """The format of a row with the fields `keys`; None when it is none we know.

    >>> format_of(["problem", "tests"]).name, format_of(["text"])
    ('deepcoder', None)
    """
    return next((format for format in FORMATS.values() if format.fits(keys)), None)


def not_recognised(place: str, keys: Collection[str]) -> InputError:
    """The error that names what was seen and what is known."""
    seen = ", ".join(sorted(str(key)[:40] for key in keys)[:_SHOWN_KEYS]) or "none"
    known = "; ".join(f"{f.name}: {', '.join(sorted(f.keys[0]))}" for f in FORMATS.values())
    return InputError(
        f"data set of no known format: {place} (fields: {seen}). Known by these fields: {known}. "
        "Name it with format if it is one of them."
    )
