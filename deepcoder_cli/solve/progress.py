"""Progress on stderr: one line that updates on a terminal, a plain line a candidate elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deepcoder_cli.solve.outcome import Judged, Sampled, Sampling, verdict_label
from deepcoder_cli.status_line import StatusLine

if TYPE_CHECKING:
    from typing import TextIO

    from deepcoder_cli.solve.outcome import RaceEvent

MIN_INTERVAL_S = 0.1


class ProgressLine(StatusLine):
    """Shows a race's events; use as a context manager, so that the line is always cleared."""

    def __init__(self, n: int, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._n = n
        self._start = time.monotonic()
        self._last = 0.0
        self._durations: list[float] = []

    def __call__(self, event: RaceEvent) -> None:
        """Show `event`; token by token events are thinned to ten a second."""
        match event:
            case Sampled(sample_s=seconds):
                self._durations.append(seconds)
            case Judged(outcome=outcome):
                label = verdict_label(outcome)
                self.line(f"candidate {outcome.candidate.index + 1} of {self._n}: {label}")
            case Sampling() if self.updates:
                now = time.monotonic()
                if now - self._last >= MIN_INTERVAL_S:
                    self._last = now
                    self.show(self.text(event, now - self._start))

    def text(self, event: Sampling, total_s: float) -> str:
        """The updating line."""
        head = f"candidate {event.index + 1} of {self._n}: "
        if event.reading is not None:
            done, total = event.reading
            return f"{head}reading the prompt, {done} of {total} tokens, {_clock(total_s)}"
        rate = event.tokens / event.elapsed_s if event.elapsed_s > 0.2 else 0.0
        speed = f", {rate:.0f} tokens/s" if rate else ""
        return f"{head}{event.tokens} tokens{speed}, {_clock(total_s)}{self._eta(event)}"

    def _eta(self, event: Sampling) -> str:
        """Time left if every candidate is needed, from those done; a first one has no measure."""
        if not self._durations:
            return ""
        mean_s = sum(self._durations) / len(self._durations)
        left_s = max(0.0, mean_s - event.elapsed_s) + mean_s * (self._n - event.index - 1)
        return f", at most about {_clock(left_s)} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
