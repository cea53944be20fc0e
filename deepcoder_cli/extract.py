"""Completion text -> program: the last fenced block of the answer labelled Python.

Only where none is labelled Python do the blocks without a language count, the last of them: a
sample output is often shown in such a block after the program. (That the literally last block
counts is a rule of other graders; it belongs to the compatibility modes of eval.)

An answer that was cut inside such a block has no program: a half program is not a candidate.
The prompt's own code blocks are never looked at, since only the answer is passed in.

Fences are CommonMark's, with one leniency: an opening fence may be indented by any number of
spaces, since models put blocks into list items. Not covered: fences inside block quotes, fences
indented with tabs, code without a fence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)$")
_PYTHON = re.compile(r"python(?:3(?:\.\d{1,2})?)?|py3?|pypy3?")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: its language as written (lower case, may be empty) and its code."""

    language: str
    code: str


def code_blocks(answer: str) -> tuple[CodeBlock, ...]:
    r"""Every closed fenced block in order (the language is the info string's first word).

    >>> code_blocks("a\n```Python\nprint(1)\n```\n")
    (CodeBlock(language='python', code='print(1)\n'),)
    """
    return tuple(part for part in segments(answer) if isinstance(part, CodeBlock))


def segments(answer: str) -> tuple[str | CodeBlock, ...]:
    r"""The prose and the closed fenced blocks, in order; a fence left open stays prose.

    >>> segments("a\n```py\nb\n```\nc")
    ('a\n', CodeBlock(language='py', code='b\n'), 'c')
    """
    parts, cut = _split(answer)
    return tuple(part for part in (*parts, cut.text if cut else "") if part)


def program(answer: str) -> str | None:
    r"""The code of the last block labelled Python, else of the last without a label; else None.

    An answer cut inside a block of the kind that would count has no program.

    >>> program("```python\nprint(1)\n```\nOutput:\n```\n1\n```")
    'print(1)\n'
    >>> program("```python\nprint(1)\n```\nBetter:\n```python\nprin") is None
    True
    """
    parts, cut = _split(answer)
    blocks = [part for part in parts if isinstance(part, CodeBlock)]
    labelled = [block for block in blocks if is_python(block.language)]
    if cut and (is_python(cut.language) or not (cut.language or labelled)):
        return None
    candidates = labelled or [block for block in blocks if not block.language]
    return candidates[-1].code if candidates else None


def is_python(language: str) -> bool:
    """Whether a block's language is a name of Python: python3.11, py, pypy3.

    >>> is_python("python3"), is_python("pycon"), is_python("")
    (True, False, False)
    """
    return _PYTHON.fullmatch(language.strip("{}.,:")) is not None


@dataclass(frozen=True, slots=True)
class _Cut:
    """A last block that was never closed: its language, and its text with the fence."""

    language: str
    text: str


def _split(answer: str) -> tuple[tuple[str | CodeBlock, ...], _Cut | None]:
    """Prose and closed blocks in order, and apart from them a block left open at the end."""
    parts: list[str | CodeBlock] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for line in answer.split("\n"):
        fence = _FENCE.match(line.rstrip("\r"))
        if opening is None and fence:
            parts.append("".join(f"{text}\n" for text in lines))
            opening, lines = fence, [line]
        elif opening and fence and _closes(opening, fence):
            parts.append(_block(opening, lines[1:]))
            opening, lines = None, []
        else:
            lines.append(line)
    rest = "\n".join(lines)
    if opening:
        return tuple(parts), _Cut(_language(opening), rest)
    return (*parts, rest), None


def _closes(opening: re.Match[str], fence: re.Match[str]) -> bool:
    """Whether `fence` ends the block: same mark, as long, bare, not indented deeper as code."""
    marks, closing = opening["marks"], fence["marks"]
    same = closing[0] == marks[0] and len(closing) >= len(marks)
    shallow = len(fence["indent"]) < len(opening["indent"]) + 4
    return same and shallow and not fence["info"].strip(" \t")


def _block(opening: re.Match[str], lines: list[str]) -> CodeBlock:
    """The block, its lines freed of as much indentation as the opening fence had."""
    indent = re.compile(f" {{0,{len(opening['indent'])}}}")
    code = "".join(f"{indent.sub('', line, count=1)}\n" for line in lines)
    return CodeBlock(_language(opening), code)


def _language(opening: re.Match[str]) -> str:
    words = opening["info"].split()
    return words[0].lower() if words else ""
