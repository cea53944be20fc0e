"""Starter code: a Python block that declares what to write and leaves its body empty."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepcoder_cli.problems.elements import Fence

_LANGUAGES = {"python", "python3", "py", ""}
_MAX_CHARS = 20_000
_DEF = re.compile(r"^(?P<indent>[ \t]*)(?:async\s+)?(?:def|class)\b.*:[ \t]*(?:#.*)?$")
_OWN_SECTION = re.compile(
    r"\n*^[ \t]*(?:#{1,6}[ \t]+|\*\*)?(?:starter code|starting code|code template|"
    r"function signature)[ \t]*:?(?:\*\*)?:?[ \t]*\n+"
    r"(?P<marks>`{3,}|~{3,})[^\n`]*\n(?P<code>.*?)\n(?P=marks)[ \t]*$\n*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class StarterCode:
    """Code an answer starts from.

    Attributes:
        code: as written.
        function: to call; None for a class that is no `Solution` (it is not called by one name).
        parameters: of the function, in order, without self.
    """

    code: str
    function: str | None
    parameters: tuple[str, ...]


def find_starter(blocks: Iterable[Fence]) -> StarterCode | None:
    """The first block that is starter code, if any is."""
    for block in blocks:
        if block.language in _LANGUAGES and len(block.text) <= _MAX_CHARS:
            starter = read_starter(block.text)
            if starter is not None:
                return starter
    return None


def read_starter(code: str) -> StarterCode | None:
    r"""The block as starter code; None when it is a whole program or no Python.

    >>> read_starter("def add(a: int, b: int) -> int:\n").parameters
    ('a', 'b')
    """
    tree = _parsed(code) or _parsed(_with_bodies(code))
    if tree is None:
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_empty(node):
            return StarterCode(code, node.name, _parameters(node))
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            if methods and all(_is_empty(method) for method in methods):
                return _of_class(code, node, methods)
    return None


def without_own_section(statement: str, starter: StarterCode) -> str:
    """The statement without its `Starter code` section, which the prompt shows by itself."""
    for match in _OWN_SECTION.finditer(statement):
        if match["code"].strip() == starter.code.strip():
            before, after = statement[: match.start()], statement[match.end() :]
            return f"{before}\n\n{after}" if after else f"{before}\n"
    return statement


def _of_class(code: str, node: ast.ClassDef, methods: list[ast.FunctionDef]) -> StarterCode:
    public = [m for m in methods if not m.name.startswith("_")]
    if node.name != "Solution" or not public:
        return StarterCode(code, None, ())
    return StarterCode(code, public[0].name, _parameters(public[0])[1:])


def _parameters(node: ast.FunctionDef) -> tuple[str, ...]:
    return tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args))


def _parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _with_bodies(code: str) -> str:
    """`pass` under every def and class that has no body, as in LeetCode's templates."""
    lines = [line for line in code.split("\n") if line.strip() and line.strip()[0] != "#"]
    out: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        out.append(line)
        match = _DEF.match(line)
        if match and len(following) - len(following.lstrip()) <= len(match["indent"]):
            out.append(f"{match['indent']}    pass")
    return "\n".join(out) + "\n"


def _is_empty(node: ast.FunctionDef) -> bool:
    return all(_does_nothing(statement) for statement in node.body)


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None | ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False
