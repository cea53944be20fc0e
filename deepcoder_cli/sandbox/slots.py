"""A counter of free places that threads and event loops can wait for alike, first come first."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future


class Slots:
    """`count` places. Whoever takes one gives it back.

    Waiting costs no descriptor and no thread: thousands may wait.
    """

    def __init__(self, count: int) -> None:
        """All are free."""
        self._lock = threading.Lock()
        self._free = count
        self._waiting: deque[Future[None]] = deque()

    def take(self) -> None:
        """Wait for a place."""
        turn = self._queue()
        if turn is None:
            return
        try:
            turn.result()
        except BaseException:
            self._leave(turn)
            raise

    async def atake(self) -> None:
        """Wait for a place without holding up the event loop."""
        turn = self._queue()
        if turn is None:
            return
        try:
            await asyncio.wrap_future(turn)
        except BaseException:
            self._leave(turn)
            raise

    def give(self) -> None:
        """Hand the place to whoever has waited longest."""
        with self._lock:
            while self._waiting:
                turn = self._waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    return
            self._free += 1

    def _queue(self) -> Future[None] | None:
        """None when there is a place at once, else a turn that will come."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return None
            turn: Future[None] = Future()
            self._waiting.append(turn)
            return turn

    def _leave(self, turn: Future[None]) -> None:
        """Give up waiting; a turn that had come just then goes to the next."""
        if not turn.cancel():
            self.give()
