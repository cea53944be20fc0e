"""Examples in tables: `| Sample Input 1 | Sample Output 1 |` and the rows below it.

A table pasted from a page has tabs in place of bars, and its cells may hold several lines.
Browsers disagree on how: `_pasted` reads the forms in which the two cells can be told apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deepcoder_cli.problems.elements import without_tags
from deepcoder_cli.problems.markers import Kind, Mark, marks
from deepcoder_cli.problems.unfenced import output, paragraphs, raw
from deepcoder_cli.types import TestCase

_CELL_END = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:+=-]*$")
_MAX_LINE = 100_000


@dataclass(frozen=True, slots=True)
class Columns:
    """How to read a table.

    Attributes:
        inputs: column of the input.
        outputs: column of the output.
        number: of the sample; its rows are then the lines of one sample, not a sample each.
        bordered: its rows begin with a bar.
        tabbed: its columns are parted by tabs.
    """

    inputs: int
    outputs: int
    number: int | None
    bordered: bool
    tabbed: bool


def header(line: str) -> Columns | None:
    """Where input and output stand, for a header row; None for any other line.

    >>> header("| Sample Input 1 | Sample Output 1 |")
    Columns(inputs=0, outputs=1, number=1, bordered=True, tabbed=False)
    """
    if len(line) > 400 or ("|" not in line and "\t" not in line.strip()):
        return None
    bordered = line.lstrip().startswith("|")
    found: dict[Kind, tuple[int, Mark]] = {}
    for column, cell in enumerate(_cells(line, bordered=bordered)):
        labels = marks(cell)
        if len(labels) == 1 and isinstance(labels[0], Mark):
            found.setdefault(labels[0].kind, (column, labels[0]))
    if Kind.INPUT not in found or Kind.OUTPUT not in found:
        return None
    column, mark = found[Kind.INPUT]
    return Columns(column, found[Kind.OUTPUT][0], mark.number, bordered, "|" not in line)


def examples(columns: Columns, rows: list[str]) -> list[TestCase]:
    """The examples of a table's body; each row is one, unless the rows are one sample's lines."""
    if columns.tabbed:
        rows = _without_blanks_at_the_ends(rows)
        tabbed = [at for at, row in enumerate(rows) if "\t" in row]
        if tabbed != list(range(len(tabbed))) or (len(tabbed) < 2 and len(rows) > 1):
            return _pasted(rows, tabbed)
    pairs = [
        (_at(cells, columns.inputs), _at(cells, columns.outputs))
        for cells in (_cells(row, bordered=columns.bordered) for row in rows if not _is_rule(row))
    ]
    if columns.number is not None and pairs:
        pairs = [("\n".join(i for i, _ in pairs if i), "\n".join(o for _, o in pairs if o))]
    return [TestCase(_value(i), _value(o)) for i, o in pairs if i or o]


def is_row(line: str) -> bool:
    """Whether `line` continues a table with bars."""
    return "|" in line and len(line) <= _MAX_LINE


def _pasted(rows: list[str], tabbed: list[int]) -> list[TestCase]:
    """A sample whose cells follow each other, parted by a tab or by one blank line.

    `[]` where the end of the input cannot be told.
    """
    if not tabbed:
        groups = paragraphs(rows)
        if len(groups) != 2:
            return []
        given, expected = groups
    elif len(tabbed) == 1 and tabbed[0] > 0:
        at = tabbed[0]
        left, _, right = rows[at].partition("\t")
        given, expected = [*rows[:at], left], [right, *rows[at + 1 :]]
        if not right.strip():
            expected = _without_blanks_at_the_ends(expected)
    else:
        return []
    return [TestCase(raw("\n".join(given)), output(expected).text)]


def _without_blanks_at_the_ends(rows: list[str]) -> list[str]:
    written = [at for at, row in enumerate(rows) if row.strip()]
    return rows[written[0] : written[-1] + 1] if written else []


def _is_rule(row: str) -> bool:
    return "-" in row and _RULE.match(row) is not None


def _cells(line: str, *, bordered: bool) -> list[str]:
    if "|" not in line:
        return [cell.strip() for cell in line.split("\t")]
    line = line.strip()
    inner = line.removeprefix("|") if bordered else line
    if bordered and inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(inner)]


def _at(cells: list[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _value(cell: str) -> str:
    lines = [part.strip().strip("`") for part in without_tags(cell).split("\n")]
    text = "\n".join(lines).strip("\n")
    return f"{text}\n" if text else ""
