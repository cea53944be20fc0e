"""What a report says, whatever it is written in: facts, alerts, tables of texts.

The checker stands with every score. What is published stands in a table of its own with the
words of who checked it, so that no score of ours passes for one by other rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report import tables
from deepcoder_cli.evaluate.report.facts import alerts, facts
from deepcoder_cli.evaluate.report.parts import Content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.report.parts import Published
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import Summary

_TABLES = (
    tables.scores, tables.by_difficulty, tables.by_platform, tables.by_budget, tables.verdicts,
)  # fmt: skip


def content(
    info: RunInfo,
    summaries: Sequence[Summary],
    *,
    published: Sequence[Published] = (),
    per_table: int = 8,
) -> Content:
    """What to say of a run: a summary for each checker, all of one budget.

    Args:
        info: the run.
        summaries: at least one.
        published: to print beside it, a table each.
        per_table: checkers side by side at most; further ones get tables of their own.
    """
    blocks = [summaries[i : i + per_table] for i in range(0, len(summaries), per_table)]
    made = [table(block) for table in _TABLES for block in blocks]
    sections = [section for section in made if section.rows]
    sections[len(blocks) : len(blocks)] = [tables.beside(summaries, some) for some in published]
    sections.append(tables.completions(summaries[0]))
    title = f"{info.benchmark}, {info.model}"
    return Content(title, facts(info, summaries), alerts(summaries), tuple(sections))
