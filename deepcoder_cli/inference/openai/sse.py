"""Server-sent events from bytes, the same for every way of cutting the stream into pieces.

After the WHATWG standard (event stream interpretation), with three liberties that servers need:
an event that the end of the stream cut before its blank line is given, marked as not complete; a
field `error` counts as data (older llama-server sends one); a last line may lack its line end.
Not covered: `id` and `retry`, which mean reconnecting; a completion cannot be taken up again.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_EVENT_CHARS = 16 * 1024 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")


class EventTooLongError(ValueError):
    """An event of more than `MAX_EVENT_CHARS` characters: no chat server sends that."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """The data of one event; `complete` is False when the stream ended within it."""

    data: str
    complete: bool = True


class SseParser:
    r"""Feed bytes with `push`, end with `flush`; both give events.

    >>> parser = SseParser()
    >>> [*parser.push(b": keep-alive\r\ndata: 1\r\ndata: 2\r\n\r\nda"), *parser.push(b"ta:3")]
    [SseEvent(data='1\n2', complete=True)]
    >>> list(parser.flush())
    [SseEvent(data='3', complete=False)]
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._pieces: list[str] = []  # of the line that has not ended
        self._size = 0
        self._skip_line_feed = False  # the last piece ended in CR, which ended a line
        self._data: list[str] = []

    def push(self, data: bytes) -> Iterator[SseEvent]:
        """The events that are whole with `data` added.

        Raises:
            EventTooLongError: the event so far is too long to be one.
        """
        yield from self._take(self._decoder.decode(data))

    def flush(self) -> Iterator[SseEvent]:
        """What was cut by the end of the stream."""
        yield from self._take(self._decoder.decode(b"", final=True))
        if self._pieces:
            self._field("".join(self._pieces))
        if self._data:
            yield SseEvent("\n".join(self._data), complete=False)

    def _take(self, text: str) -> Iterator[SseEvent]:
        if self._skip_line_feed and text:
            text = text.removeprefix("\n")
            self._skip_line_feed = False
        position = 0
        for match in _LINE_END.finditer(text):
            line = "".join([*self._pieces, text[position : match.start()]])
            self._pieces = []
            position = match.end()
            self._skip_line_feed = match.group() == "\r" and position == len(text)
            yield from self._line(line)
        rest = text[position:]
        if rest:
            self._pieces.append(rest)
            self._grow(len(rest))

    def _line(self, line: str) -> Iterator[SseEvent]:
        if line:
            self._field(line)
            return
        data, self._data, self._size = self._data, [], 0
        if data:
            yield SseEvent("\n".join(data))

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name in {"data", "error"}:
            self._data.append(value.removeprefix(" "))
            self._grow(len(value))

    def _grow(self, by: int) -> None:
        self._size += by
        if self._size > 2 * MAX_EVENT_CHARS:  # a line in pieces is counted again when it is whole
            raise EventTooLongError(f"over {MAX_EVENT_CHARS} characters without an end")
