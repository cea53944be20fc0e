"""Token ids -> text: a table of bytes built once, then an incremental UTF-8 decoder.

One token may hold part of a character, and one character may span several tokens; bytes that
are no UTF-8 become U+FFFD. A token of any length survives.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Detokenizer:
    r"""Turns the tokens of one completion into text, a token at a time.

    >>> d = Detokenizer([b"a", b"\xc3", b"\xa9"])
    >>> [d.push(0), d.push(1), d.push(2), d.flush()]
    ['a', '', 'é', '']
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token: int) -> str:
        """The text that is complete with this token; may be empty."""
        return self._decoder.decode(self._pieces[token])

    def flush(self) -> str:
        """What an unfinished character at the end becomes."""
        return self._decoder.decode(b"", final=True)
