"""Forks a child for each request, watches it to its end, and answers with what it used."""

from __future__ import annotations

import _socket
import gc
import os
import resource
import select
import signal
import sys
import time

from . import compact, host, identity, kernel, landlock, native, program, recursion
from .protocol import (
    CANCEL,
    CANCELLED,
    CODE_FD,
    CPU,
    ENDED,
    HOST_MODE,
    LEAVE,
    MAX_FDS,
    MEMORY,
    MODES,
    NATIVE_MODE,
    PING,
    PONG,
    PROGRAM_FD,
    READY,
    REPLY,
    REQUEST,
    WALL,
)
from .zygote import ALIVE, CHILD, CONNECTION, CONTROL, ERRORS, NULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .zygote import Plan

FRAMES_TO_PROGRAM = 5  # of Python, from `serve` to the program
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
    (resource.RLIMIT_NPROC, 3 + program.MAX_THREADS),  # the zygote, a host, the program's first
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
        self._idle = _poller((CONNECTION, select.POLLIN), (ALIVE, 0), (CONTROL, select.POLLIN))
        self._busy = _poller((CHILD, select.POLLIN), (ALIVE, 0), (CONTROL, select.POLLIN))
        self._cancelled = 0  # requests up to this number are not to run
        self._own_pid_mark = plan.own_pid_mark
        self._programs = {False: plan.strict, True: plan.native}
        self._filters = {native: kernel.Filter(code) for native, code in self._programs.items()}
        self._hosted_filter = kernel.OwnPidFilter(plan.hosted, plan.mark) if plan.hosted else None
        self._loaded: host.Loaded | None = None  # in a host: its program
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
        os.close(CHILD)

    def serve(self) -> NoReturn:
        """Serve one run after another; a host's process comes in here as a zygote's child."""
        recursion.leave_out(recursion.frames_below() + FRAMES_TO_PROGRAM)
        gc.enable()  # as a program finds it
        self._connection.send(READY)
        while True:
            message, fds = self._next()
            if len(message) != REQUEST.size or not fds:
                continue
            number, mode, cpu_ms, wall_ms, memory, file_size = REQUEST.unpack(message)
            if mode & HOST_MODE:
                self._host(mode, cpu_ms, memory, file_size, fds)
            elif number <= self._cancelled:
                _close(fds)
                self._connection.send(REPLY.pack(number, CANCELLED, 0, 0, 0, 0))
            else:
                self._run(number, mode, cpu_ms, wall_ms, memory, file_size, fds)

    def _next(self) -> tuple[bytes, list[int]]:
        """The next request, and its descriptors; does not return when there will be none.

        It can be empty: then something was cancelled.
        """
        for fd, _ in self._idle.poll():
            if fd != CONNECTION:
                self._see_cancelled()
                return b"", []
        message, fds = self._received()
        if not message or (message == LEAVE and self._loaded is not None):
            os._exit(0)
        if message == PING:
            self._connection.send(PONG)
        return message, fds

    def _received(self) -> tuple[bytes, list[int]]:
        """The next message and the descriptors that came with it."""
        message, control, _, _ = self._connection.recvmsg(REQUEST.size, CONTROL_SPACE)
        return message, [fd for _, _, data in control for fd in memoryview(data).cast("i")]

    def _run(
        self,
        number: int,
        mode: int,
        cpu_ms: int,
        wall_ms: int,
        memory: int,
        file_size: int,
        fds: list[int],
    ) -> None:
        """Run a program once and answer with what it used."""
        started = time.monotonic()
        deadline = started + wall_ms / 1000
        program.place_descriptors(mode, fds)
        child = fork_with_patience()
        if child == 0:
            self._become(mode, cpu_ms, memory, file_size)
        reason, peak = self._watch(child, number, deadline, cpu_ms, memory)
        wall_s = time.monotonic() - started
        release_descriptors()
        if reason != ENDED:
            os.kill(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        peak_kib = max(used.ru_maxrss - self._base_kib, peak // 1024, 0)
        cpu_us = int((used.ru_utime + used.ru_stime) * 1e6)
        self._connection.send(
            REPLY.pack(number, reason, status, cpu_us, int(wall_s * 1e6), peak_kib)
        )

    def _host(self, mode: int, cpu_ms: int, memory: int, size: int, fds: list[int]) -> None:
        """Have a child serve in our place, with a program loaded, until it is told to leave.

        In the child this returns at once. One that ends in any other way takes us with it, and
        the caller sees that: nobody else can have ended it.
        """
        child = fork_with_patience()
        if child == 0:
            self._become_host(mode, cpu_ms, memory, size, fds)
            return
        _close(fds)
        pidfd = os.pidfd_open(child)
        for fd, _ in _poller((pidfd, select.POLLIN), (ALIVE, 0)).poll():
            if fd == ALIVE:
                os._exit(0)
        os.close(pidfd)
        if os.waitpid(child, 0)[1] != 0:
            os._exit(70)

    def _become_host(self, mode: int, cpu_ms: int, memory: int, size: int, fds: list[int]) -> None:
        """Load the program and take on the limits, which its children inherit."""
        try:
            before = host.own_bytes()
            program.limit_myself(self._address_space + memory, size, cpu_ms)
            self._loaded = host.of(mode, fds)
            self._base_kib += max(0, host.own_bytes() - before) // 1024
        except BaseException as error:  # noqa: BLE001 - it must not serve as a zygote
            os.write(ERRORS, f"a program cannot be loaded: {error!r}\n".encode())
            os._exit(70)

    def _confine_myself(self, plan: Plan) -> None:
        """Take on what every child inherits, so that none has to spend time on it."""
        if self._rules >= 0 and not plan.own_pid_mark:
            landlock.restrict_self(self._rules)
            os.close(self._rules)
        kernel.Filter(plan.base).take_on()

    def _become(self, mode: int, cpu_ms: int, memory: int, size: int) -> NoReturn:
        """In the child: take on the rest, and go on as the program."""
        try:
            if self._loaded is not None and self._hosted_filter is not None:
                self._hosted_filter.take_on()
            else:
                self._enter()
                if not self._own_pid_mark:  # without a host there is room for one thread too many
                    program.limit_threads()
                program.limit_myself(self._address_space + memory, size, cpu_ms)
                self._filter_for(native=mode & MODES == NATIVE_MODE).take_on()
        except BaseException as error:  # noqa: BLE001 - no program may run half protected
            os.write(ERRORS, f"the sandbox cannot be entered: {error!r}\n".encode())
            self._connection.send(NOT_ENTERED)  # which no program can: it never holds this socket
            os._exit(70)
        program.close_others()
        if self._loaded is not None:
            self._loaded.run()
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
        if (pidfd := os.pidfd_open(child)) != CHILD:  # the lowest number that is free
            os.dup2(pidfd, CHILD, inheritable=False)
            os.close(pidfd)
        peak, tick_ms = 0, min(TICK_MS, cpu_ms)
        try:
            while True:
                for fd, _ in self._busy.poll(tick_ms):
                    if fd == CHILD:
                        return ENDED, peak
                    self._see_cancelled()
                    if number <= self._cancelled:
                        return CANCELLED, peak
                cpu_s, resident = usage_of(child)
                peak = max(peak, resident - self._base_kib * 1024)
                left_ms = cpu_ms - cpu_s * 1000
                if left_ms < 0:
                    return CPU, peak
                if time.monotonic() > deadline:
                    return WALL, peak
                if peak > memory:
                    return MEMORY, peak
                tick_ms = int(min(TICK_MS, max(10, left_ms)))
        finally:
            os.close(CHILD)

    def _see_cancelled(self) -> None:
        """Read what is cancelled; with anybody gone, everything ends."""
        if any(fd == ALIVE for fd, _ in self._busy.poll(0)):
            os._exit(0)
        message = os.read(CONTROL, CANCEL.size)
        if len(message) != CANCEL.size:
            os._exit(70)
        self._cancelled = CANCEL.unpack(message)[0]

    def _footprint_kib(self) -> int:
        """What a child that does nothing is charged for: the part of us that a fork copies."""
        child = os.fork()
        if child == 0:
            os._exit(0)
        return os.wait4(child, 0)[2].ru_maxrss


def _poller(*watched: tuple[int, int]) -> select.poll:
    """What waits for these descriptors, each with what it waits for."""
    poller = select.poll()
    for fd, events in watched:
        poller.register(fd, events)
    return poller


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


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
