"""A report in plain text, at most 80 columns wide."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report.characters import budget_chart, length_chart
from deepcoder_cli.evaluate.report.content import content
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from deepcoder_cli.evaluate.report.parts import Published, Section
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import Summary

WIDTH = 80
PER_TABLE = 2  # checkers side by side that 80 columns hold


def report_text(
    info: RunInfo,
    summaries: Sequence[Summary],
    *,
    published: Sequence[Published] = (),
    width: int = WIDTH,
    colour: bool = False,
) -> str:
    """The report as lines of at most `width` columns; control characters come out as escapes.

    Args:
        info: the run.
        summaries: one for each checker, all of one budget.
        published: to print beside it.
        width: of the terminal.
        colour: whether to use bold and dim.
    """
    made = content(info, summaries, published=published, per_table=PER_TABLE)
    console = new_console(width, colour=colour)
    print_lines(console, [made.title], style="bold")
    print_facts(console, made.facts)
    for alert in made.alerts:
        console.print()
        print_lines(console, [f"! {alert}"], style="bold")
    for section in made.sections:
        print_section(console, section)
    for chart in (budget_chart(summaries), length_chart(summaries[0])):
        if chart:
            console.print()
            print_lines(console, chart.splitlines())
    return text_of(console)


def new_console(width: int, *, colour: bool) -> Console:
    """A rich console that writes into memory and takes no text for markup."""
    from rich.console import Console

    return Console(
        file=StringIO(), width=width, force_terminal=colour, no_color=True, markup=False,
        highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip


def text_of(console: Console) -> str:
    """What was printed, without spaces at the ends of lines."""
    assert isinstance(console.file, StringIO)  # noqa: S101 - of `new_console`
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def print_lines(console: Console, lines: Iterable[str], *, style: str = "") -> None:
    """Print lines, wrapped at words."""
    for line in lines:
        console.print(escaped(line), style=style)


def print_facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    """Print labels and values, aligned."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts:
        grid.add_row(escaped(label), escaped(value))
    console.print(grid)


def print_section(console: Console, section: Section) -> None:
    """Print a table under its title."""
    from rich import box
    from rich.table import Table

    console.print()
    print_lines(console, [section.title], style="bold")
    headed = any(section.columns)
    table = Table(
        box=box.SIMPLE_HEAD if headed else None,
        show_header=headed,
        pad_edge=False,
        show_edge=False,
    )
    for place, column in enumerate(section.columns):
        left = place == 0 or column == "checked by"
        table.add_column(escaped(column), justify="left" if left else "right", overflow="fold")
    for row in section.rows:
        table.add_row(*map(escaped, row))
    console.print(table)
    print_lines(console, section.notes, style="dim")
