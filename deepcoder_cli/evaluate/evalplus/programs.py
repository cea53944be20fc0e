"""Which program is judged: of a recorded sample, and of an answer of a chat model.

Recorded samples hold a `solution`, a whole program, or a `completion`, which continues the prompt;
EvalPlus judges the one as it is and the other behind the prompt, and so do we. A chat model answers
with a whole program, or at times with the rest of the prompt's function.
"""

from __future__ import annotations

import ast
import json
import warnings
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem


def program_of_sample(problem: EvalplusProblem, sample: Mapping[str, Any]) -> str:
    """The program of a recorded sample.

    Raises:
        InputError: it has neither a `solution` nor a `completion` that is text.
    """
    solution, completion = sample.get("solution"), sample.get("completion")
    if isinstance(solution, str):
        return solution
    if isinstance(completion, str):
        return problem.prompt + completion
    raise InputError(
        f"no program in a sample of {problem.task_id}: {sorted(sample)} (`solution` or "
        "`completion`). Record one."
    )


def program_of_answer(problem: EvalplusProblem, extracted: str) -> str:
    r"""The program to judge where `extracted` is what an answer holds as code.

    That is `extracted` itself, unless it does not define the function and makes a program that
    does when it continues the prompt.

    >>> from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    >>> p = EvalplusProblem("HumanEval/0", "def f():\n", "f", "", (), (), 0, "", "", "humaneval")
    >>> program_of_answer(p, "    return 1"), program_of_answer(p, "def f(): return 2")
    ('def f():\n    return 1', 'def f(): return 2')
    """
    if defines(extracted, problem.entry_point):
        return extracted
    continued = problem.prompt + extracted
    return continued if defines(continued, problem.entry_point) else extracted


def defines(program: str, name: str) -> bool:
    """Whether `program` is Python that binds `name` at its top level, as far as one can read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the program's escapes: not about us
            tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if name in _bound(node):
            return True
        if isinstance(node, ast.Module | ast.If | ast.Try | ast.ExceptHandler | ast.With):
            pending += ast.iter_child_nodes(node)
    return False


def _bound(node: ast.AST) -> set[str]:
    """The names a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    parts = (part for target in targets for part in ast.walk(target))
    return {part.id for part in parts if isinstance(part, ast.Name)}


def read_samples(path: Path) -> Iterator[dict[str, Any]]:
    """The recorded samples of a JSONL file, in its order: each has a `task_id`, a text.

    Raises:
        InputError: a line is no such sample, or the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _sample(line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read samples: {path} ({error}). Give a JSONL file.") from error


def _sample(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a sample: {place} (no JSON: {error}). Record it anew.") from error
    if not isinstance(row, dict) or not isinstance(row.get("task_id"), str):
        raise InputError(f"not a sample: {place} (an object with a `task_id`). Record it anew.")
    return row
