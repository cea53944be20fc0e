"""Values that stand in the text without a code block: where they begin and where they end.

An input ends where the next label stands. An output ends at the first blank line, or at a line
of prose: pasted statements often go on with the explanation. Both are guesses, so what was left
out is told wherever a value might have gone on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_EMPTY_VALUE = re.compile(r"[(<\[]?(?:empty|none|no input|nothing)[)>\]]", re.IGNORECASE)
_WORD = re.compile(r"[a-z']+")
_COMMON_WORDS = frozenset(
    {
        "the", "is", "are", "of", "to", "in", "we", "and", "this", "that", "it", "for", "you",
        "so", "can", "be", "as", "with", "there", "has", "have", "since", "because", "after",
        "then", "which", "if", "will", "was", "were", "from", "on", "at", "its", "each", "only",
    }
)  # fmt: skip
_MARKUP = re.compile(r"\s{0,9}(?:!\[|[-*+>#]\s|\d{1,3}\.\s|</?[a-z]|\||={3}|-{3})", re.IGNORECASE)
_QUOTED_CHARS = 40


@dataclass(frozen=True, slots=True)
class Output:
    """An output as it was read, and why that is doubtful; None when it is not."""

    text: str
    doubt: str | None = None


def output(lines: Sequence[str]) -> Output:
    r"""The output at the start of `lines`.

    >>> output(["7", "The answer is 3 + 4 = 7."]).text
    '7\n'
    """
    end = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    told = next((i for i in range(1, end) if is_prose(lines[i])), None)
    if told is not None and not is_prose(lines[0]):
        return Output(raw("\n".join(lines[:told])), _doubt("taken for prose", lines[told]))
    rest = next((line for line in lines[end:] if line.strip()), None)
    text = raw("\n".join(lines[:end]))
    if rest is None or is_prose(rest) or _MARKUP.match(rest):
        return Output(text)
    return Output(text, _doubt("after a blank line", rest))


def is_prose(line: str) -> bool:
    """Whether a line looks like a sentence rather than like what a program prints.

    >>> is_prose("We have 3+4=7."), is_prose("YES 3"), is_prose("the cat")
    (True, False, False)
    """
    line = line[:500].strip()
    if line.endswith("。"):
        return True
    count = len(line.split())
    is_long = count >= 6 or (count >= 3 and line.endswith((".", ":", "!", "?", ";")))
    return is_long and not _COMMON_WORDS.isdisjoint(_WORD.findall(line.lower()))


def raw(text: str) -> str:
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


def paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """The lines in groups, parted at blank lines."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _doubt(why: str, line: str) -> str:
    line = line.strip()
    quoted = line if len(line) <= _QUOTED_CHARS else f"{line[:_QUOTED_CHARS]}..."
    return f"its output is read up to {quoted!r} ({why}); a code block makes it certain"
