"""The engine's process: `python -m deepcoder_cli.inference.llama.worker PARENT_PID`.

Commands arrive on stdin, notices leave on what was stdout; stderr is the log file. It ends on
`Quit`, when stdin closes, and when its parent dies in whatever way.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, BinaryIO

from deepcoder_cli.errors import InputError, ModelError
from deepcoder_cli.inference.llama.protocol import (
    Cancel,
    Failed,
    Generate,
    Load,
    LoadFailed,
    Quit,
    decode,
    encode,
)

if TYPE_CHECKING:
    from deepcoder_cli.inference.llama.engine import Engine
    from deepcoder_cli.inference.llama.protocol import Command, Notice
    from deepcoder_cli.inference.llama.sequence import AbortSwitch

_PR_SET_PDEATHSIG = 1


class Inbox:
    """Reads commands in a thread of its own, so that a cancel reaches a running decode."""

    def __init__(self, source: BinaryIO, switch: AbortSwitch) -> None:
        self._source = source
        self._switch = switch
        self._waiting: queue.Queue[Load | Generate] = queue.Queue()
        self._lock = threading.Lock()
        self._current = 0
        self._cancelled: set[int] = set()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> Load | Generate:
        """The next command to serve, in order of arrival."""
        command = self._waiting.get()
        if isinstance(command, Generate):
            self._begin(command.id)
        return command

    def cancelled(self, request: int) -> bool:
        """Whether `request` was cancelled."""
        return request in self._cancelled

    def _begin(self, request: int) -> None:
        with self._lock:
            self._current = request
            self._cancelled = {r for r in self._cancelled if r >= request}
            self._switch.set(request in self._cancelled)

    def _cancel(self, request: int) -> None:
        with self._lock:
            if request >= self._current:
                self._cancelled.add(request)
            if request == self._current:
                self._switch.set(True)

    def _read(self) -> None:
        for line in self._source:
            command: Command | Notice = decode(line)
            if isinstance(command, Cancel):
                self._cancel(command.id)
            elif isinstance(command, Quit):
                break
            elif isinstance(command, (Load, Generate)):
                self._waiting.put(command)
        os._exit(0)  # nothing here is worth saving, and a running decode must not delay the end


class Outbox:
    """Writes notices to the pipe that was stdout."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def send(self, notice: Notice) -> None:
        """Write one line in full."""
        line = memoryview(encode(notice))
        while line:
            line = line[os.write(self._pipe, line) :]


def main() -> None:
    """Serve until told to quit."""
    _die_with_parent(int(sys.argv[1]))
    outbox = Outbox(_claim_stdout())
    from deepcoder_cli.inference.llama.engine import Engine
    from deepcoder_cli.inference.llama.native_log import NativeLog
    from deepcoder_cli.inference.llama.sequence import AbortSwitch

    log, switch = NativeLog(), AbortSwitch()
    inbox = Inbox(sys.stdin.buffer, switch)
    command = inbox.next()
    assert isinstance(command, Load)  # noqa: S101 - the parent's first command
    try:
        engine = Engine(command, switch, log)
    except ModelError as error:
        outbox.send(LoadFailed(str(error)))
        return
    outbox.send(engine.loaded)
    _serve(engine, inbox, outbox)


def _serve(engine: Engine, inbox: Inbox, outbox: Outbox) -> None:
    while True:
        request = inbox.next()
        if not isinstance(request, Generate) or inbox.cancelled(request.id):
            continue
        try:
            for notice in engine.generate(request):
                outbox.send(notice)
        except InputError as error:
            outbox.send(Failed(request.id, "input", str(error)))
        except ModelError as error:
            outbox.send(Failed(request.id, "model", str(error)))


def _claim_stdout() -> int:
    """Keep stdout for the protocol; whatever native code prints goes to the log instead."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return pipe


def _die_with_parent(parent: int) -> None:
    """Ask Linux for SIGKILL when the parent dies; elsewhere the closed stdin must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except BaseException:  # noqa: BLE001 - whatever it was, it goes to the log
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # the inbox's thread waits on stdin for ever; an ordinary end would stumble on it
