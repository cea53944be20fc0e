"""Starter code: a Python block that declares what to write and leaves its body empty."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.problems.signature import why_unjudged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepcoder_cli.problems.elements import Fence

_LANGUAGES = {"python", "python3", "py", ""}
_MAX_CHARS = 20_000
_DEF = re.compile(r"^(?P<indent>[ \t]*)(?:async\s+)?(?:def|class)\b.*:[ \t]*(?:#.*)?$")
_SECTION_LABEL = re.compile(
    r"[ \t]{0,9}(?:#{1,6}[ \t]{1,9}|\*\*)?(?:starter code|starting code|code template|"
    r"function signature)[ \t]{0,9}:?(?:\*\*)?:?[ \t]{0,9}",
    re.IGNORECASE,
)
_SECTION_FENCE = re.compile(r"(?P<marks>`{3,}|~{3,})[^`]*")


@dataclass(frozen=True, slots=True)
class StarterCode:
    """Code an answer starts from.

    Attributes:
        code: as written.
        function: to call; None for a class that is no `Solution` (it is not called by one name).
        parameters: of the function, in order, without self.
        unjudged: why examples say nothing about an answer to it; None when they do.
    """

    code: str
    function: str | None
    parameters: tuple[str, ...]
    unjudged: str | None = None


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
    nodes = sorted(tree.body, key=lambda node: getattr(node, "name", "") != "Solution")
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and _is_empty(node):
            return StarterCode(code, node.name, _parameters(node), why_unjudged(node, code))
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            if methods and all(_is_empty(method) for method in methods):
                return _of_class(code, node, methods)
    return None


def without_own_section(statement: str, starter: StarterCode) -> str:
    """The statement without its `Starter code` section, which the prompt shows by itself."""
    lines = statement.split("\n")
    code = starter.code.strip().split("\n")
    for start, line in enumerate(lines):
        if len(line) > 80 or not _SECTION_LABEL.fullmatch(line):
            continue
        end = _section_end(lines, start, code)
        if end is not None:
            before = "\n".join(lines[:start]).rstrip("\n")
            after = "\n".join(lines[end:]).lstrip("\n")
            return f"{before}\n\n{after}" if after else f"{before}\n"
    return statement


def _section_end(lines: list[str], start: int, code: list[str]) -> int | None:
    """The line after the section whose label stands at `start`, if it holds just `code`."""
    at = _next_written(lines, start + 1)
    opening = _SECTION_FENCE.fullmatch(lines[at]) if at < len(lines) else None
    if opening is None:
        return None
    at = _next_written(lines, at + 1)
    for expected in code:
        if at >= len(lines) or lines[at].strip() != expected.strip():
            return None
        at += 1
    at = _next_written(lines, at)
    closes = at < len(lines) and lines[at].rstrip() == opening["marks"]
    return at + 1 if closes else None


def _next_written(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _of_class(code: str, node: ast.ClassDef, methods: list[ast.FunctionDef]) -> StarterCode:
    public = [m for m in methods if not m.name.startswith("_")]
    if node.name != "Solution" or not public:
        return StarterCode(code, None, (), "it is a class other than Solution")
    makers = [m for m in methods if m.name == "__init__" and len(_parameters(m)) > 1]
    if makers or len(public) > 1:
        why: str | None = "its class is used through several calls"
    else:
        why = why_unjudged(public[0], code)
    return StarterCode(code, public[0].name, _parameters(public[0])[1:], why)


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
