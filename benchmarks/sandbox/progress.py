"""One line on stderr: how far, and how long still."""

from __future__ import annotations

import sys
import time


class Progress:
    """Counts steps towards `total`."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def step(self, what: str) -> None:
        """One more step is done; `what` comes next."""
        spent = time.monotonic() - self._began
        left = spent / self._done * (self._total - self._done) if self._done else 0.0
        eta = f"{int(left) // 60}:{int(left) % 60:02d} left" if self._done else "starting"
        end = "\r" if sys.stderr.isatty() else "\n"
        line = f"{self._done:4}/{self._total}  {eta:>12}  {what}"
        if sys.stderr.isatty() or self._done % 10 == 0:
            print(f"{line:<78}", end=end, file=sys.stderr, flush=True)
        self._done += 1
