"""A report in GitHub's Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report.characters import budget_chart, length_chart
from deepcoder_cli.evaluate.report.content import content
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.report.parts import Published, Section
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import Summary

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~!$]|(?<=:)//|(?<=www)\.|@(?=[A-Za-z])")


def report_markdown(
    info: RunInfo,
    summaries: Sequence[Summary],
    *,
    published: Sequence[Published] = (),
    pictures: Sequence[tuple[str, str]] = (),
) -> str:
    """The report as Markdown, ending in a line end.

    Args:
        info: the run.
        summaries: one for each checker, all of one budget.
        published: to print beside it.
        pictures: (what it shows, path relative to the file), in place of drawn characters.
    """
    made = content(info, summaries, published=published)
    parts = [f"# {plain(made.title)}"]
    parts += [f"> **{plain(alert)}**" for alert in made.alerts]
    parts.append("\n".join(f"- {plain(label)}: {plain(value)}" for label, value in made.facts))
    parts += [section_markdown(section) for section in made.sections]
    if pictures:
        parts += [f"![{plain(what)}](<{path}>)" for what, path in pictures]
    else:
        charts = (budget_chart(summaries), length_chart(summaries[0]))
        parts += [f"```text\n{escaped(chart, keep=chr(10))}\n```" for chart in charts if chart]
    return "\n\n".join(parts) + "\n"


def section_markdown(section: Section) -> str:
    """A heading and a table."""
    words_ = [place == 0 or name == "checked by" for place, name in enumerate(section.columns)]
    lines = [
        _line(section.columns),
        _line([":--" if word else "--:" for word in words_], verbatim=True),
        *(_line(row) for row in section.rows),
    ]
    notes = [f"\n{plain(note)}" for note in section.notes]
    return "\n".join([f"## {plain(section.title)}\n", *lines, *notes])


def plain(text: str) -> str:
    r"""`text` so that Markdown shows it as it is: no link, tag, cell border or emphasis.

    >>> plain("a|b <img> __init__")
    'a\\|b \\<img\\> \\_\\_init\\_\\_'
    """
    return _SPECIAL.sub(lambda found: "".join(f"\\{char}" for char in found[0]), escaped(text))


def _line(cells: Sequence[str], *, verbatim: bool = False) -> str:
    shown = cells if verbatim else [plain(cell) for cell in cells]
    return f"| {' | '.join(shown)} |"
