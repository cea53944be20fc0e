"""Whether a function can be judged by JSON arguments and a JSON result, from its signature.

It cannot where a parameter or the result is of a type that only the problem's own site provides
(TreeNode, ListNode), where the function returns nothing and changes its arguments in place, or
where it calls what only that site defines. A correct program would be refused on every example.

Types are read from annotations and, as in older LeetCode templates, from `:type x:` and `:rtype:`
lines. Without either nothing is known, and the examples are used.
"""

from __future__ import annotations

import ast
import builtins
import collections
import re
import typing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_KNOWN = frozenset(
    {
        *dir(builtins), *typing.__all__, *collections.__all__, "typing", "t", "collections", "abc",
        "String", "Integer", "Boolean", "Number", "true", "false", "string", "integer", "boolean",
    }
)  # fmt: skip
_DOC_TYPE = re.compile(
    r":(?:type[ \t]{1,9}\w{1,60}|rtype)[ \t]{0,9}:[ \t]{0,9}"
    r"(?P<type>[\w.]{1,80}(?:\[[\w\[\], .]{0,200}\])?)"
)
_NOTHING = re.compile(r":rtype[ \t]{0,9}:[ \t]{0,9}(?:None|void)\b", re.IGNORECASE)
_IN_PLACE = re.compile(r"do not return anything|instead of returning|in-place instead", re.I)
_OWN_API = re.compile(r"\bis already defined for you\b", re.IGNORECASE)


def why_unjudged(function: ast.FunctionDef, code: str) -> str | None:
    """The reason why examples cannot be used, or None; `code` is what the function stands in.

    >>> why_unjudged(ast.parse("def f(root: TreeNode) -> int: ...").body[0], "")
    'it takes or returns TreeNode, which is not provided'
    """
    if _returns_nothing(function):
        return "it returns nothing (it changes its arguments in place)"
    unknown = next((name for name in _type_names(function) if name not in _KNOWN), None)
    if unknown is not None:
        return f"it takes or returns {unknown}, which is not provided"
    if _OWN_API.search(code):
        return "it calls a function that is not provided"
    return None


def _returns_nothing(function: ast.FunctionDef) -> bool:
    match function.returns:
        case ast.Constant(value=None | "None"):
            return True
    documentation = ast.get_docstring(function) or ""
    return bool(_NOTHING.search(documentation) or _IN_PLACE.search(documentation))


def _type_names(function: ast.FunctionDef) -> Iterator[str]:
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    for annotation in (*(argument.annotation for argument in every), function.returns):
        if annotation is not None:
            yield from _names(annotation)
    for match in _DOC_TYPE.finditer(ast.get_docstring(function) or ""):
        yield from _names_in_text(match["type"])


def _names(annotation: ast.expr) -> Iterator[str]:
    nodes = list(ast.walk(annotation))
    is_literal = any(isinstance(node, ast.Name) and node.id == "Literal" for node in nodes)
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_literal:
            yield from _names_in_text(node.value)


def _names_in_text(text: str) -> list[str]:
    """The names in a type that is written as text: `"TreeNode"`, `:type root: TreeNode`."""
    return re.findall(r"[^\W\d]\w{0,80}", text)
