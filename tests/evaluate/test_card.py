"""The card's figures are as published, and never stand beside a score without its checker."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pytest

from deepcoder_cli.evaluate.card import (
    BUDGETS,
    BY_BUDGET,
    HUMANEVAL_PLUS_PROBLEMS,
    PROBLEMS,
    PUBLISHED,
    TABLE,
    WINDOW,
    Column,
    as_fraction,
    beside,
    beside_by_budget,
    columns_of,
)

SHARED = Path(
    os.environ.get("DEEPCODER_SHARED") or Path(__file__).resolve().parents[2] / ".." / "shared"
)
CARD = SHARED / "reference" / "deepcoder-14b-preview-model-card.txt"
LCB = columns_of("livecodebench:v5")


@pytest.fixture(scope="module")
def card() -> str:
    if not CARD.exists():
        pytest.skip(f"the model card is not here: {CARD.name} (set DEEPCODER_SHARED to its folder)")
    return CARD.read_text(encoding="utf-8").replace("*", "")


def rows_of(card: str, columns: int) -> list[tuple[str, ...]]:
    """The rows of the card's table that has so many columns of figures."""
    figure = r"\s*(-|[0-9.]+)\s*\|"
    found = re.findall(rf"\|\s*([A-Z][^|]*?)\s*\|{figure * columns}(?=\s*(?:\||[A-Z#]))", card)
    return [(name.removesuffix(" (ours)"), *figures) for name, *figures in found]


def test_the_table_is_the_cards(card: str) -> None:
    published = [
        (name, *(None if figure == "-" else float(figure) for figure in figures))
        for name, *figures in rows_of(card, 4)
    ]

    assert published == [(row.model, *(row.value(column) for column in Column)) for row in TABLE]


def test_the_table_by_budget_is_the_cards(card: str) -> None:
    published = {name: tuple(map(float, figures)) for name, *figures in rows_of(card, 3)}

    assert published == BY_BUDGET
    assert "| 16K | 32K | 64K |" in card
    assert [budget // 1024 for budget in BUDGETS] == [16, 32, 64]


def test_the_window_is_the_cards(card: str) -> None:
    assert "LiveCodeBench v5 (8/1/24-2/1/25)" in card
    assert WINDOW == ("2024-08-01", "2025-02-01")


def test_the_budgets_end_at_the_tables_own_score() -> None:
    for row in TABLE:
        assert BY_BUDGET.get(row.model, (row.livecodebench,))[-1] == row.livecodebench


def test_the_windows_problems_add_up_by_platform_and_by_difficulty() -> None:
    assert 175 + 104 == 67 + 89 + 123 == PROBLEMS


@pytest.mark.parametrize(
    ("percent", "problems", "passed", "exact"),
    [
        (60.6, PROBLEMS, 169, 60.57), (42.7, PROBLEMS, 119, 42.65),
        (92.6, HUMANEVAL_PLUS_PROBLEMS, 151, 92.64),
    ],
)  # fmt: skip
def test_a_figure_is_a_whole_number_of_problems(
    percent: float, problems: int, passed: int, exact: float
) -> None:
    assert as_fraction(percent, problems) == passed
    assert round(100 * passed / problems, 2) == exact


def test_60_6_is_known_to_2_9_points_and_its_interval_is_5_7_either_way() -> None:
    share = 169 / PROBLEMS
    error = 100 * math.sqrt(share * (1 - share) / PROBLEMS)

    assert round(error, 1) == 2.9
    assert round(1.96 * error, 1) == 5.7


def test_every_humaneval_plus_figure_is_of_163_problems_and_most_cannot_be_of_164() -> None:
    figures = [row.humaneval_plus for row in TABLE if row.humaneval_plus is not None]

    assert None not in [as_fraction(figure, 163) for figure in figures]
    assert [as_fraction(figure, 164) for figure in figures] == [None] * 4 + [146, None]


def test_some_livecodebench_figures_are_no_single_sample_over_279_problems() -> None:
    figures = {row.model: as_fraction(row.livecodebench, PROBLEMS) for row in TABLE}

    assert [name for name, passed in figures.items() if passed is None] == [
        "Deepseek-R1", "Llama-4-Behemoth",
    ]  # fmt: skip
    assert [[as_fraction(f, PROBLEMS) for f in figures] for figures in BY_BUDGET.values()] == [
        [None, None, 169], [140, 148, 148],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("benchmark", "window", "columns"),
    [
        ("livecodebench:v5", ("", ""), (Column.LIVECODEBENCH,)),
        ("livecodebench:release_v5", ("2024-08-03T00:00:00", "2025-01-25"), LCB),
        ("livecodebench:v5", ("2024-07-31", "2025-01-25"), ()),
        ("livecodebench:v5", ("2024-08-01", "2025-02-02"), ()),
        ("livecodebench:v6", ("", ""), ()),
        ("humaneval+:v0.1.10", ("", ""), (Column.HUMANEVAL_PLUS,)),
        ("codeforces", ("", ""), (Column.CODEFORCES_RATING, Column.CODEFORCES_PERCENTILE)),
        ("mbpp+", ("", ""), ()),
        ("generated:1", ("", ""), ()),
    ],
)
def test_the_card_stands_beside_its_own_benchmarks_only(
    benchmark: str, window: tuple[str, str], columns: tuple[Column, ...]
) -> None:
    assert columns_of(benchmark, window) == columns


def test_every_line_says_what_made_it_and_another_checker_is_told() -> None:
    table = beside(LCB, "mine", {"strict/1": (61.0,), "lcb-compat/1": (60.0,)}, problems=PROBLEMS)

    assert [(line.model, line.values, line.graded_by) for line in table.lines[:3]] == [
        ("mine", (61.0,), "strict/1"),
        ("mine", (60.0,), "lcb-compat/1"),
        ("DeepCoder-14B-Preview", (60.6,), PUBLISHED),
    ]
    assert len(table.lines) == 2 + len(TABLE)
    assert table.notes == ("strict/1: not the rules of the published figures (lcb-compat)",)
    assert beside(LCB, "mine", {"lcb-compat/1": (60.0,)}).notes == ()


def test_a_score_without_a_checker_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the name of its checker"):
        beside(LCB, "mine", {"": (60.0,)})
    with pytest.raises(ValueError, match="needs the name of its checker"):
        beside_by_budget("mine", {"": {16384: 60.0}}, origin="sampled")


def test_a_run_of_other_problems_is_told() -> None:
    table = beside(LCB, "mine", {"lcb-compat/1": (60.0,)}, problems=50)

    assert table.notes == ("this run has 50 problems, the card's window 279",)


def test_codeforces_has_two_columns_and_leaves_out_who_has_neither() -> None:
    table = beside(columns_of("codeforces"), "mine", {"strict/1": (1900.0, None)})

    assert table.columns == ("Codeforces rating", "Codeforces percentile")
    assert table.lines[0].values == (1900.0, None)
    assert table.lines[1].values == (1936, 95.3)
    assert "Llama-4-Behemoth" not in {line.model for line in table.lines}


def test_a_table_by_budget_has_the_runs_budgets_and_the_cards() -> None:
    table = beside_by_budget("mine", {"strict/1": {8192: 10.0, 16384: 40.0}}, origin="truncated")

    assert table.columns == ("8K", "16K", "32K", "64K")
    assert [line.values for line in table.lines] == [
        (10.0, 40.0, None, None), (None, 45.6, 57.9, 60.6), (None, 50.2, 53.0, 53.0),
    ]  # fmt: skip
    assert table.notes == (
        "strict/1: not the rules of the published figures (lcb-compat)",
        "budgets of this run: truncated",
    )
