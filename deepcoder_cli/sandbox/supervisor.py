"""The supervisor: a small process that owns the zygotes, and takes them with it when it ends.

Executed by `supervision`, outside any sandbox; standard library only, as is `orphans`, so it weighs
little and is free of what its caller has loaded (threads, torch, CUDA). It never sees a program
or a test: it starts what it is told, and gives the caller's end of each socket no second look.
Once, some seconds after its start and while nothing else is to be done, it ends what others who
were killed have left behind.

It ends when the caller does, however that ends: its channel closes. Every zygote holds the
reading end of a pipe whose writing end is here alone, so all of them end with the supervisor,
also when that is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from deepcoder_cli.sandbox.orphans import Sweep

MAX_MESSAGE = 1 << 17
MAX_FDS = 16
TOLD_S = 5.0


@dataclass
class Zygote:
    """A zygote's outermost process, PID 1 of its sandbox where there is one, and its life line."""

    process: subprocess.Popen[bytes]
    pidfd: int
    info: int
    alive: int

    def kill(self) -> None:
        """Kill it and wait until all of it is gone."""
        os.close(self.alive)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # its life line is cut
            init = self._init()
            os.kill(self.process.pid if init is None else init, signal.SIGKILL)
        self.process.wait()
        os.close(self.info)
        os.close(self.pidfd)

    def _init(self) -> int | None:
        """The process id of PID 1 inside, which bwrap tells in its first milliseconds.

        It is waited for: were bwrap killed before it has let that process go on, the process would
        wait for ever. None where there is none, or none any more: the number may be another's.
        """
        text, deadline = b"", time.monotonic() + TOLD_S
        poller = select.poll()
        poller.register(self.info, select.POLLIN)
        while not text.rstrip().endswith(b"}") and time.monotonic() < deadline:
            if poller.poll(100):
                chunk = os.read(self.info, 4096)
                if not chunk:  # no bubblewrap, or one that failed
                    return None
                text += chunk
        if not text or self.process.poll() is not None:
            return None
        return int(json.loads(text)["child-pid"])


class Supervisor:
    """Starts and ends zygotes at the caller's word."""

    def __init__(self, channel: socket.socket, sweep: Sweep) -> None:
        """Listen on `channel`, and take the steps of `sweep` while nothing is said there."""
        self._channel = channel
        self._sweep = sweep
        self._zygotes: dict[int, Zygote] = {}

    def serve(self) -> None:
        """Serve until the channel closes, then end every zygote."""
        try:
            while self._serve_one():
                pass
        finally:
            for name in list(self._zygotes):
                self._end(name)

    def _serve_one(self) -> bool:
        poller = select.poll()
        poller.register(self._channel, select.POLLIN)
        names = {zygote.pidfd: name for name, zygote in self._zygotes.items()}
        for pidfd in names:
            poller.register(pidfd, select.POLLIN)
        ready = poller.poll(self._sweep.patience_ms())
        if not ready:
            self._sweep.step()
        for fd, _ in ready:
            if fd in names:
                self._end(names[fd])
            elif not self._obey():
                return False
        return True

    def _obey(self) -> bool:
        """Do what the next message says; False when there will be none."""
        text, fds, _, _ = socket.recv_fds(self._channel, MAX_MESSAGE, MAX_FDS)
        if not text:
            return False
        message = json.loads(text)
        if "start" in message:
            self._start(message["start"], message["argv"], message["env"], fds)
        else:
            self._end(message["end"])
        for fd in fds:
            os.close(fd)
        return True

    def _start(self, name: int, argv: list[str], env: dict[str, str], fds: list[int]) -> None:
        """Start `argv`, in which `@0@` is the number of the first descriptor, and so on.

        The first is its connection, the second its stderr; `@alive@` and `@info@` are pipes.
        """
        alive_read, alive = os.pipe()
        info, info_write = os.pipe()
        numbers = {f"@{index}@": fd for index, fd in enumerate(fds)}
        numbers |= {"@alive@": alive_read, "@info@": info_write}
        for mark, fd in numbers.items():
            argv = [word.replace(mark, str(fd)) for word in argv]
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=fds[1],
                pass_fds=(*fds, alive_read, info_write), env=env, cwd="/",
            )  # fmt: skip
        except OSError as error:
            os.write(fds[1], f"{argv[0]}: {error.strerror}\n".encode())
            os.close(alive)
            os.close(info)
        else:
            self._zygotes[name] = Zygote(process, os.pidfd_open(process.pid), info, alive)
        finally:
            os.close(alive_read)
            os.close(info_write)

    def _end(self, name: int) -> None:
        zygote = self._zygotes.pop(name, None)  # it may end while it is being ended
        if zygote is not None:
            zygote.kill()


def main() -> None:
    """Serve the channel whose descriptor is the first argument.

    The second is the word by which `orphans` knows our command lines.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    channel, archive = sys.argv[1:]
    Supervisor(socket.socket(fileno=int(channel)), Sweep(archive)).serve()
