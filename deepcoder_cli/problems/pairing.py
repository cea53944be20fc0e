"""Pairs the contents that follow input marks with those that follow output marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.problems import unfenced
from deepcoder_cli.problems.elements import Fence, Line
from deepcoder_cli.problems.markers import Inline, Kind, Mark
from deepcoder_cli.types import TestCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_PENDING = 1000  # inputs that wait for their output
PLAIN = {"", "text", "txt", "plaintext", "plain", "console", "none", "json"}
UNDERLINE = re.compile(r"\s*(?:-{3,}|={3,})\s*$")
INPUT_OR_OUTPUT = {Kind.INPUT, Kind.OUTPUT}

Token = Mark | Inline | Line | Fence | TestCase


@dataclass(frozen=True, slots=True)
class _Value:
    number: int | None
    text: str


class Pairing:
    """Walks the tokens and pairs the values of input marks with those of output marks.

    With `fences_only`, `Input` and `Output` count everywhere, but only with a code block as their
    value: the second try, for statements that never say "example".

    Attributes:
        notes: on examples that may be misread.
    """

    def __init__(self, *, fences_only: bool = False) -> None:
        self._fences_only = fences_only
        self.notes: list[str] = []
        self._section: int | None = 7 if fences_only else None
        self._found: list[TestCase] = []
        self._inputs: list[_Value] = []
        self._input_was_empty = False
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
        if mark.kind in INPUT_OR_OUTPUT and not (mark.sample or self._section):
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
            if mark.kind is Kind.OUTPUT and self._input_was_empty:
                self._pair_paragraphs(content)
            return
        text = self._value(content, mark.kind)
        self._input_was_empty = mark.kind is Kind.INPUT and text is None
        if text is None:
            return
        if mark.kind is Kind.INPUT and len(self._inputs) < MAX_PENDING:
            self._inputs.append(_Value(mark.number, text))
        elif mark.kind is Kind.OUTPUT:
            self._pair(mark, text)

    def _pair(self, mark: Mark, output: str) -> None:
        same = [v for v in self._inputs if v.number == mark.number and v.number is not None]
        chosen = same[0] if same else self._inputs[0]
        self._inputs.remove(chosen)
        self._found.append(TestCase(chosen.text, output))

    def _pair_bare_fences(self, content: Sequence[Inline | Line | Fence]) -> None:
        """`Example` followed by unlabelled code blocks: input, output, input, output."""
        fences = [c.text for c in content if isinstance(c, Fence) and c.language in PLAIN]
        if len(fences) % 2 == 0 and len(fences) <= 20:
            pairs = zip(fences[::2], fences[1::2], strict=True)
            self._found += [TestCase(given, expected) for given, expected in pairs]

    def _pair_paragraphs(self, content: Sequence[Inline | Line | Fence]) -> None:
        """`Input` and `Output` one under the other, and then both values (CodeChef's columns)."""
        groups = unfenced.paragraphs(_lines(content))
        if len(groups) == 2 and not any(unfenced.is_prose(group[0]) for group in groups):
            given, expected = (unfenced.raw("\n".join(group)) for group in groups)
            self._found.append(TestCase(given, expected))

    def _value(self, content: Sequence[Inline | Line | Fence], kind: Kind) -> str | None:
        """The text of an example's input or output; None when nothing was written."""
        content = _without_leading_blanks(content)
        if not content:
            return None
        first = content[0]
        if isinstance(first, Fence):
            return first.text
        if self._fences_only:
            return None
        lines = _lines(content)
        paragraph = next(iter(unfenced.paragraphs(lines)), [])
        after = content[len(paragraph) :]
        leads_on = bool(paragraph) and paragraph[-1].rstrip().endswith(":")
        if leads_on and after and isinstance(after[0], Fence):
            return after[0].text
        if kind is Kind.INPUT:
            return unfenced.raw("\n".join(paragraph if isinstance(first, Inline) else lines))
        read = unfenced.output(lines)
        if read.doubt is not None:
            self.notes.append(f"example {len(self._found) + 1}: {read.doubt}")
        return read.text


def _without_leading_blanks(
    content: Sequence[Inline | Line | Fence],
) -> Sequence[Inline | Line | Fence]:
    for at, part in enumerate(content):
        if isinstance(part, Fence) or (part.text.strip() and not UNDERLINE.match(part.text)):
            return content[at:]
    return []


def _lines(content: Sequence[Inline | Line | Fence]) -> list[str]:
    """The lines up to the first code block."""
    lines: list[str] = []
    for part in content:
        if isinstance(part, Fence):
            break
        lines.append(part.text)
    return lines
