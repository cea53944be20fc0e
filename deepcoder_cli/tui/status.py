"""The status line: model, state, tokens, speed, context, sandbox."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning

if TYPE_CHECKING:
    from deepcoder_cli.inference.backend import Event


@dataclass(slots=True)
class Progress:
    """Numbers of the turn in progress or of the last one."""

    state: str = "loading"
    prompt_tokens: int = 0
    new_tokens: int = 0
    first_token_at: float = 0.0
    last_token_at: float = 0.0

    def begin(self) -> None:
        """A turn starts."""
        self.state = "waiting"
        self.new_tokens = 0
        self.first_token_at = self.last_token_at = 0.0

    def take(self, event: Event) -> None:
        """Count what `event` brings."""
        match event:
            case Prefill(done_tokens=done, total_tokens=total):
                self.prompt_tokens = total
                self.state = f"reading {done:,}/{total:,}"
            case Reasoning(tokens=tokens) | Answer(tokens=tokens):
                self.state = "thinking" if isinstance(event, Reasoning) else "answering"
                self.new_tokens = max(self.new_tokens, tokens)
                self.last_token_at = time.monotonic()
                self.first_token_at = self.first_token_at or self.last_token_at
            case Done(usage=usage):
                self.prompt_tokens = usage.prompt_tokens
                self.new_tokens = usage.completion_tokens

    @property
    def tokens_per_s(self) -> float | None:
        """Speed of writing; None while too little has come to tell."""
        seconds = self.last_token_at - self.first_token_at
        return (self.new_tokens - 1) / seconds if self.new_tokens > 1 and seconds > 0 else None


class StatusLine(Static):
    """One line; cut at the right where the terminal is narrow."""

    def __init__(self, model: str) -> None:
        super().__init__("", id="status")
        name = model.rsplit("/", 1)[-1]
        self._model = name if len(name) <= 24 else f"{name[:23]}…"
        self.sandbox = "…"
        self.context_tokens = 0

    def show(self, progress: Progress) -> None:
        """Draw the line for `progress`."""
        speed = progress.tokens_per_s
        parts = [
            self._model,
            progress.state,
            f"{progress.new_tokens:,} tokens" if progress.new_tokens else "",
            f"{speed:.0f} tokens/s" if speed else "",
            self._context_part(progress),
            f"sandbox {self.sandbox}",
        ]
        self.update(Content(" · ".join(part for part in parts if part)))

    def _context_part(self, progress: Progress) -> str:
        used = progress.prompt_tokens + progress.new_tokens
        return f"context {used:,}/{self.context_tokens:,}" if self.context_tokens else ""
