"""Splits a completion into reasoning and answer as it streams in.

Rules, the same for every way of cutting the stream into pieces:

- Reasoning begins where the prompt left `<think>` open, or with a `<think>` that only white
  space precedes. Without either, everything is answer.
- The first `</think>` ends it, inside code too. Line breaks right after either tag are dropped.
- A second `<think>` before any reasoning is a repetition and is dropped. At the start of a later
  line it opens a nested block, and the next `</think>` closes only that. Elsewhere in a line it
  is a mention, and text.
- If only nested blocks were closed when the stream ends, what followed the last `</think>` was
  streamed as reasoning; it is given once more as answer, so that no answer is lost.
- In the answer, a `<think>` before any text takes reasoning up again; later it is text. A stray
  `</think>` is dropped, but in a fenced block or a code span it is text.
- A tag is never emitted in part: what may become one is held until that is decided.

Not covered: other spellings (`<Think>`, `<thinking>`) are text; a `</think>` that no `<think>`
preceded cannot turn what was already emitted as answer into reasoning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from deepcoder_cli.inference.backend import Answer, Reasoning

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = "<think>"
CLOSE = "</think>"

_TAG = re.compile(r"</?think>")
_FENCE = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
_LINE_BREAKS = "\r\n"


class ReasoningParser:
    r"""Feed text with `push`, end with `flush`; both give `Reasoning` and `Answer` events.

    >>> parser = ReasoningParser(in_reasoning=True)
    >>> [*parser.push("hm</th"), *parser.push("ink>\n\n4"), *parser.push("2"), *parser.flush()]
    [Reasoning(text='hm', tokens=0), Answer(text='4', tokens=0), Answer(text='2', tokens=0)]
    """

    def __init__(self, *, in_reasoning: bool) -> None:
        self._state: Literal["start", "reasoning", "answer"]
        self._state = "reasoning" if in_reasoning else "start"
        self._tags = _TagSplitter()
        self._undecided = ""  # white space before anything else, while in "start"
        self._eat_breaks = in_reasoning
        self._part = _PartSoFar()
        self._depth = 1  # open blocks while in "reasoning"
        self._after_inner: list[str] | None = None  # reasoning since a nested block closed

    def push(self, text: str, tokens: int = 0) -> Iterator[Reasoning | Answer]:
        """What is certain with `text` added; `tokens` is copied into the events."""
        for piece in self._tags.push(text):
            yield from self._take(piece, tokens)

    def flush(self, tokens: int = 0) -> Iterator[Reasoning | Answer]:
        """What was held back, once the stream is over."""
        yield from self._text(self._tags.flush(), tokens)
        if self._state == "start" and self._undecided:
            yield Answer(self._undecided, tokens)
        if self._state == "reasoning" and self._after_inner:
            answer = "".join(self._after_inner).lstrip(_LINE_BREAKS)
            if answer:
                yield Answer(answer, tokens)

    def _take(self, piece: str, tokens: int) -> Iterator[Reasoning | Answer]:
        consumed = (piece == OPEN and self._opened()) or (piece == CLOSE and self._closed())
        if not consumed:
            yield from self._text(piece, tokens)

    def _opened(self) -> bool:
        """Whether this `<think>` is a tag here; if so, its effect is done."""
        if self._state == "reasoning":
            if not self._part.blank:
                if not self._part.at_line_start:
                    return False
                self._depth += 1
        elif not self._part.blank:
            return False
        else:
            self._enter("reasoning")
        self._eat_breaks = True
        return True

    def _closed(self) -> bool:
        """Whether this `</think>` is a tag here; if so, its effect is done."""
        if self._state == "answer":
            return not self._part.in_code
        if self._state == "reasoning" and self._depth > 1:
            self._depth -= 1
            self._after_inner = []
        else:
            self._enter("answer")
        return True

    def _enter(self, state: Literal["reasoning", "answer"]) -> None:
        self._state = state
        self._part = _PartSoFar()
        self._depth = 1
        self._after_inner = None
        self._eat_breaks = True
        self._undecided = ""

    def _text(self, text: str, tokens: int) -> Iterator[Reasoning | Answer]:
        if self._state == "start":
            text = self._undecided + text
            if not text.strip():
                self._undecided = text
                return
            self._state = "answer"
        if self._eat_breaks:
            text = text.lstrip(_LINE_BREAKS)
        if not text:
            return
        self._eat_breaks = False
        self._part.add(text)
        if self._state == "answer":
            yield Answer(text, tokens)
            return
        if self._after_inner is not None:
            self._after_inner.append(text)
        yield Reasoning(text, tokens)


class _TagSplitter:
    """Cuts a stream into whole tags and the text between them, whatever its pieces."""

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str) -> Iterator[str]:
        text = self._held + text
        position = 0
        for match in _TAG.finditer(text):
            if match.start() > position:
                yield text[position : match.start()]
            yield match.group()
            position = match.end()
        end = _start_of_partial_tag(text, position)
        self._held = text[end:]
        if end > position:
            yield text[position:end]

    def flush(self) -> str:
        held, self._held = self._held, ""
        return held


def _start_of_partial_tag(text: str, position: int) -> int:
    """Where a suffix of `text` that may still become a tag begins; its length when none does."""
    start = text.rfind("<", position)
    if start != -1 and (OPEN.startswith(text[start:]) or CLOSE.startswith(text[start:])):
        return start
    return len(text)


class _PartSoFar:
    """What the rules ask about the current part: is it blank, at a line start, inside code?"""

    def __init__(self) -> None:
        self.blank = True
        self._line = ""
        self._fence: re.Match[str] | None = None

    @property
    def at_line_start(self) -> bool:
        return not self._line.strip()

    @property
    def in_code(self) -> bool:
        """In an open fence, or in a code span of the current line."""
        span = 0
        for run in re.findall(r"`+", self._line):
            if not span:
                span = len(run)
            elif span == len(run):
                span = 0
        return self._fence is not None or span > 0

    def add(self, text: str) -> None:
        self.blank = self.blank and not text.strip()
        *lines, rest = text.split("\n")
        for line in lines:
            self._end_line(self._line + line)
            self._line = ""
        self._line += rest

    def _end_line(self, line: str) -> None:
        fence = _FENCE.match(line.rstrip("\r"))
        if fence is None:
            return
        if self._fence is None:
            self._fence = fence
        elif not fence["info"].strip() and fence["marks"].startswith(self._fence["marks"]):
            self._fence = None
