"""Where the reasoning of a completion is, when the server leaves that to its client.

A server with a reasoning parser sends the reasoning in a field of its own: then the content is the
answer. Without one, the content holds `<think>...</think>` as the model wrote it, and the template
of DeepSeek-R1's family (DeepCoder too) opens `<think>` in the prompt, so that the content *begins*
inside the reasoning and holds only `</think>`. Nothing in the protocol tells which; hence the
setting `opens_think`:

`yes`: content begins inside the reasoning. `no`: it does not, unless it says `<think>` itself.
`auto`: a reasoning field decides; a model of a family that is known to open it is taken as `yes`;
for any other the first content is held back until a `<think>` at its start or a `</think>` decides,
and given at once as answer if the stream ends before. What was seen is remembered, so later
completions of the same backend stream at once.

A guess that was wrong loses nothing: when a completion that was taken to be inside its reasoning
stops by itself without a `</think>`, its text is given once more, as the answer. Cut by the
budget, it stays reasoning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from deepcoder_cli.inference.backend import Answer, Reasoning
from deepcoder_cli.inference.reasoning import CLOSE, OPEN, ReasoningParser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.types import FinishReason, OpensThink

Opens = Literal["yes", "no", "unknown"]
_FAMILY = re.compile(r"deepcoder|deepscaler|deepseek-?r1|r1-?distill|qwq", re.IGNORECASE)


class ThinkGuess:
    """What is known of one endpoint's content; shared by its streams."""

    def __init__(self, setting: OpensThink, model: str) -> None:
        self.is_set = setting != "auto"
        self.opens: Opens = "unknown"
        if setting != "auto":
            self.opens = setting
        elif _FAMILY.search(model.rstrip("/").rpartition("/")[2]):
            self.opens = "yes"

    def learn(self, opens: Literal["yes", "no"]) -> None:
        """Remember what a stream has shown; a setting, or an earlier one, stands."""
        if self.opens == "unknown":
            self.opens = opens


class Splitter:
    """Turns one stream's reasoning and content into events."""

    def __init__(self, guess: ThinkGuess) -> None:
        self._guess = guess
        self._parser: ReasoningParser | None = None
        self._held = ""  # content while nothing has decided yet
        self._open: list[str] | None = None  # content since the start, while inside the reasoning
        self._has_content = False
        if guess.opens != "unknown":
            self._decide(guess.opens)

    def reasoning(self, text: str, tokens: int) -> Iterator[Reasoning | Answer]:
        """Text from a reasoning field: what follows as content is the answer."""
        yield from self._release("no", tokens)
        if not self._has_content:
            self._parser = ReasoningParser(in_reasoning=True)
            yield from self._parser.push(CLOSE, tokens)
            self._open = None
        yield Reasoning(text, tokens)

    def content(self, text: str, tokens: int) -> Iterator[Reasoning | Answer]:
        """Text from the content."""
        self._has_content = self._has_content or bool(text.strip())
        if self._parser is None:
            self._held += text
            start = self._held.lstrip()
            if start.startswith(OPEN):
                yield from self._release("no", tokens)
            elif CLOSE in start:
                yield from self._release("yes", tokens)
            return
        yield from self._parsed(text, tokens)

    def finish(self, reason: FinishReason, tokens: int) -> Iterator[Reasoning | Answer]:
        """What was held back, once the stream has ended."""
        if self._parser is None:
            yield from self._release("no", tokens, learn=reason == "stop")
        assert self._parser is not None  # noqa: S101 - `_release` decides
        yield from self._parser.flush(tokens)
        if self._open is not None and reason == "stop" and not self._guess.is_set:
            text = "".join(self._open)
            if text.strip():
                yield Answer(text.removeprefix(OPEN).lstrip("\r\n"), tokens)

    def _release(
        self, opens: Literal["yes", "no"], tokens: int, *, learn: bool = True
    ) -> Iterator[Reasoning | Answer]:
        if self._parser is not None:
            return
        if learn:
            self._guess.learn(opens)
        self._decide(opens)
        held, self._held = self._held, ""
        yield from self._parsed(held, tokens)

    def _decide(self, opens: Literal["yes", "no"]) -> None:
        self._parser = ReasoningParser(in_reasoning=opens == "yes")
        self._open = [] if opens == "yes" else None

    def _parsed(self, text: str, tokens: int) -> Iterator[Reasoning | Answer]:
        if not text or self._parser is None:
            return
        if self._open is not None:
            self._open.append(text)
            if CLOSE in "".join(self._open[-len(CLOSE) :]):
                self._open = None
        yield from self._parser.push(text, tokens)
