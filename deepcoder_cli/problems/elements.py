"""Markdown text -> lines and code blocks: as much of Markdown as finding examples needs.

Fences may be indented (list items) and an unclosed fence is plain text. HTML `<pre>` blocks, the
form in which LeetCode statements are often copied, count as code blocks too.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from textwrap import dedent

_FENCE = re.compile(r"(?P<indent>[ \t>]*)(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
_PRE = re.compile(r"\s*<pre\b[^<>]{0,80}>", re.IGNORECASE)
_PRE_END = re.compile(r"</pre\s*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:strong|b|em|i|u|code|span|p|div|font|kbd|samp|sup|sub|h[1-6])\b[^<>]{0,80}>", re.I
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text outside code blocks, as written; `indented` content is not special."""

    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A code block: its info string and its text, ending with a newline unless empty."""

    info: str
    text: str

    @property
    def language(self) -> str:
        """The first word of the info string, lower case."""
        words = self.info.lower().split()
        return words[0] if words else ""


Element = Line | Fence


def elements(text: str) -> list[Element]:
    r"""The lines and code blocks of `text`, in order.

    >>> elements("Add.\n```py\n1\n```")
    [Line(text='Add.'), Fence(info='py', text='1\n')]
    """
    return _Scanner(text.split("\n")).scan()


def without_tags(text: str) -> str:
    """Text without inline HTML tags and entities; `<br>` becomes a newline."""
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    return html.unescape(text).replace("\N{NO-BREAK SPACE}", " ") if "&" in text else text


class _Scanner:
    """One pass over the lines; remembers which fences cannot close, so it stays linear."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._unclosable: dict[str, int] = {}
        self._pre_is_unclosed = False

    def scan(self) -> list[Element]:
        found: list[Element] = []
        at = 0
        while at < len(self._lines):
            block = self._fence(at) or self._pre(at)
            if block is None:
                found.append(Line(self._lines[at]))
                at += 1
            else:
                element, at = block
                found.append(element)
        return found

    def _fence(self, at: int) -> tuple[Fence, int] | None:
        opening = _FENCE.match(self._lines[at])
        if opening is None:
            return None
        mark, length = opening["marks"][0], len(opening["marks"])
        if length >= self._unclosable.get(mark, length + 1):
            return None
        for end in range(at + 1, len(self._lines)):
            closing = _FENCE.match(self._lines[end])
            if closing and not closing["info"].strip() and closing["marks"][0] == mark:
                if len(closing["marks"]) < length:
                    continue
                body = _unindented(self._lines[at + 1 : end], opening["indent"])
                return Fence(opening["info"].strip(), body), end + 1
        self._unclosable[mark] = length
        return None

    def _pre(self, at: int) -> tuple[Fence, int] | None:
        opening = _PRE.match(self._lines[at])
        if opening is None or self._pre_is_unclosed:
            return None
        body: list[str] = []
        for end in range(at, len(self._lines)):
            line = self._lines[end][opening.end() if end == at else 0 :]
            closing = _PRE_END.search(line)
            body.append(line[: closing.start()] if closing else line)
            if closing:
                text = without_tags("\n".join(body)).strip("\n")
                return Fence("", f"{text}\n" if text.strip() else ""), end + 1
        self._pre_is_unclosed = True
        return None


def _unindented(lines: list[str], indent: str) -> str:
    """The block's text, without the indentation (or quoting) that its fence has."""
    if ">" in indent:
        lines = [re.sub(r"^\s*> ?", "", line) for line in lines]
    elif indent and all(not line.strip() or line.startswith(indent) for line in lines):
        lines = [line[len(indent) :] for line in lines]
    elif indent:
        lines = dedent("\n".join(lines)).split("\n")
    return "\n".join(lines) + "\n" if lines else ""
