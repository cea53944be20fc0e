"""The worker as the parent sees it: started, written to, read from, ended."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from deepcoder_cli import paths
from deepcoder_cli.errors import EngineCrashed, InputError
from deepcoder_cli.inference.llama.protocol import Quit, decode, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from deepcoder_cli.inference.llama.protocol import Command, Notice

KEPT_LOGS = 10
_LINE_LIMIT = 1 << 22  # bytes of one notice; a token's text is far below
_GRACE_S = 2.0
_numbers = itertools.count(1)


class WorkerDied(EngineCrashed):
    """The worker is gone; `cause` says how, `remedy` what to do, for other errors to quote.

    >>> print(WorkerDied("engine died: SIGABRT"))
    engine died: SIGABRT. Try again.
    """

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(f"{cause}. {remedy or 'Try again.'}")
        self.cause = cause
        self.remedy = remedy


class WorkerProcess:
    """A running worker. Its terminal signals, logs and crashes are kept away from the parent."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path | None) -> None:
        self._process = process
        self._log = log
        self._closing = False

    @classmethod
    async def start(cls) -> WorkerProcess:
        """Start a worker that has no model yet."""
        log = _new_log()
        with open(log or os.devnull, "wb") as errors:  # noqa: PTH123 - devnull is no Path here
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "deepcoder_cli.inference.llama.worker", str(os.getpid())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=_environment(),
                start_new_session=True,  # the terminal's Ctrl-C is the parent's to handle
                limit=_LINE_LIMIT,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def send(self, command: Command) -> None:
        """Queue `command`; a worker that is gone shows in `notices`, not here."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(command))

    async def notices(self) -> AsyncIterator[Notice]:
        """Every notice until the worker is gone; just stops when that was asked for.

        Raises:
            WorkerDied: unasked, or it does not keep to the protocol.
        """
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe, see start
        try:
            # a line without its end is one that the worker died in
            while (line := await self._process.stdout.readline()).endswith(b"\n"):
                yield cast("Notice", decode(line))
        except ValueError as error:
            await self.kill()
            raise WorkerDied(f"engine sent nonsense: {error}; {self._where_logged()}") from error
        await self._process.wait()
        if not self._closing:
            raise self._death()

    async def end(self) -> None:
        """Ask the worker to quit, then make sure that it has."""
        self._closing = True
        self.send(Quit())
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_S)
        except TimeoutError:
            pass  # it did not listen
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End the worker without asking, and close the pipes while the event loop still runs."""
        self._closing = True
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # it leads a group, see start
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):
                await self._process.stdin.wait_closed()

    def _death(self) -> WorkerDied:
        code = self._process.returncode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        no_memory = -code == signal.SIGKILL
        hint = "; it may have run out of memory" if no_memory else ""
        remedy = "Use a smaller model." if no_memory else ""
        return WorkerDied(f"engine died: {how}{hint}; {self._where_logged()}", remedy)

    def _where_logged(self) -> str:
        return f"its log: {self._log or 'none'}"


def _environment() -> dict[str, str]:
    """The parent's, safe from modules in the working folder and with patient OpenMP threads.

    GNU OpenMP's threads spin while they wait; beside other busy processes a step of 22 ms then
    takes 150. The limit must be set before llama.cpp is loaded. A failed assertion of llama.cpp
    would attach a debugger to itself for a backtrace; the log says enough without.
    """
    patient = {"GOMP_SPINCOUNT": "1000", "GGML_NO_BACKTRACE": "1"}
    return {**patient, **os.environ, "PYTHONSAFEPATH": "1"}


def _new_log() -> Path | None:
    """A fresh log file, with all but the newest removed; None where none can be written."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    try:
        folder = paths.logs_dir()
        log = folder / f"engine-{stamp}-{os.getpid()}-{next(_numbers)}.log"
        folder.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
        for old in sorted(folder.glob("engine-*.log"))[:-KEPT_LOGS]:
            old.unlink(missing_ok=True)
    except (OSError, InputError):  # InputError: nobody's home
        return None
    return log
