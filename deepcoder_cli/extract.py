"""Completion text -> program: the last fenced block of the answer.

An answer that was cut inside its last fence has no program: a half program is not a candidate.
The prompt's own code blocks are never looked at, since only the answer is passed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: its language as written (lower case, may be empty) and its code."""

    language: str
    code: str


def code_blocks(answer: str) -> tuple[CodeBlock, ...]:
    r"""Every closed fenced block in order (CommonMark fences; info string's first word).

    >>> code_blocks("a\n```Python\nprint(1)\n```\n")
    (CodeBlock(language='python', code='print(1)\n'),)
    """
    return tuple(part for part in segments(answer) if isinstance(part, CodeBlock))


def segments(answer: str) -> tuple[str | CodeBlock, ...]:
    r"""The prose and the closed fenced blocks, in order; a fence left open stays prose.

    >>> segments("a\n```py\nb\n```\nc")
    ('a\n', CodeBlock(language='py', code='b\n'), 'c')
    """
    parts: list[str | CodeBlock] = []
    opening: re.Match[str] | None = None
    prose: list[str] = []
    lines: list[str] = []
    for line in answer.split("\n"):
        fence = _FENCE.match(line.rstrip("\r"))
        if opening is None:
            if fence:
                opening, lines = fence, []
                parts.append("".join(f"{text}\n" for text in prose))
                prose = [line]
            else:
                prose.append(line)
        elif fence and _closes(opening, fence):
            parts.append(_block(opening, lines))
            opening, prose = None, []
        else:
            lines.append(line)
    rest = "\n".join(prose + lines if opening else prose)
    return tuple(part for part in (*parts, rest) if part)


def program(answer: str) -> str | None:
    r"""The code of the last block that is Python or names no language; None without one.

    >>> program("```python\nprint(1)\n```\nOutput:\n```text\n1\n```")
    'print(1)\n'
    """
    blocks = code_blocks(answer)
    candidates = [b for b in blocks if b.language in {"", "python", "python3", "py"}]
    return candidates[-1].code if candidates else None


def _closes(opening: re.Match[str], fence: re.Match[str]) -> bool:
    marks, closing = opening["marks"], fence["marks"]
    return not fence["info"].strip() and closing[0] == marks[0] and len(closing) >= len(marks)


def _block(opening: re.Match[str], lines: list[str]) -> CodeBlock:
    words = opening["info"].split()
    code = "\n".join(lines)
    return CodeBlock(words[0].lower() if words else "", code + "\n" if lines else "")
