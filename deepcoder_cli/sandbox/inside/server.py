"""Forks a child for each request, watches it to its end, and answers with what it used."""

from __future__ import annotations

import _socket
import gc
import os
import resource
import select
import signal
import struct
import sys
import time

from . import compact, identity, kernel, landlock, native, program, recursion
from .protocol import (
    CANCEL,
    CANCELLED,
    CODE_FD,
    CPU,
    ENDED,
    MAX_FDS,
    MEMORY,
    MODES,
    NATIVE_MODE,
    PROGRAM_FD,
    READY,
    REPLY,
    REQUEST,
    WALL,
)
from .zygote import ALIVE, CONNECTION, ERRORS, NULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .zygote import Plan

FRAMES_TO_PROGRAM = 6  # of Python, from `serve` to the program
CONTROL_SPACE = _socket.CMSG_SPACE(4 * MAX_FDS)
TICK_MS = 50
FORK_TRIES, FORK_PAUSE_S = 100, 0.02
NOT_ENTERED = b"!"  # in place of a reply
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()
# The same for every run, and for the zygote itself: hard, so that nothing in here can raise them.
LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_NPROC, 64),
    (resource.RLIMIT_NOFILE, program.MAX_DESCRIPTORS),
    (resource.RLIMIT_STACK, 64 << 20),
)


def serve(plan: Plan) -> NoReturn:
    """Become what nothing in here can touch, then serve runs."""
    recursion.calibrate()
    identity.become_untouchable(plan.uid)
    limit_everything()
    Zygote(plan).serve()


def limit_everything() -> None:
    """Take on the limits that are the same for every run."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # a child past the output cap is dead at once
    if 0 <= resource.getrlimit(resource.RLIMIT_NOFILE)[1] < program.MAX_DESCRIPTORS:
        sys.exit(f"too few descriptors: ulimit -n (at least {program.MAX_DESCRIPTORS}). Raise it.")
    for what, limit in LIMITS:
        hard = resource.getrlimit(what)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (bound, bound))


def release_descriptors() -> None:
    """Let go of a run's descriptors in the zygote; its own take their places."""
    os.dup2(NULL, 0)
    os.dup2(NULL, 1)
    os.dup2(ERRORS, 2)
    os.closerange(CODE_FD, PROGRAM_FD + 1)


class Zygote:
    """Forks a child for each request and watches it to its end."""

    def __init__(self, plan: Plan) -> None:
        """Build once what every child takes on."""
        self._connection = _socket.socket(fileno=CONNECTION)
        self._poller = select.poll()
        self._poller.register(self._connection, select.POLLIN)
        self._poller.register(ALIVE, 0)
        self._own_pid_mark = plan.own_pid_mark
        self._programs = {False: plan.strict, True: plan.native}
        self._filters = {native: kernel.Filter(code) for native, code in self._programs.items()}
        self._rules = landlock.ruleset(plan.read, ("/dev/null",)) if landlock.abi() else -1
        for name in [name for name in sys.modules if name.split(".")[0] in {"inside", "__main__"}]:
            del sys.modules[name]
        gc.collect()
        compact.fill_holes()
        program.prepare()
        gc.freeze()  # a child's collector neither walks nor copies what was here before it
        self._address_space = int(_read("/proc/self/statm").split()[0]) * PAGE
        self._base_kib = self._footprint_kib()
        program.learn_hard_limits()
        self._confine_myself(plan)

    def serve(self) -> NoReturn:
        """Serve one run after another."""
        recursion.leave_out(recursion.frames_below() + FRAMES_TO_PROGRAM)
        gc.enable()  # as a program finds it
        self._connection.send(READY)
        poller = self._poller
        while True:
            if any(fd == ALIVE for fd, _ in poller.poll()):
                os._exit(0)
            message, fds = self._received()
            if not message:
                os._exit(0)
            if len(message) == REQUEST.size and fds:
                number, *limits = REQUEST.unpack(message)
                self._connection.send(self._run(number, *limits, fds=fds))

    def _received(self) -> tuple[bytes, list[int]]:
        """The next message and the descriptors that came with it."""
        message, control, _, _ = self._connection.recvmsg(REQUEST.size, CONTROL_SPACE)
        words = b"".join(data for _, _, data in control)
        return message, [fd for (fd,) in struct.iter_unpack("=i", words)]

    def _run(
        self,
        number: int,
        mode: int,
        cpu_ms: int,
        wall_ms: int,
        memory: int,
        file_size: int,
        *,
        fds: list[int],
    ) -> bytes:
        started = time.monotonic()
        program.place_descriptors(mode, fds)
        child = fork_with_patience()
        if child == 0:
            self._become(mode, cpu_ms, memory, file_size)
        deadline = started + wall_ms / 1000
        reason, peak = self._watch(child, number, deadline, cpu_ms, memory)
        wall_s = time.monotonic() - started
        release_descriptors()
        if reason != ENDED:
            os.kill(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        peak_kib = max(used.ru_maxrss - self._base_kib, peak // 1024, 0)
        cpu_us = int((used.ru_utime + used.ru_stime) * 1e6)
        return REPLY.pack(number, reason, status, cpu_us, int(wall_s * 1e6), peak_kib)

    def _confine_myself(self, plan: Plan) -> None:
        """Take on what every child inherits, so that none has to spend time on it."""
        if self._rules >= 0 and not plan.own_pid_mark:
            landlock.restrict_self(self._rules)
            self._rules = -1
        kernel.Filter(plan.base).take_on()

    def _become(self, mode: int, cpu_ms: int, memory: int, size: int) -> NoReturn:
        """In the child: take on the rest, and go on as the program."""
        try:
            self._enter()
            program.limit_myself(self._address_space + memory, size, cpu_ms)
            self._filter_for(native=mode & MODES == NATIVE_MODE).take_on()
        except BaseException as error:  # noqa: BLE001 - no program may run half protected
            os.write(ERRORS, f"the sandbox cannot be entered: {error!r}\n".encode())
            self._connection.send(NOT_ENTERED)  # which no program can: it never holds this socket
            os._exit(70)
        program.close_others()
        if mode & MODES == NATIVE_MODE:
            native.run(mode)
        program.run(mode)

    def _enter(self) -> None:
        """Take on, in the child, what could not be taken on by the zygote: here, nothing."""

    def _filter_for(self, *, native: bool) -> kernel.Filter:
        if not self._own_pid_mark:
            return self._filters[native]
        mark, own = (n.to_bytes(4, sys.byteorder) for n in (self._own_pid_mark, os.getpid()))
        return kernel.Filter(self._programs[native].replace(mark, own))

    def _watch(
        self, child: int, number: int, deadline: float, cpu_ms: int, memory: int
    ) -> tuple[bytes, int]:
        """Wait for the program or a limit; why it ended, and the most memory seen, in bytes.

        Little is done before the first wait: what is touched while the child lives is copied.
        """
        poller, pidfd = self._poller, os.pidfd_open(child)
        poller.register(pidfd, select.POLLIN)
        base, peak = self._base_kib * 1024, 0
        tick_ms = min(TICK_MS, cpu_ms)
        try:
            while True:
                ready = {fd for fd, _ in poller.poll(tick_ms)}
                if pidfd in ready:
                    return ENDED, peak
                if ready and self._is_to_end(ready, number):
                    return CANCELLED, peak
                cpu_s, resident = usage_of(child)
                peak = max(peak, resident - base)
                left_ms = cpu_ms - cpu_s * 1000
                if left_ms < 0:
                    return CPU, peak
                if time.monotonic() > deadline:
                    return WALL, peak
                if peak > memory:
                    return MEMORY, peak
                tick_ms = int(min(TICK_MS, max(10, left_ms)))
        finally:
            poller.unregister(pidfd)
            os.close(pidfd)

    def _is_to_end(self, ready: set[int], number: int) -> bool:
        """Whether the caller wants run `number` to end; with anybody gone, everything ends."""
        message = b"" if ALIVE in ready else self._connection.recv(REQUEST.size)
        if len(message) != CANCEL.size:  # one run at a time: no other message has a place here
            os._exit(0)
        return CANCEL.unpack(message) == (number,)

    def _footprint_kib(self) -> int:
        """What a child that does nothing is charged for: the part of us that a fork copies."""
        child = os.fork()
        if child == 0:
            os._exit(0)
        return os.wait4(child, 0)[2].ru_maxrss


def fork_with_patience() -> int:
    """Fork; where the limit on processes is reached, by no fault of ours, wait for it to pass."""
    for _ in range(FORK_TRIES):
        try:
            return kernel.fork()
        except BlockingIOError:
            time.sleep(FORK_PAUSE_S)
    return kernel.fork()


def usage_of(pid: int) -> tuple[float, int]:
    """CPU seconds and resident bytes of a process."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if not fields:
        return 0.0, 0
    pages = int(fields[21]) or _most_pages_of_a_thread(pid)
    return sum(map(int, fields[11:13])) / TICKS_PER_S, pages * PAGE


def _most_pages_of_a_thread(pid: int) -> int:
    """Resident pages of a process whose main thread has ended, which then itself shows none."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib is a slow import
    except OSError:
        return 0
    stats = (_read(f"/proc/{pid}/task/{thread}/stat") for thread in threads)
    return max((int(stat.rpartition(b")")[2].split()[21]) for stat in stats if stat), default=0)


def _read(path: str) -> bytes:
    """The bytes of a file of /proc; none when its process has just ended or is closed to us."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is a slow import
            return file.read()
    except OSError:
        return b""
