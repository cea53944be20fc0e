"""The caller's side of the supervisor: start it, ask it for zygotes, start it anew if it dies."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from deepcoder_cli.sandbox.descriptors import memory_file
from deepcoder_cli.sandbox.layout import ARCHIVE
from deepcoder_cli.sandbox.zygote import Zygote

# What the supervisor's interpreter is told. Isolated as it is, it has no path to this package; the
# path comes last, so that nothing that lies beside the package hides the standard library.
START = """\
import sys
sys.path.append(sys.argv.pop())
from deepcoder_cli.sandbox.supervisor import main
main()
"""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one zygote.

    In `argv`, `@0@` stands for its connection, `@2@` for the pipe by which runs are cancelled,
    `@alive@` and `@info@` for the supervisor's pipes, and `@3@` on for the `files`, given to it
    as memory files.
    """

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    files: tuple[bytes, ...] = ()


class Supervision:
    """Holds the channel to one supervisor. Any thread may use it."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)

    @property
    def pid(self) -> int | None:
        """The supervisor's process id, while there is one."""
        return None if self._process is None else self._process.pid

    def has_died(self, wait_s: float = 0.0) -> bool:
        """Whether there was a supervisor that is gone, or goes within `wait_s` seconds.

        Every zygote it started ends with it, some a moment before it can be seen to be dead.
        """
        process = self._process
        if process is None:
            return False
        with suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
            return True
        return False

    def start(self, launch: Launch) -> Zygote:
        """A new zygote; it may still be starting, or have failed to, when this returns.

        Raises:
            OSError: no descriptors or processes are left to do it with.
        """
        name = next(self._names)
        with ExitStack() as stack:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(theirs)
            stack.callback(ours.close)
            errors = os.memfd_create("errors")
            stack.callback(os.close, errors)
            theirs_to_read, ours_to_write = os.pipe()
            stack.callback(os.close, theirs_to_read)
            stack.callback(os.close, ours_to_write)
            files = [stack.enter_context(memory_file("file", each)) for each in launch.files]
            message = {"start": name, "argv": launch.argv, "env": launch.env}
            self._tell(message, [theirs.fileno(), errors, theirs_to_read, *files])
            connection = socket.socket(fileno=os.dup(ours.fileno()))
            process = self._process
            return Zygote(
                name, connection, os.dup(ours_to_write), os.dup(errors),
                is_abandoned=lambda: process is None or process.poll() is not None,
            )  # fmt: skip

    def end(self, name: int) -> None:
        """Have the zygote called `name` killed, if the supervisor still lives."""
        with suppress(OSError), self._lock:
            if self._channel is not None:
                self._channel.send(json.dumps({"end": name}).encode())

    def close(self) -> None:
        """End the supervisor, and all zygotes with it."""
        with self._lock:
            self._drop()

    def forget(self) -> None:
        """In a forked child: let go of what belongs to the parent."""
        self._lock = threading.Lock()
        if self._channel is not None:
            self._channel.close()
        self._channel = self._process = None

    def _tell(self, message: dict[str, object], fds: list[int]) -> None:
        """Send `message`, to a new supervisor where the last one is gone."""
        text = json.dumps(message).encode()
        with self._lock:
            try:
                socket.send_fds(self._channel or self._launch(), [text], fds)
            except (BrokenPipeError, ConnectionError):
                self._drop()
                socket.send_fds(self._launch(), [text], fds)

    def _launch(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = str(Path(__file__).parents[2])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", START, str(theirs.fileno()), ARCHIVE, folder],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),), cwd="/", start_new_session=True,
            )  # fmt: skip
        self._channel = ours
        return ours

    def _drop(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.wait()
        self._channel = self._process = None
