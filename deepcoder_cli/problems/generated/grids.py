"""Steps on a grid `g`: a list of rows of integers, never empty."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.lists import SMALL
from deepcoder_cli.problems.generated.step import Kind, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.problems.generated.step import Parameter

Rows = list[list[int]]


def _step(
    gives: Kind,
    name: str,
    texts: tuple[str, ...],
    value: str,
    apply: Callable[[Rows, Any], Any],
) -> Step:
    return Step(name, Kind.GRID, gives, texts, f"{gives} = {value}", apply)


def _cells(
    name: str,
    texts: tuple[str, ...],
    value: str,
    change: Callable[[int, int], int],
    parameters: tuple[Parameter, ...] = (),
) -> Step:
    def apply(rows: Rows, c: int) -> Rows:
        return [[change(v, c) for v in row] for row in rows]

    code = f"g = [[{value} for v in r] for r in g]"
    return Step(name, Kind.GRID, Kind.GRID, texts, code, apply, parameters)


def _column(rows: Rows, j: int) -> list[int]:
    return [row[j] for row in rows]


def _columns(rows: Rows) -> range:
    return range(len(rows[0]))


GRID_STEPS = (
    _cells(
        "cells_plus",
        ("add {c} to each cell", "increase every cell by {c}"),
        "v + {c}",
        lambda v, c: c + v,
        SMALL,
    ),
    _cells(
        "cells_times",
        ("multiply each cell by {c}", "replace every cell by {c} times itself"),
        "v * {c}",
        lambda v, c: c * v,
        SMALL,
    ),
    _cells(
        "cells_modulo",
        ("replace each cell by its remainder modulo {c}", "take every cell modulo {c}"),
        "v % {c}",
        lambda v, c: v - c * (v // c),
        SMALL[1:],
    ),
    _cells(
        "cells_at_most",
        ("lower each cell above {c} to {c}", "cap every cell at {c}"),
        "min(v, {c})",
        lambda v, c: c if v > c else v,
        SMALL,
    ),
    _cells(
        "cells_squared",
        ("square each cell", "replace every cell by its square"),
        "v * v",
        lambda v, _: v**2,
    ),
    _step(
        Kind.GRID,
        "transpose",
        ("transpose the grid", "turn the rows of the grid into columns"),
        "[list(r) for r in zip(*g)]",
        lambda g, _: [_column(g, j) for j in _columns(g)],
    ),
    _step(
        Kind.GRID,
        "flip_rows",
        ("reverse the order of the rows", "turn the grid upside down"),
        "g[::-1]",
        lambda g, _: list(reversed(g)),
    ),
    _step(
        Kind.GRID,
        "mirror_rows",
        ("reverse each row", "mirror the grid from left to right"),
        "[r[::-1] for r in g]",
        lambda g, _: [list(reversed(row)) for row in g],
    ),
    _step(
        Kind.GRID,
        "sort_rows",
        ("sort each row in increasing order", "arrange every row from smallest to largest"),
        "[sorted(r) for r in g]",
        lambda g, _: [[v for u in sorted(set(r)) for v in r if v == u] for r in g],
    ),
    _step(
        Kind.GRID,
        "rows_by_sum",
        (
            "sort the rows by their sums, ties in their old order",
            "arrange the rows from smallest to largest total, equal ones as they were",
        ),
        "sorted(g, key=sum)",
        lambda g, _: [row for total in sorted(set(map(sum, g))) for row in g if sum(row) == total],
    ),
    _step(
        Kind.LIST,
        "row_sums",
        ("take the sum of each row", "list the row totals from top to bottom"),
        "[sum(r) for r in g]",
        lambda g, _: [sum(row[j] for j in _columns(g)) for row in g],
    ),
    _step(
        Kind.LIST,
        "column_sums",
        ("take the sum of each column", "list the column totals from left to right"),
        "[sum(r) for r in zip(*g)]",
        lambda g, _: [sum(_column(g, j)) for j in _columns(g)],
    ),
    _step(
        Kind.LIST,
        "row_maxima",
        ("take the maximum of each row", "list the largest cell of every row"),
        "[max(r) for r in g]",
        lambda g, _: [sorted(row)[-1] for row in g],
    ),
    _step(
        Kind.LIST,
        "column_maxima",
        ("take the maximum of each column", "list the largest cell of every column"),
        "[max(r) for r in zip(*g)]",
        lambda g, _: [sorted(_column(g, j))[-1] for j in _columns(g)],
    ),
    _step(
        Kind.LIST,
        "column_minima",
        ("take the minimum of each column", "list the smallest cell of every column"),
        "[min(r) for r in zip(*g)]",
        lambda g, _: [sorted(_column(g, j))[0] for j in _columns(g)],
    ),
    _step(
        Kind.LIST,
        "flatten",
        ("list all cells row by row", "join the rows into one list"),
        "[v for r in g for v in r]",
        lambda g, _: list(itertools.chain(*g)),
    ),
    _step(
        Kind.LIST,
        "diagonal",
        ("take the main diagonal", "list the cells whose row and column numbers are equal"),
        "[r[i] for i, r in enumerate(g) if i < len(r)]",
        lambda g, _: [g[i][i] for i in range(min(len(g), len(g[0])))],
    ),
    _step(
        Kind.LIST,
        "first_column",
        ("take the first column", "list the cells on the left edge from top to bottom"),
        "[r[0] for r in g]",
        lambda g, _: _column(g, 0),
    ),
)
