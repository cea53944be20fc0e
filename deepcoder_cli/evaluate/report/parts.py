"""The parts of a report: texts in tables, whatever they are written in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """What others published, to be printed beside a run.

    Attributes:
        title: what the values are, such as `LiveCodeBench v5, pass@1`.
        checker: by whose rules, such as `model card (LiveCodeBench's checker)`.
        rows: (model, value).
        ours: what of this run stands above them, (label, value, checker); None is its pass@1 by
            each checker.
    """

    title: str
    checker: str
    rows: tuple[tuple[str, str], ...]
    ours: tuple[tuple[str, str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A table; the first column is of words, the others of numbers unless `words` says more."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """A whole report: `facts` are (label, value), `alerts` sentences that must not be missed."""

    title: str
    facts: tuple[tuple[str, str], ...]
    alerts: tuple[str, ...]
    sections: tuple[Section, ...]
