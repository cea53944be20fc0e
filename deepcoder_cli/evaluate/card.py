"""The figures of DeepCoder-14B-Preview's model card, to be printed beside a result.

They are data, copied as published. What a run scored is never printed in the card's column without
the checker that made it: the card's figures come from other rules than `strict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = "model card of DeepCoder-14B-Preview"
PUBLISHED = "as published"
WINDOW = ("2024-08-01", "2025-02-01")  # of LiveCodeBench v5, as the card gives it
PROBLEMS = 279  # of LiveCodeBench in that window
HUMANEVAL_PLUS_PROBLEMS = 163  # of 164; see errata.toml
BUDGETS = (16384, 32768, 65536)


class Column(StrEnum):
    """A column of the card's table; the value is its title."""

    LIVECODEBENCH = "LiveCodeBench v5 pass@1"
    CODEFORCES_RATING = "Codeforces rating"
    CODEFORCES_PERCENTILE = "Codeforces percentile"
    HUMANEVAL_PLUS = "HumanEval+ pass@1"


@dataclass(frozen=True, slots=True)
class CardRow:
    """A row of the card's table: a model's figures, None where the card has a dash."""

    model: str
    livecodebench: float
    rating: float | None = None
    percentile: float | None = None
    humaneval_plus: float | None = None

    def value(self, column: Column) -> float | None:
        """The figure in a column."""
        return {
            Column.LIVECODEBENCH: self.livecodebench,
            Column.CODEFORCES_RATING: self.rating,
            Column.CODEFORCES_PERCENTILE: self.percentile,
            Column.HUMANEVAL_PLUS: self.humaneval_plus,
        }[column]


DEEPCODER, BASE = "DeepCoder-14B-Preview", "DeepSeek-R1-Distill-Qwen-14B"
TABLE = (
    CardRow(DEEPCODER, 60.6, 1936, 95.3, 92.6),
    CardRow(BASE, 53.0, 1791, 92.7, 92.0),
    CardRow("O1-2024-12-17 (Low)", 59.5, 1991, 96.1, 90.8),
    CardRow("O3-Mini-2025-1-31 (Low)", 60.9, 1918, 94.9, 92.6),
    CardRow("O1-Preview", 42.7, 1658, 88.5, 89.0),
    CardRow("Deepseek-R1", 62.8, 1948, 95.4, 92.6),
    CardRow("Llama-4-Behemoth", 49.4),
)
BY_BUDGET: Mapping[str, tuple[float, float, float]] = {
    DEEPCODER: (45.6, 57.9, 60.6),
    BASE: (50.2, 53.0, 53.0),
}
_COLUMNS = {
    "livecodebench": (Column.LIVECODEBENCH,),
    "codeforces": (Column.CODEFORCES_RATING, Column.CODEFORCES_PERCENTILE),
    "humaneval+": (Column.HUMANEVAL_PLUS,),
}
_RULES = {Column.LIVECODEBENCH: "lcb-compat", Column.HUMANEVAL_PLUS: "evalplus"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table beside a result.

    Attributes:
        model: whose figures.
        values: one for each column of the table; None where there is none.
        graded_by: the checker that made them, or `as published`; never empty.
    """

    model: str
    values: tuple[float | None, ...]
    graded_by: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A table with the run's scores first and the card's below.

    Attributes:
        title: what is compared.
        columns: titles of the values.
        lines: at least one.
        notes: what must be said with it.
    """

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def columns_of(benchmark: str, window: tuple[str, str] = ("", "")) -> tuple[Column, ...]:
    """The card's columns that a benchmark can be set beside; none where it is another.

    Args:
        benchmark: name and version, such as `livecodebench:v5`.
        window: first and last date of its problems: outside the card's, LiveCodeBench is another.

    >>> columns_of("livecodebench:v5"), columns_of("livecodebench:v6"), columns_of("mbpp+")
    ((<Column.LIVECODEBENCH: 'LiveCodeBench v5 pass@1'>,), (), ())
    """
    name, _, version = benchmark.lower().partition(":")
    if name == "livecodebench":
        first, last = (date[:10] for date in window)
        inside = (not first or first >= WINDOW[0]) and (not last or last <= WINDOW[1])
        if not inside or version.removeprefix("release_") != "v5":
            return ()
    return _COLUMNS.get(name, ())


def beside(
    columns: tuple[Column, ...],
    model: str,
    scores: Mapping[str, tuple[float | None, ...]],
    *,
    problems: int | None = None,
) -> Beside:
    """A run's scores with the card's below.

    Args:
        columns: of `columns_of`.
        model: whose scores.
        scores: by checker (`strict/1`), one for each column, in percent (a rating in points).
        problems: how many were scored, for a note where the card's were more or fewer.

    Raises:
        ValueError: a checker without a name.
    """
    own = _own_lines(model, scores)
    rows = ((row.model, tuple(map(row.value, columns))) for row in TABLE)
    published = tuple(
        Line(name, values, PUBLISHED)
        for name, values in rows
        if any(value is not None for value in values)
    )
    rules = tuple(_RULES[column] for column in columns if column in _RULES)
    notes = (*_rule_notes(rules, scores), *_size_notes(columns, problems))
    return Beside(SOURCE, tuple(columns), own + published, notes)


def beside_by_budget(
    model: str, scores: Mapping[str, Mapping[int, float]], *, origin: str
) -> Beside:
    """A run's LiveCodeBench scores by token budget, with the card's below.

    Args:
        model: whose scores.
        scores: by checker, then by budget in tokens, in percent.
        origin: how the smaller budgets were had: `sampled` or `truncated`.

    Raises:
        ValueError: a checker without a name.
    """
    budgets = sorted(set(BUDGETS).union(*scores.values()))
    own = {checker: tuple(map(by.get, budgets)) for checker, by in scores.items()}
    card = {name: dict(zip(BUDGETS, values, strict=True)) for name, values in BY_BUDGET.items()}
    published = tuple(
        Line(name, tuple(map(by.get, budgets)), PUBLISHED) for name, by in card.items()
    )
    titles = tuple(f"{b // 1024}K" if b % 1024 == 0 else str(b) for b in budgets)
    notes = (*_rule_notes(("lcb-compat",), scores), f"budgets of this run: {origin}")
    return Beside(f"{SOURCE}, by budget", titles, _own_lines(model, own) + published, notes)


def _own_lines(model: str, scores: Mapping[str, tuple[float | None, ...]]) -> tuple[Line, ...]:
    if not all(scores):
        msg = "a score beside the card's needs the name of its checker"
        raise ValueError(msg)
    return tuple(Line(model, values, checker) for checker, values in scores.items())


def _rule_notes(rules: tuple[str, ...], scores: Mapping[str, object]) -> tuple[str, ...]:
    others = [name for name in scores if rules and name.partition("/")[0] not in rules]
    if not others:
        return ()
    return (f"{', '.join(others)}: not the rules of the published figures ({', '.join(rules)})",)


def _size_notes(columns: tuple[Column, ...], problems: int | None) -> tuple[str, ...]:
    if problems is None or Column.LIVECODEBENCH not in columns or problems == PROBLEMS:
        return ()
    return (f"this run has {problems} problems, the card's window {PROBLEMS}",)


def as_fraction(percent: float, problems: int) -> int | None:
    """How many of `problems` were solved, if one sample each gives `percent` to one digit.

    None where no whole number does: then the figure is a mean over several samples, or over
    another number of problems.

    >>> as_fraction(60.6, 279), as_fraction(92.6, 163), as_fraction(62.8, 279)
    (169, 151, None)
    """
    passed = round(percent * problems / 100)
    return passed if round(100 * passed / problems, 1) == round(percent, 1) else None
