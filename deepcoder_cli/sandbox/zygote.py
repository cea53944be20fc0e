"""One zygote as its caller sees it: a socket that takes a run and answers with a report."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.descriptors import content
from deepcoder_cli.sandbox.inside.protocol import CANCEL, READY, REASONS, REPLY, REQUEST
from deepcoder_cli.sandbox.outcome import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.types import Limits

START_S = 30.0  # a zygote that is not ready by then never will be
CANCEL_S = 5.0


class ZygoteLost(Exception):  # noqa: N818 - the name says what happened
    """The zygote is gone, or does not answer; whatever it ran has no result."""


class Zygote:
    """The connection to one zygote. One run at a time."""

    def __init__(self, name: int, connection: socket.socket, errors: int) -> None:
        """Take over the socket `connection` and the memory file of its stderr."""
        self.name = name
        self.runs = 0
        self.usable = True
        self._connection = connection
        self._number = connection.fileno()  # quicker to watch than the object
        self._errors = errors
        self._ready = False

    def run(self, mode: int, limits: Limits, fds: Sequence[int], timeout_s: float) -> Report:
        """Run what `fds` hold; an exception (Ctrl-C) kills it.

        Whatever happens between the request and the whole answer, this zygote is `usable` no more,
        unless the run could be ended in good order.

        Raises:
            ZygoteLost: there is no result.
        """
        if not self._ready:
            self._wait(START_S)
        self.usable = False
        if not self._ready:
            self._see_ready()
        try:
            self._send(mode, limits, fds)
            self._wait(timeout_s)
            report = self._reply()
        except ZygoteLost:
            raise
        except BaseException:
            self._cancel()
            raise
        self.usable = True
        return report

    async def arun(self, mode: int, limits: Limits, fds: Sequence[int], timeout_s: float) -> Report:
        """`run` for an event loop; cancelling kills the program before this returns."""
        if not self._ready:
            await self._await(START_S)
        self.usable = False
        if not self._ready:
            self._see_ready()
        try:
            self._send(mode, limits, fds)
            await self._await(timeout_s)
            report = self._reply()
        except ZygoteLost:
            raise
        except BaseException:
            self._cancel()
            raise
        self.usable = True
        return report

    def has_ended(self) -> bool:
        """Whether it is gone, as far as its socket tells; or says what nobody asked for."""
        poller = select.poll()
        poller.register(self._number, select.POLLIN if self._ready else 0)
        return bool(poller.poll(0))

    def hang_up(self) -> None:
        """End the zygote, and what it may still run; who waits for its answer learns that."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up and let go of the descriptors; nothing happens the second time."""
        self.usable = False
        self._connection.close()
        errors, self._errors = self._errors, -1
        if errors >= 0:
            os.close(errors)

    def __del__(self) -> None:
        if hasattr(self, "_errors") and os is not None:  # at the interpreter's end it may be gone
            self.close()

    def _send(self, mode: int, limits: Limits, fds: Sequence[int]) -> None:
        self.runs += 1
        numbers = (
            self.runs,
            mode,
            max(1, int(limits.cpu_s * 1000)),
            max(1, int(limits.wall_limit_s * 1000)),
            limits.memory_mib << 20,
            (limits.output_kib << 10) + 1,  # one byte past the cap shows that it was passed
        )
        try:
            socket.send_fds(self._connection, [REQUEST.pack(*numbers)], list(fds))
        except ConnectionError as error:
            raise self._lost(self._last_words()) from error

    def _wait(self, timeout_s: float) -> None:
        poller = select.poll()
        poller.register(self._connection, select.POLLIN)
        if not poller.poll(timeout_s * 1000):
            raise self._lost(f"no answer within {timeout_s:g} s")

    async def _await(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()
        loop.add_reader(self._number, _resolve, answered, True)
        timer = loop.call_later(timeout_s, _resolve, answered, False)
        try:
            if not await answered:
                raise self._lost(f"no answer within {timeout_s:g} s")
        finally:
            timer.cancel()
            loop.remove_reader(self._number)

    def _see_ready(self) -> None:
        if self._receive() != READY:
            raise self._lost("a zygote began with nonsense")
        self._ready = True

    def _reply(self) -> Report:
        message = self._receive()
        if len(message) != REPLY.size:
            raise self._lost("a zygote answered with nonsense")
        number, reason, status, cpu_us, wall_us, peak_kib = REPLY.unpack(message)
        if number != self.runs:
            raise self._lost("a zygote answered for another run")
        return Report(REASONS[reason], status, cpu_us / 1e6, wall_us / 1e6, peak_kib / 1024)

    def _receive(self) -> bytes:
        try:
            message = self._connection.recv(REPLY.size)
        except ConnectionError:
            message = b""
        if not message:
            raise self._lost(self._last_words())
        return message

    def _cancel(self) -> None:
        """Kill what runs and wait for its end, so that nothing of it is left for the next run."""
        try:
            self._connection.send(CANCEL.pack(self.runs))
            self._wait(CANCEL_S)
            self._reply()
        except (OSError, ZygoteLost):
            return
        self.usable = True

    def _lost(self, why: str) -> ZygoteLost:
        self.usable = False
        return ZygoteLost(why)

    def _last_words(self) -> str:
        text = content(self._errors, 4096).decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2] or "a zygote ended without a word"


def _resolve(future: asyncio.Future[bool], answered: bool) -> None:
    if not future.done():
        future.set_result(answered)
