"""Text of a model or a program, made safe to show.

Only what is shown goes through here: copying, saving and running use the text as it came.
Not covered: look-alike letters, and characters that a terminal draws wider than it says.
"""

from __future__ import annotations

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_KEPT = {"\n", "\t"}


def _table() -> dict[int, str]:
    """Controls as their pictures; line ends and text directions that deceive as a mark."""
    c0 = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in _KEPT}
    c1 = dict.fromkeys(range(0x80, 0xA0), _REPLACEMENT)
    bidi = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], _REPLACEMENT)
    surrogates = dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT)
    line_ends = dict.fromkeys([0x2028, 0x2029], "\N{SYMBOL FOR NEWLINE}")
    return {**c0, **c1, **bidi, **surrogates, **line_ends, 0x7F: "\N{SYMBOL FOR DELETE}"}


_TABLE = _table()


def displayable(text: str) -> str:
    r"""`text` without anything that could drive the terminal or split a line unseen.

    >>> displayable("a\x1b[2Jb\x0c\u2028")
    'a␛[2Jb␌␤'
    """
    return text.replace("\r\n", "\n").translate(_TABLE)


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
