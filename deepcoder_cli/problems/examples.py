"""Finds the worked examples of a statement, in whichever of the common layouts they are written.

Two passes. First the text becomes a flat list of marks (`Input`, `Example 2`, a heading) and
contents (lines, code blocks, table rows). Then the contents that follow an input mark and an
output mark are paired. `Input` alone counts inside an examples section only, since elsewhere it
names the input's format; `Sample Input` counts everywhere.

Not covered: examples told in prose, images.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

from deepcoder_cli.problems import tables
from deepcoder_cli.problems.elements import Fence, Line, elements
from deepcoder_cli.problems.markers import Inline, Kind, Mark, fence_kind, marks
from deepcoder_cli.types import TestCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = {"", "text", "txt", "plaintext", "plain", "console", "none", "json"}
_UNDERLINE = re.compile(r"\s*(?:-{3,}|={3,})\s*$")
_EMPTY_VALUE = re.compile(r"[(<\[]?(?:empty|none|no input|nothing)[)>\]]", re.IGNORECASE)

Token = Mark | Inline | Line | Fence | TestCase


def find_examples(statement: str) -> tuple[TestCase, ...]:
    r"""The examples of a statement, in order, each once.

    >>> find_examples("## Example\nInput\n```\n1 2\n```\nOutput\n```\n3\n```\n")
    (TestCase(input='1 2\n', output='3\n'),)
    """
    tokens = _tokens(elements(statement))
    found = _Pairing().read(tokens) or _Pairing(fences_only=True).read(tokens)
    return tuple(dict.fromkeys(found))


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
        while at < len(parts) and (row := _row(parts[at], part)) is not None:
            rows.append(row)
            at += 1
        tokens += [Mark(Kind.EXAMPLE), *tables.examples(columns, rows)]
    return tokens


def _row(part: Line | Fence, header: Line) -> str | None:
    if isinstance(part, Line) and tables.is_row(part.text, header.text):
        return part.text
    return None


def _fence_tokens(fence: Fence, before: Sequence[Token]) -> list[Token]:
    """A fence is a value, or names itself (```input), or holds a whole example."""
    mark = fence_kind(fence.language)
    if mark is not None:
        return [mark, fence]
    if fence.language not in _PLAIN or _awaits_value(before):
        return [fence]
    inner: list[Token] = []
    for line in fence.text.split("\n"):
        inner += marks(line) or [Line(line)]
    kinds = {token.kind for token in inner if isinstance(token, Mark)}
    if not {Kind.INPUT, Kind.OUTPUT} <= kinds:
        return [fence]
    return [*inner, Mark(Kind.STOP)]


def _awaits_value(before: Sequence[Token]) -> bool:
    """Whether the last thing said was `Input` or `Output`, so that a value must come now."""
    for token in reversed(before):
        if isinstance(token, Mark):
            return token.kind in {Kind.INPUT, Kind.OUTPUT}
        if not isinstance(token, Line) or (token.text.strip() and not _UNDERLINE.match(token.text)):
            return False
    return False


@dataclass(frozen=True, slots=True)
class _Value:
    number: int | None
    text: str


class _Pairing:
    """Walks the tokens and pairs the values of input marks with those of output marks.

    With `fences_only`, `Input` and `Output` count everywhere, but only with a code block as their
    value: the second try, for statements that never say "example".
    """

    def __init__(self, *, fences_only: bool = False) -> None:
        self._fences_only = fences_only
        self._section: int | None = 7 if fences_only else None
        self._found: list[TestCase] = []
        self._inputs: list[_Value] = []
        self._mark: Mark | None = None
        self._content: list[Inline | Line | Fence] = []

    def read(self, tokens: Iterable[Token]) -> list[TestCase]:
        """Every example in `tokens`."""
        for token in tokens:
            if isinstance(token, TestCase):
                self._found.append(token)
            elif isinstance(token, Mark):
                self._turn(token)
            else:
                self._content.append(token)
        self._close()
        return self._found

    def _turn(self, mark: Mark) -> None:
        if mark.kind in {Kind.INPUT, Kind.OUTPUT} and not (mark.sample or self._section):
            mark = Mark(Kind.STOP, level=mark.level)  # the input's format, not an example
        self._close()
        if mark.kind is Kind.EXAMPLE:
            self._inputs = []
            self._section = mark.level
        elif mark.kind is Kind.STOP and self._ends_section(mark):
            self._section = None
        self._mark, self._content = mark, []

    def _ends_section(self, mark: Mark) -> bool:
        if self._section is None or self._fences_only:
            return False
        return mark.level < 7 and mark.level <= self._section

    def _close(self) -> None:
        """End the content of the mark that is open."""
        mark, content = self._mark, self._content
        if mark is None or mark.kind is Kind.STOP:
            return
        if mark.kind is Kind.EXAMPLE or (mark.kind is Kind.OUTPUT and not self._inputs):
            self._pair_bare_fences(content)
            return
        text = _value(content, mark.kind, fences_only=self._fences_only)
        if text is None:
            return
        if mark.kind is Kind.INPUT:
            self._inputs.append(_Value(mark.number, text))
        else:
            self._pair(mark, text)

    def _pair(self, mark: Mark, output: str) -> None:
        same = [v for v in self._inputs if v.number == mark.number and v.number is not None]
        chosen = same[0] if same else self._inputs[0]
        self._inputs.remove(chosen)
        self._found.append(TestCase(chosen.text, output))

    def _pair_bare_fences(self, content: Sequence[Inline | Line | Fence]) -> None:
        """`Example` followed by unlabelled code blocks: input, output, input, output."""
        fences = [c.text for c in content if isinstance(c, Fence) and c.language in _PLAIN]
        if len(fences) % 2 == 0 and len(fences) <= 20:
            pairs = zip(fences[::2], fences[1::2], strict=True)
            self._found += [TestCase(given, expected) for given, expected in pairs]


def _value(
    content: Sequence[Inline | Line | Fence], kind: Kind, *, fences_only: bool
) -> str | None:
    """The text of an example's input or output; None when nothing was written."""
    content = _without_leading_blanks(content)
    if not content:
        return None
    first = content[0]
    if isinstance(first, Fence):
        return first.text
    if fences_only:
        return None
    paragraph = _paragraph(content)
    after = content[len(paragraph) :]
    if paragraph[-1].rstrip().endswith(":") and after and isinstance(after[0], Fence):
        return after[0].text
    whole = kind is Kind.INPUT and not isinstance(first, Inline)
    lines = _all_lines(content) if whole else paragraph
    return _raw("\n".join(lines))


def _without_leading_blanks(
    content: Sequence[Inline | Line | Fence],
) -> Sequence[Inline | Line | Fence]:
    for at, part in enumerate(content):
        if isinstance(part, Fence) or (part.text.strip() and not _UNDERLINE.match(part.text)):
            return content[at:]
    return []


def _paragraph(content: Sequence[Inline | Line | Fence]) -> list[str]:
    lines: list[str] = []
    for part in content:
        if isinstance(part, Fence) or not part.text.strip():
            break
        lines.append(part.text)
    return lines


def _all_lines(content: Sequence[Inline | Line | Fence]) -> list[str]:
    """The lines up to the first code block."""
    lines: list[str] = []
    for part in content:
        if isinstance(part, Fence):
            break
        lines.append(part.text)
    return lines


def _raw(text: str) -> str:
    """Unfenced text as a value: no common indentation, no quoting, no code marks around it."""
    text = dedent("\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")
    if all(line.startswith(">") for line in text.split("\n")):
        text = "\n".join(line[1:].removeprefix(" ") for line in text.split("\n"))
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == "`" and "`" not in stripped[1:-1]:
        text = stripped[1:-1]
    if _EMPTY_VALUE.fullmatch(text.strip()):
        return ""
    return f"{text}\n" if text else ""
