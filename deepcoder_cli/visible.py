"""Text from files, models and programs, made harmless before a terminal sees it.

A terminal obeys control characters: an escape sequence in a problem file could clear the screen,
change the title, or write what looks like our own words. `visible` is for text that keeps its
layout, `escaped` for text within one line of ours. Not covered: look-alike letters.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""`text` with control and direction characters made harmless; tab and line ends stay.

    >>> visible("\x1b[2Jgone")
    '␛[2Jgone'
    """
    return _UNSAFE.sub(lambda found: _picture(found[0]), text)


def escaped(text: str, *, keep: str = "") -> str:
    r"""`text` with every character that is not printable as its escape, but for those to `keep`.

    >>> escaped("a\x1b[2J\tb\n", keep="\t")
    'a\\x1b[2J\tb\\n'
    """
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code < 0xA0 else "\N{REPLACEMENT CHARACTER}"
