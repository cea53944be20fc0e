"""The zygote: PID 1 of a long-lived sandbox, an interpreter that waits and forks for each run.

A request carries descriptors and numbers; this process never reads a byte of a program, of its
input or of its output, so a forked child finds nothing of another run in its memory. The zygote
cannot be reached from the child: it is not dumpable (no trace, no /proc/1/mem), deaf to signals
from inside, and the child's filter refuses calls that change other processes.

It leaves when either end of it does: the caller's socket, or the pipe that the supervisor holds.
"""

from __future__ import annotations

import _socket
import contextlib
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from dataclasses import dataclass

from . import compact, kernel, landlock, native, program, recursion
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

CONNECTION, ALIVE, NULL, ERRORS = 3, 4, 5, 6
FRAMES_TO_PROGRAM = 6  # of Python, from `serve` to the program
CONTROL_SPACE = _socket.CMSG_SPACE(4 * MAX_FDS)
TICK_MS = 50
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()
# Imported before the first fork, so that no program pays for them. Every shared library among them
# costs each fork some 5 us, so what few programs use is for a zygote with a wider `preload`.
COMMON = (
    "abc", "bisect", "builtins", "collections", "collections.abc", "contextlib", "copy",
    "enum", "functools", "heapq", "io", "itertools", "json", "math", "operator", "os",
    "random", "re", "string", "struct", "sys", "threading", "time", "types",
    "typing", "warnings", "weakref",
)  # fmt: skip
# What a first compile, a first class and a first line of output set up lazily is set up here.
WARM_UP = """\
from typing import List
class A:
    def f(self, *a: List[int]) -> str:
        return f"{[x for x in a if x]!r}" + repr({1: 2.5}) + str(max(a, default=0))
A().f(1)
"""

# The same for every run, and for the zygote itself: hard, so that nothing in here can raise them.
LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_NPROC, 64),
    (resource.RLIMIT_NOFILE, program.MAX_DESCRIPTORS),
    (resource.RLIMIT_STACK, 64 << 20),
)


@dataclass(frozen=True)
class Plan:
    """What the host decided for this zygote; from a JSON text in argv.

    Attributes:
        uid: to become, or 0 to stay who we are.
        connection: descriptor of the socket to the caller.
        alive: descriptor of a pipe that closes when the supervisor ends.
        base: the system-call filter for this process and all children, hexadecimal.
        strict: the further one of a child that runs Python.
        native: the further one of a child that executes a compiled program.
        read: paths that a program may read; everything else, and all writing, is refused.
        packages: folders with further packages.
        preload: modules beyond COMMON to import before forking.
        own_pid_mark: what stands for a child's process id in its filter, where there is no
            process namespace; 0 where there is one. Such a child is closed to /proc as well.
    """

    uid: int
    connection: int
    alive: int
    base: str
    strict: str
    native: str
    read: tuple[str, ...]
    packages: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    own_pid_mark: int = 0

    @classmethod
    def of(cls, text: str) -> Plan:
        """Read the JSON `text`; the descriptors in it are numbers written as strings."""
        values: dict[str, Any] = json.loads(text)
        values["connection"] = int(values["connection"])
        values["alive"] = int(values["alive"])
        return cls(**values)


def main(argv: list[str]) -> None:
    """Make ready, then serve runs until the caller or the supervisor is gone."""
    plan = Plan.of(argv[0])
    hold(plan.connection, plan.alive)
    import_modules(plan)
    become_untouchable(plan.uid)
    zygote = Zygote(plan)
    zygote.serve()


def hold(connection: int, alive: int) -> None:
    """Hold the two descriptors as CONNECTION and ALIVE, and copies of stdin and stderr.

    Low numbers, because a child closes them by number; others of the host may lead out of here.
    """
    spare = [fcntl.fcntl(fd, fcntl.F_DUPFD, ERRORS + 1) for fd in (connection, alive)]
    for fd, place in zip((*spare, 0, 2), (CONNECTION, ALIVE, NULL, ERRORS), strict=True):
        os.dup2(fd, place, inheritable=False)
    os.closerange(ERRORS + 1, 1 << 20)


def release_descriptors() -> None:
    """Let go of a run's descriptors in the zygote; its own take their places."""
    os.dup2(NULL, 0)
    os.dup2(NULL, 1)
    os.dup2(ERRORS, 2)
    os.closerange(CODE_FD, PROGRAM_FD + 1)


def import_modules(plan: Plan) -> None:
    """Import what programs import, and what this interpreter was started without (`-S`)."""
    import site

    gc.disable()
    site.setquit()
    site.setcopyright()
    site.sethelper()
    sys.path[0:1] = [os.getcwd()]  # noqa: PTH109 - in place of the archive we were started from
    sys.path += [p for p in site.getsitepackages([sys.prefix]) if os.path.isdir(p)]  # noqa: PTH112
    sys.path += plan.packages
    register, os.register_at_fork = os.register_at_fork, _ignored
    try:  # `random` would reseed itself, for 0.4 ms, in children that never draw a number
        for name in (*COMMON, *plan.preload):
            with contextlib.suppress(ImportError):  # the program will find out by itself
                importlib.import_module(name)
    finally:
        os.register_at_fork = register
    recursion.calibrate()
    exec(compile(WARM_UP, "warm-up", "exec"), {})  # noqa: S102 - a constant


def _ignored(**_: object) -> None:
    """Stands in for os.register_at_fork: nothing that is imported here needs to be told."""


def become_untouchable(uid: int) -> None:
    """Drop root for good where we have it; then nobody in here may trace, read or signal us."""
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # a child past the output cap is dead at once
    for what, limit in LIMITS:
        hard = resource.getrlimit(what)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (bound, bound))


class Zygote:
    """Forks a child for each request and watches it to its end."""

    def __init__(self, plan: Plan) -> None:
        """Build once what every child takes on."""
        self._alive = ALIVE
        self._connection = _socket.socket(fileno=CONNECTION)
        self._own_pid_mark = plan.own_pid_mark
        self._programs = {False: bytes.fromhex(plan.strict), True: bytes.fromhex(plan.native)}
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
        self._confine_myself(plan)

    def serve(self) -> NoReturn:
        """Serve one run after another."""
        recursion.leave_out(recursion.frames_below() + FRAMES_TO_PROGRAM)
        gc.enable()  # as a program finds it
        self._connection.send(READY)
        poller = select.poll()
        poller.register(self._connection, select.POLLIN)
        poller.register(self._alive, 0)
        while True:
            if any(fd == self._alive for fd, _ in poller.poll()):
                os._exit(0)
            message, fds = self._received()
            if not message:
                os._exit(0)
            if len(message) == REQUEST.size and fds:
                self._connection.send(self._run(*REQUEST.unpack(message), fds=fds))

    def _received(self) -> tuple[bytes, list[int]]:
        """The next message and the descriptors that came with it."""
        message, control, _, _ = self._connection.recvmsg(REQUEST.size, CONTROL_SPACE)
        words = b"".join(data for _, _, data in control)
        return message, [fd for (fd,) in struct.iter_unpack("=i", words)]

    def _run(
        self, mode: int, cpu_ms: int, wall_ms: int, memory: int, file_size: int, *, fds: list[int]
    ) -> bytes:
        started = time.monotonic()
        program.place_descriptors(mode, fds)
        child = kernel.fork()
        if child == 0:
            self._become(mode, cpu_ms, memory, file_size)
        release_descriptors()
        reason, peak = self._watch(child, started + wall_ms / 1000, cpu_ms, memory)
        wall_s = time.monotonic() - started
        if reason != ENDED:
            os.kill(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        peak_kib = max(used.ru_maxrss - self._base_kib, peak // 1024, 0)
        cpu_us = int((used.ru_utime + used.ru_stime) * 1e6)
        return REPLY.pack(reason, status, cpu_us, int(wall_s * 1e6), peak_kib)

    def _confine_myself(self, plan: Plan) -> None:
        """Take on what every child inherits, so that none has to spend time on it."""
        if self._rules >= 0 and not plan.own_pid_mark:
            landlock.restrict_self(self._rules)
            self._rules = -1
        kernel.Filter(bytes.fromhex(plan.base)).take_on()

    def _become(self, mode: int, cpu_ms: int, memory: int, size: int) -> NoReturn:
        """In the child: take on the rest, and go on as the program."""
        try:
            program.close_others()
            program.limit_myself(self._address_space + memory, size, cpu_ms)
            self._filter_for(native=mode & MODES == NATIVE_MODE).take_on()
        except BaseException as error:  # noqa: BLE001 - no program may run half protected
            os.write(2, f"the sandbox cannot be entered: {error!r}\n".encode())
            os._exit(70)
        if mode & MODES == NATIVE_MODE:
            native.run(mode)
        program.run(mode)

    def _filter_for(self, *, native: bool) -> kernel.Filter:
        if not self._own_pid_mark:
            return self._filters[native]
        mark, own = (n.to_bytes(4, sys.byteorder) for n in (self._own_pid_mark, os.getpid()))
        return kernel.Filter(self._programs[native].replace(mark, own))

    def _watch(self, child: int, deadline: float, cpu_ms: int, memory: int) -> tuple[bytes, int]:
        """Wait for the program or a limit; why it ended, and the most memory seen, in bytes."""
        pidfd = os.pidfd_open(child)
        poller = select.poll()
        poller.register(pidfd, select.POLLIN)
        poller.register(self._connection, select.POLLIN)
        poller.register(self._alive, 0)
        base, peak = self._base_kib * 1024, 0
        tick_ms = min(TICK_MS, cpu_ms)
        try:
            while not (events := poller.poll(tick_ms)):
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
            os.close(pidfd)
        ready = {fd for fd, _ in events}
        if self._alive in ready:
            os._exit(0)
        if pidfd in ready:
            return ENDED, peak
        if not self._connection.recv(len(CANCEL)):
            os._exit(0)
        return CANCELLED, peak

    def _footprint_kib(self) -> int:
        """What a child that does nothing is charged for: the part of us that a fork copies."""
        child = os.fork()
        if child == 0:
            os._exit(0)
        return os.wait4(child, 0)[2].ru_maxrss


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
