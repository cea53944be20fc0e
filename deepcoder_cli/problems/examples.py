"""Finds the worked examples of a statement, in whichever of the common layouts they are written.

Two passes. First the text becomes a flat list of marks (`Input`, `Example 2`, a heading) and
contents (lines, code blocks, table rows). Then the contents that follow an input mark and an
output mark are paired. `Input` alone counts inside an examples section only, since elsewhere it
names the input's format; `Sample Input` counts everywhere.

What a statement announces but does not hold in a form that can be told apart is left out, with a
note. Not covered: examples told in prose, images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deepcoder_cli.problems import tables
from deepcoder_cli.problems.elements import Fence, Line, elements
from deepcoder_cli.problems.markers import Kind, Mark, fence_kind, marks
from deepcoder_cli.problems.pairing import INPUT_OR_OUTPUT, PLAIN, UNDERLINE, Pairing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deepcoder_cli.problems.pairing import Token
    from deepcoder_cli.types import TestCase

_BUTTONS = {"copy", "copied", "复制", "コピー", "복사"}


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of a statement, in order, each once; and notes on what may be misread."""

    found: tuple[TestCase, ...]
    notes: tuple[str, ...] = ()


def find_examples(statement: str) -> Examples:
    r"""The examples of a statement.

    >>> find_examples("## Example\nInput\n```\n1 2\n```\nOutput\n```\n3\n```\n").found
    (TestCase(input='1 2\n', output='3\n'),)
    """
    tokens = _without_buttons(_tokens(elements(statement)))
    pairing = Pairing()
    found, notes = pairing.read(tokens), pairing.notes
    if not found:
        found = Pairing(fences_only=True).read(tokens)
    notes += _missing(tokens, len(found))
    return Examples(tuple(dict.fromkeys(found)), tuple(notes))


def _missing(tokens: Iterable[Token], found: int) -> list[str]:
    """A note when a statement announces more examples than were read."""
    announced = [
        token
        for token in tokens
        if isinstance(token, Mark)
        and (token.kind is Kind.EXAMPLE or (token.kind is Kind.INPUT and token.sample))
    ]
    numbers = {mark.number for mark in announced if mark.number is not None}
    advice = "put the input and the output of each into a code block of its own"
    if announced and found == 0:
        return [f"the statement announces examples, but none could be read: {advice}"]
    if len(numbers) > found:
        return [f"{found} of {len(numbers)} examples could be read: {advice}"]
    return []


def _without_buttons(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the lines `Copy` right after `Input` or `Output`.

    Such a line also says that a sample follows. Where nothing else follows, `Copy` is the value.
    """
    out: list[Token] = []
    mark_at: int | None = None
    for at, token in enumerate(tokens):
        if mark_at is not None and isinstance(token, Line):
            if token.text.strip().lower() in _BUTTONS and _goes_on(tokens, at + 1):
                mark = out[mark_at]
                out[mark_at] = replace(mark, sample=True) if isinstance(mark, Mark) else mark
                continue
            if not token.text.strip():
                out.append(token)
                continue
        out.append(token)
        is_label = isinstance(token, Mark) and token.kind in INPUT_OR_OUTPUT
        mark_at = len(out) - 1 if is_label else None
    return out


def _goes_on(tokens: Sequence[Token], at: int) -> bool:
    """Whether anything but blank lines stands before the next mark."""
    while at < len(tokens):
        token = tokens[at]
        if not isinstance(token, Line) or token.text.strip():
            return not isinstance(token, Mark)
        at += 1
    return False


def _tokens(parts: Sequence[Line | Fence]) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(parts):
        part = parts[at]
        at += 1
        if isinstance(part, Fence):
            tokens += _fence_tokens(part, tokens)
            continue
        columns = tables.header(part.text)
        if columns is None:
            tokens += marks(part.text) or [part]
            continue
        rows: list[str] = []
        while at < len(parts) and (row := _row(parts[at], columns)) is not None:
            rows.append(row)
            at += 1
        tokens += [Mark(Kind.EXAMPLE, number=columns.number), *tables.examples(columns, rows)]
    return tokens


def _row(part: Line | Fence, columns: tables.Columns) -> str | None:
    """The part as a row of the table; a pasted one goes on to the next label."""
    if not isinstance(part, Line):
        return None
    if columns.tabbed:
        ends = tables.header(part.text) is not None or marks(part.text)
        return None if ends else part.text
    return part.text if tables.is_row(part.text) else None


def _fence_tokens(fence: Fence, before: Sequence[Token]) -> list[Token]:
    """A fence is a value, or names itself (```input), or holds a whole example."""
    mark = fence_kind(fence.language)
    if mark is not None:
        return [mark, fence]
    if fence.language not in PLAIN or _awaits_value(before):
        return [fence]
    inner: list[Token] = []
    for line in fence.text.split("\n"):
        inner += marks(line) or [Line(line)]
    kinds = {token.kind for token in inner if isinstance(token, Mark)}
    if not kinds >= INPUT_OR_OUTPUT:
        return [fence]
    return [*inner, Mark(Kind.STOP)]


def _awaits_value(before: Sequence[Token]) -> bool:
    """Whether the last thing said was `Input` or `Output`, so that a value must come now."""
    for token in reversed(before):
        if isinstance(token, Mark):
            return token.kind in INPUT_OR_OUTPUT
        if not isinstance(token, Line) or (token.text.strip() and not UNDERLINE.match(token.text)):
            return False
    return False
