"""Something in progress that the user may stop: an answer, or the run of a program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Activity:
    """Stopped at most once, and always followed to its end.

    `whole` is the coroutine function of all of it; the part of it that it hands to `stoppable`
    is what `stop` cancels, at any time and however often it is asked. What `whole` does
    afterwards (drawing the end, freeing the keys) is never interrupted. `ended` is called when
    all is over, with the error that `whole` did not catch.
    """

    def __init__(
        self,
        whole: Callable[[Activity], Coroutine[object, object, None]],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        self._stopped = False
        self._part: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(whole(self))
        self._task.add_done_callback(lambda task: ended(_error_of(task)))

    @property
    def was_cut(self) -> bool:
        """Whether it was stopped before its part had ended."""
        return self._stopped and (self._part is None or self._part.cancelled())

    def stop(self) -> None:
        """Ask for the end; asking again changes nothing."""
        if not self._stopped:
            self._stopped = True
            if self._part is not None:
                self._part.cancel()

    async def stoppable(self, part: Coroutine[object, object, None]) -> None:
        """Run `part` until it ends or is stopped; what it raises is raised here."""
        if self._stopped:
            part.close()
            return
        self._part = asyncio.create_task(part)
        await asyncio.wait({self._part})
        if not self._part.cancelled():
            self._part.result()

    async def end(self) -> None:
        """Stop, and wait until all is over."""
        self.stop()
        await asyncio.wait({self._task})


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
