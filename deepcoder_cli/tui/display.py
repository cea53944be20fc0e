"""Text of a model or a program, made safe to show.

Only what is shown goes through here: copying, saving and running use the text as it came.
Not covered: look-alike letters, and characters that a terminal draws wider than it says.
"""

from __future__ import annotations

import re

from deepcoder_cli.visible import visible

_SURROGATE = re.compile("[\ud800-\udfff]")  # no encoder takes one


def displayable(text: str) -> str:
    r"""`text` without anything that could drive the terminal or split a line unseen.

    >>> displayable("a\x1b[2Jb\x0c\u2028")
    'a␛[2Jb␌�'
    """
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", visible(text.replace("\r\n", "\n")))


def head(text: str, max_lines: int, max_chars: int) -> tuple[str, int]:
    r"""The first lines of `text`, and how many lines were left out.

    >>> head("a\nb\nc\n", 2, 100)
    ('a\nb', 1)
    """
    lines = text.rstrip("\n").split("\n")
    shown = "\n".join(lines[:max_lines])
    if len(shown) > max_chars:
        shown = shown[:max_chars] + "…"
    return shown, max(0, len(lines) - max_lines)
