"""A counter of free places that threads and event loops can wait for alike, first come first.

A place is an object: whoever holds it has the place, and when it is dropped, by whatever exception
at whatever point (Ctrl-C, an alarm), the place is free again.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


class Place:
    """One place, until it is given back or dropped."""

    def __init__(self, slots: Slots) -> None:
        """Belong to `slots`."""
        self._slots = slots
        self.held = True

    def give_back(self) -> None:
        """Free the place for whoever has waited longest."""
        if self.held:
            self.held = False
            self._slots.wake()

    def __del__(self) -> None:
        self.give_back()


class Slots:
    """`count` places. Waiting costs no descriptor and no thread: thousands may wait."""

    def __init__(self, count: int) -> None:
        """All are free."""
        self._lock = threading.RLock()  # a place may be dropped while its own thread holds it
        self._count = count
        self._taken: list[weakref.ref[Place]] = []
        # Those who wait, each with its event loop; None is a thread.
        self._waiting: deque[tuple[Future[Place], AbstractEventLoop | None]] = deque()

    @property
    def free(self) -> int:
        """How many places nobody has."""
        with self._lock:
            self._taken = [ref for ref in self._taken if _is_held(ref)]
            return self._count - len(self._taken)

    def take(self) -> Place:
        """Wait for a place."""
        turn = self._queue(None)
        if isinstance(turn, Place):
            return turn
        try:
            return turn.result()
        except BaseException:
            self._leave(turn)
            raise

    async def atake(self) -> Place:
        """Wait for a place without holding up the event loop."""
        turn = self._queue(asyncio.get_running_loop())
        if isinstance(turn, Place):
            return turn
        try:
            return await asyncio.wrap_future(turn)
        except BaseException:
            self._leave(turn)
            raise

    def wake(self) -> None:
        """Hand free places to those who have waited longest."""
        with self._lock:
            while self._waiting and self.free:
                turn, loop = self._waiting.popleft()
                if loop is not None and loop.is_closed():
                    continue  # nobody will ever hear of it
                if turn.set_running_or_notify_cancel():
                    turn.set_result(self._new())

    def _queue(self, loop: AbstractEventLoop | None) -> Future[Place] | Place:
        """A place, where there is one at once; else a turn that will come."""
        with self._lock:
            if self.free and not self._waiting:
                return self._new()
            turn: Future[Place] = Future()
            self._waiting.append((turn, loop))
            self.wake()
        return turn

    def _new(self) -> Place:
        place = Place(self)
        self._taken.append(weakref.ref(place))
        return place

    def _leave(self, turn: Future[Place]) -> None:
        """Give up waiting; a turn that had come just then goes to the next."""
        if not turn.cancel() and turn.done():
            turn.result().give_back()


def _is_held(ref: weakref.ref[Place]) -> bool:
    place = ref()
    return place is not None and place.held
