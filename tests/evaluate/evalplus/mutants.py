"""Broken variants of a program, made by changing its syntax tree."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def returns_none(program: str, name: str) -> str:
    """Every `return` of the function returns nothing."""
    tree = ast.parse(program)
    for node in ast.walk(_function(tree, name)):
        if isinstance(node, ast.Return):
            node.value = None
    return ast.unparse(tree)


def off_by_one(program: str, name: str) -> Iterator[str]:
    """One integer of the function after the other is one larger."""

    def change(node: ast.AST) -> bool:
        if not isinstance(node, ast.Constant) or type(node.value) is not int:
            return False
        node.value += 1
        return True

    yield from _changed(program, name, change)


def swapped_comparison(program: str, name: str) -> Iterator[str]:
    """One comparison of the function after the other says the contrary, or is strict or not."""

    def change(node: ast.AST) -> bool:
        if not isinstance(node, ast.Compare):
            return False
        node.ops = [SWAPPED[type(op)]() for op in node.ops]
        return True

    yield from _changed(program, name, change)


def _changed(program: str, name: str, change: Callable[[ast.AST], bool]) -> Iterator[str]:
    tree = ast.parse(program)
    count = sum(1 for _ in ast.walk(_function(tree, name)))
    for place in range(count):
        other = copy.deepcopy(tree)
        if change(list(ast.walk(_function(other, name)))[place]):
            yield ast.unparse(other)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef:
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1]
