"""One answer: streamed while it is written, then frozen into still widgets."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Markdown, Static

from deepcoder_cli.extract import CodeBlock, segments
from deepcoder_cli.inference.backend import Answer, Reasoning
from deepcoder_cli.tui.codeblock import CodeBlockView
from deepcoder_cli.tui.display import displayable
from deepcoder_cli.tui.markdown import Prose, StreamingMarkdown
from deepcoder_cli.tui.reasoning import ReasoningView

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widget import Widget
    from textual.widgets.markdown import MarkdownStream

    from deepcoder_cli.inference.backend import Event
    from deepcoder_cli.sessions.records import StoredMessage

FLUSH_S = 0.125
"""Seconds between two writes to the screen: tokens come faster than a terminal needs them."""

ENDINGS = {
    "length": "⚠ cut: the answer reached its token budget or the end of the context",
    "cancelled": "■ stopped",
    "refused": "✗ not sent to the model; your later messages go without it",
    "error": "✗ the engine failed during this answer; your next message starts a new one",
    None: "✗ interrupted: deepcoder ended during this answer",
}


class AnswerView(Vertical):
    """An answer; begin with `begin`, feed it events, end with `freeze`."""

    def __init__(self) -> None:
        super().__init__()
        self.record: StoredMessage | None = None
        self.reasoning = ReasoningView()
        self._markdown = StreamingMarkdown()
        self._stream: MarkdownStream | None = None
        self._timer: Timer | None = None
        self._pending: list[str] = []
        self._thoughts: list[str] = []
        self._tokens = 0
        self._started = time.monotonic()
        self._thinking = True

    async def begin(self) -> None:
        """Get ready to stream."""
        await self.mount(self.reasoning, self._markdown)
        self.reasoning.show("", 0, 0, live=True)
        self._stream = Markdown.get_stream(self._markdown)
        await asyncio.sleep(0)  # a stream stopped before its task began would raise
        self._timer = self.set_interval(FLUSH_S, self._flush)

    def feed(self, event: Event) -> None:
        """Take an event; cheap, since drawing happens in batches."""
        match event:
            case Reasoning(text=text, tokens=tokens):
                self._thoughts.append(text)
                self._tokens = tokens
            case Answer(text=text):
                self._thinking = False
                self._pending.append(text)

    async def freeze(self, record: StoredMessage) -> None:
        """Replace the stream by the whole text, as it was saved; built before the old goes."""
        self.record = record
        parts = still_parts(record)
        await self._end_stream()
        reasoning = ReasoningView()
        reasoning.show(record.reasoning, record.reasoning_s, record.reasoning_tokens, live=False)
        with self.app.batch_update():
            await self.remove_children()
            self.reasoning = reasoning
            await self.mount(reasoning, *parts)

    async def _flush(self) -> None:
        text, self._pending = "".join(self._pending), []
        if text and self._stream is not None:
            await self._stream.write(displayable(text))
        if self._thinking and self._thoughts:
            seconds = time.monotonic() - self._started
            self.reasoning.show("".join(self._thoughts), seconds, self._tokens, live=True)

    async def _end_stream(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None
            async with self._markdown.lock:  # an append may still be under way
                pass


def still_parts(record: StoredMessage) -> list[Widget]:
    """The widgets of a finished answer: one for each stretch of prose and each code block."""
    parts: list[Widget] = []
    for part in segments(record.content):
        if isinstance(part, CodeBlock):
            parts.append(CodeBlockView(part))
        elif part.strip():
            parts.append(Static(Prose(displayable(part)), classes="prose"))
    if record.ending != "stop":
        parts.append(Static(Content(ENDINGS[record.ending]), classes="ending"))
    return parts
