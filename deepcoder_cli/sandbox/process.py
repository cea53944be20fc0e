"""One bwrap process: start it, wait for its end, or kill everything in it."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class SandboxProcess:
    """A running bwrap. Whoever starts one must call `reap`, which also kills what still runs.

    Not covered: limits (PID 1 inside enforces them) and meaning (see `bubblewrap`).
    """

    def __init__(
        self, argv: Sequence[str], *, stdin: int, stdout: int, stderr: int, pass_fds: Sequence[int]
    ) -> None:
        """Start `argv`, a bwrap command line without the program's name.

        Raises:
            OSError: it could not be started at all.
        """
        self._info, info_write = os.pipe()
        try:
            self._popen = subprocess.Popen(
                [argv[0], "--info-fd", str(info_write), *argv[1:]],
                stdin=stdin, stdout=stdout, stderr=stderr,
                pass_fds=(*pass_fds, info_write), env={}, cwd="/", start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(self._info)
            raise
        finally:
            os.close(info_write)
        self._used_s: float | None = None
        try:
            self._pidfd = os.pidfd_open(self._popen.pid)
        except BaseException:
            os.close(self._info)
            self._popen.kill()
            self._popen.wait()
            raise

    def ended(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds; whether it has ended."""
        poller = select.poll()
        poller.register(self._pidfd, select.POLLIN)
        return bool(poller.poll(timeout_s * 1000))

    async def aended(self, timeout_s: float) -> bool:
        """`ended` for an event loop."""
        loop = asyncio.get_running_loop()
        end = asyncio.Event()
        loop.add_reader(self._pidfd, end.set)
        try:
            async with asyncio.timeout(timeout_s):
                await end.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._pidfd)
        return True

    def reap(self) -> float:
        """Kill whatever is left, wait until all of it is gone; CPU seconds of all of it.

        The kernel lets PID 1 of a namespace end only after everything else in it has, and bwrap
        ends after PID 1: when this returns, nothing of the run exists.
        """
        if self._used_s is not None:
            return self._used_s
        try:
            if not self.ended(0):
                self._kill()
        finally:
            self._used_s = self._waited()
        return self._used_s

    def _waited(self) -> float:
        try:
            _, status, used = os.wait4(self._popen.pid, 0)
            self._popen.returncode = os.waitstatus_to_exitcode(status)
        finally:
            os.close(self._pidfd)
            os.close(self._info)
        return used.ru_utime + used.ru_stime

    def _kill(self) -> None:
        """Kill PID 1 of the sandbox; bwrap itself when it has not got so far."""
        init = self._pid_of_init()
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(self._popen.pid if init is None else init, signal.SIGKILL)

    def _pid_of_init(self) -> int | None:
        """What bwrap tells within its first milliseconds; None when it failed before that."""
        text = b""
        while b"}" not in text:
            chunk = os.read(self._info, 512)
            if not chunk:
                return None
            text += chunk
        pid = json.loads(text)["child-pid"]
        return int(pid)
