"""One zygote as its caller sees it: a socket that takes a run and answers with a report."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.descriptors import content
from deepcoder_cli.sandbox.inside.protocol import (
    CANCEL,
    HOST_MODE,
    LEAVE,
    PING,
    PONG,
    READY,
    REASONS,
    REPLY,
    REQUEST,
)
from deepcoder_cli.sandbox.outcome import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepcoder_cli.types import Limits

START_S = 30  # a zygote that is not ready by then never will be
CANCEL_S = 5.0


class ZygoteLost(Exception):  # noqa: N818 - the name says what happened
    """The zygote is gone, or does not answer; whatever it ran has no result."""


class ZygoteLate(ZygoteLost):
    """It did not answer in time; it may yet."""


class Zygote:
    """The connection to one zygote. It runs one program at a time, and answers in order.

    Whatever exception comes between a request and its whole answer, the zygote is not `usable`
    from the one to the other: `cancel` makes it so again, or else it has to be dropped.
    """

    def __init__(
        self, name: int, connection: socket.socket, control: int, errors: int,
        is_abandoned: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Take over the `connection`, the pipe `control` and the memory file of its stderr.

        `is_abandoned` says whether nobody is there any more who could have it started.
        """
        self.name = name
        self.runs = 0
        self.hosts = False  # a program, for a series of runs
        self._answered = 0
        self._is_lost = False
        self._connection = connection
        self._number = connection.fileno()  # quicker to watch than the object
        self._control = control
        self._is_abandoned = is_abandoned
        self._errors = errors
        self._ready = False

    @property
    def usable(self) -> bool:
        """Whether it waits for a run of any program."""
        return self._answered == self.runs and not self.hosts and not self._is_lost

    def run(self, mode: int, limits: Limits, fds: Sequence[int], timeout_s: float) -> Report:
        """Run what `fds` hold; an exception (Ctrl-C) kills it.

        Raises:
            ZygoteLost: there is no result.
        """
        self.wait_ready()
        try:
            self.post(mode, limits, fds)
            self.wait(timeout_s)
            return self.reply()
        except ZygoteLost:
            raise
        except BaseException:
            self.cancel()
            raise

    async def arun(self, mode: int, limits: Limits, fds: Sequence[int], timeout_s: float) -> Report:
        """`run` for an event loop; cancelling kills the program before this returns."""
        await self.await_ready()
        try:
            self.post(mode, limits, fds)
            await self.await_answer(timeout_s)
            return self.reply()
        except ZygoteLost:
            raise
        except BaseException:
            self.cancel()
            raise

    def wait_ready(self) -> None:
        """Wait until it has started.

        Raises:
            ZygoteLost: it has not.
        """
        if not self._ready:
            for _ in range(START_S):
                with suppress(ZygoteLate):
                    self.wait(1)
                    break
                self._see_abandoned()
            self._see_ready()

    async def await_ready(self) -> None:
        """`wait_ready` for an event loop."""
        if not self._ready:
            for _ in range(START_S):
                with suppress(ZygoteLate):
                    await self.await_answer(1)
                    break
                self._see_abandoned()
            self._see_ready()

    def post(self, mode: int, limits: Limits, fds: Sequence[int]) -> None:
        """Request a run of what `fds` hold; one may be requested while another runs.

        Raises:
            ZygoteLost: nobody is there to take it.
            InputError: limits that no machine has.
        """
        message = _packed(self.runs + 1, mode, limits)
        self.runs += 1
        self._send(message, fds)

    def host(self, mode: int, limits: Limits, fds: Sequence[int]) -> None:
        """Have the program and code in `fds` loaded, for all runs from now until `leave`."""
        self.hosts = True
        self._send(_packed(0, mode | HOST_MODE, limits), fds)

    def leave(self) -> None:
        """End the hosting of a program."""
        try:
            self._connection.send(LEAVE)
            self.hosts = False
        except OSError:
            self._is_lost = True

    def wait(self, timeout_s: float) -> None:
        """Wait for an answer.

        Raises:
            ZygoteLost: none came within `timeout_s` seconds.
        """
        poller = select.poll()
        poller.register(self._number, select.POLLIN)
        if not poller.poll(timeout_s * 1000):
            raise ZygoteLate(f"no answer within {timeout_s:g} s")

    async def await_answer(self, timeout_s: float) -> None:
        """`wait` for an event loop."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()
        loop.add_reader(self._number, _resolve, answered, True)
        timer = loop.call_later(timeout_s, _resolve, answered, False)
        try:
            if not await answered:
                raise ZygoteLate(f"no answer within {timeout_s:g} s")
        finally:
            timer.cancel()
            loop.remove_reader(self._number)

    def reply(self) -> Report:
        """The answer that has come.

        Raises:
            ZygoteLost: it is none, or the zygote is gone.
        """
        message = self._receive()
        if len(message) != REPLY.size:
            raise self._lost("a zygote answered with nonsense")
        number, reason, status, cpu_us, wall_us, peak_kib = REPLY.unpack(message)
        if number != self._answered + 1:
            raise self._lost("a zygote answered for another run")
        self._answered = number
        return Report(REASONS[reason], status, cpu_us / 1e6, wall_us / 1e6, peak_kib / 1024)

    def cancel(self) -> None:
        """Kill what runs and wait for its end, so that nothing of it is left for the next run.

        Also where nobody can say whether the last request was sent: an exception came between.
        """
        lost, self._is_lost = self._is_lost, True
        try:
            os.write(self._control, CANCEL.pack(self.runs))
            self._connection.send(PING)
            while True:
                self.wait(CANCEL_S)
                if self._receive() == PONG:
                    break
        except (OSError, ZygoteLost):
            return
        self._answered, self._is_lost = self.runs, lost

    def has_ended(self) -> bool:
        """Whether it is gone, as far as its socket tells; or says what nobody asked for."""
        poller = select.poll()
        poller.register(self._number, select.POLLIN if self._ready else 0)
        return bool(poller.poll(0))

    def _is_readable(self) -> bool:
        poller = select.poll()
        poller.register(self._number, select.POLLIN)
        return bool(poller.poll(0))

    def hang_up(self) -> None:
        """End the zygote, and what it may still run; who waits for its answer learns that."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up and let go of the descriptors; nothing happens the second time."""
        self._is_lost = True
        self._connection.close()
        owned, self._control, self._errors = (self._control, self._errors), -1, -1
        for fd in owned:
            if fd >= 0:
                os.close(fd)

    def __del__(self) -> None:
        if hasattr(self, "_errors") and os is not None:  # at the interpreter's end it may be gone
            self.close()

    def _send(self, message: bytes, fds: Sequence[int]) -> None:
        try:
            socket.send_fds(self._connection, [message], list(fds))
        except ConnectionError as error:
            raise self._lost(self._last_words()) from error

    def _see_abandoned(self) -> None:
        """A bubblewrap killed in its first milliseconds leaves a child that holds our socket."""
        if self._is_abandoned():
            raise self._lost("the supervisor of a starting zygote is gone")

    def _see_ready(self) -> None:
        if not self._is_readable():
            raise self._lost(f"a zygote did not start within {START_S} s")
        if self._receive() != READY:
            raise self._lost("a zygote began with nonsense")
        self._ready = True

    def _receive(self) -> bytes:
        try:
            message = self._connection.recv(REPLY.size)
        except ConnectionError:
            message = b""
        if not message:
            raise self._lost(self._last_words())
        return message

    def _lost(self, why: str) -> ZygoteLost:
        self._is_lost = True
        return ZygoteLost(why)

    def _last_words(self) -> str:
        text = content(self._errors, 4096).decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2] or "a zygote ended without a word"


def _resolve(future: asyncio.Future[bool], answered: bool) -> None:
    if not future.done():
        future.set_result(answered)


def _packed(number: int, mode: int, limits: Limits) -> bytes:
    """A request.

    Raises:
        InputError: limits that no machine has.
    """
    try:
        return REQUEST.pack(
            number,
            mode,
            max(1, int(limits.cpu_s * 1000)),
            max(1, int(limits.wall_limit_s * 1000)),
            limits.memory_mib << 20,
            (limits.output_kib << 10) + 1,  # one byte past the cap shows that it was passed
        )
    except (struct.error, OverflowError, ValueError) as error:
        raise InputError(f"limits out of range: {limits} ({error}). Change them.") from error
