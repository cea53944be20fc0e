"""A comparison of two runs as text, Markdown and JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report import words
from deepcoder_cli.evaluate.report.markdown import plain, section_markdown
from deepcoder_cli.evaluate.report.parts import Section
from deepcoder_cli.evaluate.report.terminal import (
    WIDTH,
    new_console,
    print_lines,
    print_section,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.compare import Comparison, SideScore, Solved
    from deepcoder_cli.evaluate.paired import Difference

LISTED = 20  # problems of each list that the texts name; JSON has all


def comparison_text(made: Comparison, *, width: int = WIDTH, colour: bool = False) -> str:
    """The comparison as lines of at most `width` columns."""
    console = new_console(width, colour=colour)
    print_lines(console, [_title(made)], style="bold")
    print_lines(console, [_verdict(made)])
    for section in _sections(made):
        print_section(console, section)
    return text_of(console)


def comparison_markdown(made: Comparison) -> str:
    """The comparison in GitHub's Markdown, ending in a line end."""
    parts = [f"# {plain(_title(made))}", plain(_verdict(made))]
    return "\n\n".join(parts + [section_markdown(part) for part in _sections(made)]) + "\n"


def comparison_data(made: Comparison) -> dict[str, object]:
    """The comparison as JSON values; scores are fractions of 1, `difference` is B minus A."""
    data = asdict(made)
    data["by_difficulty"] = {word: asdict(difference) for word, difference in made.by_difficulty}
    data["differences_asked"] = {
        what: {"a": one, "b": other} for what, one, other in made.differences_asked
    }
    return data


def _title(made: Comparison) -> str:
    return f"{made.benchmark}: A {made.a.name}, B {made.b.name}"


def _verdict(made: Comparison) -> str:
    """One sentence; no difference is claimed that the interval does not bear out."""
    difference = made.difference
    said = f"{_points(difference)}, p = {_p(difference)} ({difference.test})"
    if difference.p_value >= 0.05:
        return f"No difference can be told from luck: B - A = {said}."
    better, worse = ("B", "A") if difference.value > 0 else ("A", "B")
    return f"{better} is better than {worse}: B - A = {said}."


def _points(difference: Difference) -> str:
    low, high = 100 * difference.low, 100 * difference.high
    return f"{100 * difference.value:+.1f} [{low:+.1f}, {high:+.1f}] points"


def _p(difference: Difference) -> str:
    return "< 0.0001" if difference.p_value < 0.0001 else f"{difference.p_value:.4f}"


def _sections(made: Comparison) -> list[Section]:
    sections = [_sides(made)]
    if made.differences_asked:
        sections.append(Section("Not asked the same", ("", "A", "B"), made.differences_asked))
    sections.append(_agreement(made))
    if made.by_difficulty:
        sections.append(_by_difficulty(made))
    for title, solved in (("Only A solves", made.only_a), ("Only B solves", made.only_b)):
        if solved:
            sections.append(_only(title, solved))
    return sections


def _sides(made: Comparison) -> Section:
    rows = tuple(_side(letter, side) for letter, side in (("A", made.a), ("B", made.b)))
    columns = ("", "pass@1", "checked by", "samples", "budget")
    title = f"Score on the {words.some(made.difference.problems, 'problem')} that both have, %"
    notes = tuple(
        f"{letter}: {side.problems - made.difference.problems:,} further problems left out."
        for letter, side in (("A", made.a), ("B", made.b))
        if side.problems > made.difference.problems
    )
    return Section(title, columns, rows, notes)


def _side(letter: str, side: SideScore) -> tuple[str, ...]:
    return (
        f"{letter} {side.model}", words.interval(side.pass_at_1), side.checker,
        f"{side.samples:,}", words.tokens(side.budget),
    )  # fmt: skip


def _agreement(made: Comparison) -> Section:
    rows = (
        ("both", f"{made.both:,}"),
        ("only A", f"{len(made.only_a):,}"),
        ("only B", f"{len(made.only_b):,}"),
        ("neither", f"{made.neither:,}"),
    )
    return Section(f"Problems solved at least once, by {made.a.checker}", ("", "problems"), rows)


def _by_difficulty(made: Comparison) -> Section:
    rows = tuple(
        (word, f"{part.problems:,}", _points(part), _p(part)) for word, part in made.by_difficulty
    )
    title = f"By difficulty: B - A, {made.a.checker}"
    return Section(title, ("", "problems", "difference", "p"), rows)


def _only(title: str, solved: Sequence[Solved]) -> Section:
    rows = tuple(
        (f"{one.problem} {one.title}", one.difficulty, words.of(*one.a), words.of(*one.b))
        for one in solved[:LISTED]
    )
    more = len(solved) - len(rows)
    notes = (f"and {more:,} more; --json has all.",) if more else ()
    heading = f"{title}: {words.some(len(solved), 'problem')}"
    return Section(heading, ("", "", "A accepted", "B accepted"), rows, notes)
