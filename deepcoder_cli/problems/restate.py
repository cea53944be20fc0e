"""A problem in the one layout the built-in model knows.

nano was trained on the layouts of `generated.render` alone and loses its way over a limit line or
a pasted `Copy`. So for nano, and for no other model, the prompt is put together anew from what was
read: the title, the task, the input and output sections, two examples. Words are never changed,
so a task in other words stays beyond it. Function problems are in a trained layout already.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.problems.limits import names_limit
from deepcoder_cli.problems.markers import Kind, Mark, marks

if TYPE_CHECKING:
    from deepcoder_cli.types import Problem

EXAMPLES = 2  # as many as in training
_TITLE_PREFIX = re.compile(r"(?:problem\s+)?[A-Z]\d?\s?[.:\-–]\s+", re.IGNORECASE)
_RULE = re.compile(r"\s*([-=_*])\1{2,}\s*$")
_FOREIGN = re.compile(r"constraint|\bnotes?\b|hint|scor|source|explanation|limit|subtask", re.I)
_SECTIONS = {Kind.INPUT: "## Input", Kind.OUTPUT: "## Output"}


def restate(problem: Problem) -> Problem:
    """`problem` with its statement in nano's layout; unchanged for a function or no examples."""
    if problem.function is not None or not problem.examples:
        return problem
    title = _TITLE_PREFIX.sub("", problem.title, count=1) or "Problem"
    examples = "\n\n".join(
        f"Input:\n```\n{_whole(e.input)}```\nOutput:\n```\n{_whole(e.output)}```"
        for e in problem.examples[:EXAMPLES]
    )
    statement = f"# {title}\n\n{_task(problem)}\n\n## Examples\n\n{examples}\n"
    return replace(problem, title=title, statement=statement)


def _task(problem: Problem) -> str:
    """What stands before the examples, without title, limits, rules and foreign sections."""
    kept: list[str] = []
    is_foreign = False
    for line in _before_examples(problem):
        mark = next((m for m in marks(line) if isinstance(m, Mark)), None)
        is_label = mark is not None and len(marks(line)) == 1
        if mark is not None and is_label:
            is_foreign = mark.kind is Kind.STOP and bool(_FOREIGN.search(line))
            if mark.kind in _SECTIONS:
                kept += ["", _SECTIONS[mark.kind], ""]
        elif not (is_foreign or names_limit(line) or _RULE.match(line)):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _before_examples(problem: Problem) -> list[str]:
    lines = problem.statement.strip().split("\n")
    if lines[0].startswith("#") or lines[0].strip() == problem.title:
        lines = lines[1:]
    for at, line in enumerate(lines):
        first = next((m for m in marks(line) if isinstance(m, Mark)), None)
        if first and (first.kind is Kind.EXAMPLE or first.sample):
            return lines[:at]
    return lines


def _whole(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
