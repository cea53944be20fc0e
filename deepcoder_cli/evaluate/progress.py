"""What a run shows of itself on stderr: a line that updates, or off a terminal one now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.estimators import wilson
from deepcoder_cli.evaluate.run import Sampled, Scored, Tokens
from deepcoder_cli.status_line import StatusLine

if TYPE_CHECKING:
    from typing import TextIO

    from deepcoder_cli.evaluate.run import RunEvent

TERMINAL_EVERY_S, FILE_EVERY_S = 0.2, 30.0


class RunProgress(StatusLine):
    """Counts a run's events and shows them; use as a context manager, so that the line goes."""

    def __init__(
        self, *, total: int, sampled: int, scored: int, accepted: int, checker: str,
        to_score: int = 0, stream: TextIO | None = None,
    ) -> None:  # fmt: skip
        """Start from what an earlier session has left.

        Args:
            total: samples that the whole run is to have; 0 for one that only scores.
            sampled: those there are.
            scored: those of them that have a verdict.
            accepted: those of these that count as solved.
            checker: whose verdicts make the running score.
            to_score: samples that a run which only scores is to judge.
            stream: stderr when None.
        """
        super().__init__(stream)
        self._total, self._sampled, self._scored = total, sampled, scored
        self._accepted, self._checker = accepted, checker
        self._to_score = to_score
        self._start = time.monotonic()
        self._last = self._start
        self._made = 0
        self._judged = 0
        self._tokens = 0
        self._under_way: dict[str, int] = {}

    def __call__(self, event: RunEvent) -> None:
        """Count an event, and show the line when it is time."""
        match event:
            case Tokens(key=key, tokens=count):
                self._under_way[key] = count
            case Sampled(sample=sample):
                self._under_way.pop(sample.key, None)
                self._sampled += 1
                self._made += 1
                self._tokens += sample.completion_tokens or 0
            case Scored(verdicts=verdicts):
                self._scored += 1
                self._judged += 1
                self._accepted += any(
                    each.accepted for each in verdicts if each.checker == self._checker
                )
        now = time.monotonic()
        if now - self._last >= (TERMINAL_EVERY_S if self.updates else FILE_EVERY_S):
            self._last = now
            text = self.text(now - self._start)
            if self.updates:
                self.show(text)
            else:
                self.line(text)

    def text(self, elapsed_s: float) -> str:
        """The line, after so many seconds of this session."""
        parts = []
        if self._total:
            parts.append(f"{self._sampled} of {self._total} sampled")
            tokens = self._tokens + sum(self._under_way.values())
            if elapsed_s > 0 and tokens:
                parts.append(f"{tokens / elapsed_s:.0f} tokens/s")
        of = f" of {self._to_score}" if self._to_score else ""
        parts.append(f"{self._scored}{of} scored{self._score()}")
        if (left := self._left_s(elapsed_s)) is not None:
            parts.append(f"{_clock(left)} left")
        return ", ".join(parts)

    def _score(self) -> str:
        if not self._scored:
            return ""
        low, high = wilson(self._accepted, self._scored)
        share = self._accepted / self._scored
        return f", {self._checker} {share:.1%} ({low:.1%} to {high:.1%})"

    def _left_s(self, elapsed_s: float) -> float | None:
        """Seconds to the end, from what this session has made so far."""
        if self._to_score and self._judged:
            return elapsed_s / self._judged * max(0, self._to_score - self._judged)
        if not self._total or not self._made:
            return None
        return elapsed_s / self._made * max(0, self._total - self._sampled)


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _clock(59.6), _clock(3725)
    ('1:00', '1:02:05')
    """
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
