"""A generated problem as a Markdown file, in the form that `problems.markdown` reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepcoder_cli.types import Problem


def to_markdown(problem: Problem) -> str:
    """The statement; for a function problem also its section with the starter code."""
    if problem.starter_code is None:
        return problem.statement
    return f"{problem.statement}\n## Starter code\n\n```python\n{problem.starter_code}```\n"
