"""Starter code for a row that names a function to call, but gives no starter code.

The prompt has to show how the function is called: without that, every answer would be a program
for stdin. SYNTHETIC-1's statements hold it in a code block.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from deepcoder_cli.problems.elements import Fence, elements
from deepcoder_cli.problems.starter import read_starter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.types import TestCase

_MAX_CHARS = 200_000
_FunctionDef = (ast.FunctionDef, ast.AsyncFunctionDef)


def stub(function: str, statement: str, solutions: Sequence[str], tests: Sequence[TestCase]) -> str:
    r"""Starter code for `function`: the statement's, a solution's signature, or one made up.

    >>> from deepcoder_cli.types import TestCase
    >>> stub("add", "Add.", ["def add(a, b):\n    return a + b"], [])
    'def add(a, b):\n    pass\n'
    >>> stub("add", "Add.", [], [TestCase("1\n2", "3")])
    'def add(arg1, arg2):\n    pass\n'
    """
    return (
        _in_statement(function, statement)
        or _of_solution(function, solutions)
        or _made_up(function, tests)
    )


def _in_statement(function: str, statement: str) -> str | None:
    for part in elements(statement):
        if isinstance(part, Fence) and function in part.text and len(part.text) < _MAX_CHARS:
            starter = read_starter(part.text)
            if starter is not None and starter.function == function:
                return part.text
    return None


def _of_solution(function: str, solutions: Sequence[str]) -> str | None:
    for solution in solutions[:3]:
        for owner, node in _functions(solution):
            if node.name == function:
                head = f"def {function}({ast.unparse(node.args)}):"
                if owner != "Solution":
                    return f"{head}\n    pass\n"
                return f"class Solution:\n    {head}\n        pass\n"
    return None


def _functions(code: str) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The functions of a program's top level and of its class Solution, with their owner."""
    if len(code) > _MAX_CHARS:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [("", node) for node in body if isinstance(node, _FunctionDef)]
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == "Solution":
            found += [("Solution", item) for item in node.body if isinstance(item, _FunctionDef)]
    return found


def _made_up(function: str, tests: Sequence[TestCase]) -> str:
    counts = {len(test.input.split("\n")) if test.input else 0 for test in tests}
    count = min(counts, default=0)
    names = [f"arg{number}" for number in range(1, count + 1)]
    if len(counts) > 1:
        names.append("*args")
    return f"def {function}({', '.join(names)}):\n    pass\n"
