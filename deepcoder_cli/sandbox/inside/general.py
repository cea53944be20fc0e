"""PID 1 of a general sandbox: it starts one program, counts all that grows from it, ends all.

The program may start processes. PID 1 adds up the CPU time and the memory of all of them, kills
all of them at a limit, and when the main program has ended: nothing that it left behind goes on.

CPU time: that of the living, of those they waited for, and of those that PID 1 reaped. A child
whose parent ignores SIGCHLD leaves no account; it counts as far as it was seen before it
vanished. What such children use between two looks is not counted (the wall limit is there).

Memory: one process counts as what it has resident. Of several, pages that they share by forking
count once (Pss). Files of the working directory count, and near the limit not again where they
are mapped. A process that closes itself to inspection counts in full. Asking the kernel for Pss
takes 8 ms for each 100 MiB, 300 times as long as the resident size does: it is asked only when the
cheap numbers allow that the limit is passed, and now and then for the peak, with 2 % of the time.

As everywhere in here, this process knows nothing worth stealing. Each import is paid on every
run, so there are few: dataclasses alone would cost as much as all the rest.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import resource
import select
import signal
import stat
import sys
import termios
import time

from . import identity, kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

TICK_MS = 20
BUSY_TICK_MS = 5  # where more than half of the memory is in use: it may be the last look
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()
MAX_FILES = 20_000  # each is about a kilobyte of kernel memory, which counts for no process
WORKDIR = "/tmp"  # noqa: S108 - the sandbox's own tmpfs
NO_LIMIT = resource.RLIM_INFINITY


class Plan:
    """What the host decided for this run; it comes marshalled, in a descriptor.

    Attributes:
        command: what to execute; the first word is a path.
        environment: of the program.
        cpu_ms: CPU time of all processes together.
        wall_ms: from the start of the program.
        memory: bytes, all processes and the working directory together.
        output: bytes of stdout, and of stderr, each.
        file_size: bytes of any one file.
        address_space: bytes for each process; 0 for no limit.
        stack: bytes of a main thread's stack.
        processes: how many there may be at a time, threads and this one included.
        descriptors: how many a process may have.
        uid: to become, or 0 to stay who we are.
        alive: descriptor of a pipe that closes when the host process ends.
        report: descriptor for what was used.
        note: descriptor for "C", written here when `checked` is no Python.
        filter: the system-call filter of the program, hexadecimal.
        checked: a Python file to compile first; "" for none.
        terminal: whether stdout is a terminal that becomes the program's own.
        places: descriptors of ours, and the numbers the program finds them under.
        product: a file that is handed back when the program exits with 0; "" for none.
        product_fd: where it is copied to.
        product_size: bytes that it may have.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    cpu_ms: int
    wall_ms: int
    memory: int
    output: int
    file_size: int
    address_space: int
    stack: int
    processes: int
    descriptors: int
    uid: int
    alive: int
    report: int
    note: int
    filter: str
    checked: str = ""
    terminal: bool = False
    places: tuple[tuple[int, int], ...] = ()
    product: str = ""
    product_fd: int = -1
    product_size: int = 0

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(fields)

    @property
    def kept(self) -> set[int]:
        """The descriptors this process needs."""
        given = {self.alive, self.report, self.note, self.product_fd}
        return (given | {fd for fd, _ in self.places}) - {-1}


def main(argv: list[str]) -> NoReturn:
    """Start the program of the plan in the descriptor `argv[0]`, and see all of it to its end."""
    with open(int(argv[0]), "rb") as file:  # noqa: PTH123 - a descriptor
        plan = Plan(marshal.load(file))  # noqa: S302 - written by the host
    keep_only(plan.kept)
    identity.become_untouchable(plan.uid)
    os.write(plan.report, b"started\n")  # from here on, an end without a report is not ours
    started = time.monotonic()
    words, words_in = os.pipe()
    child = os.fork()
    if child == 0:
        become_the_program(plan, words_in)
    os.close(words_in)
    Supervisor(plan, child, words).see_to_the_end(started)
    os._exit(0)


def keep_only(kept: set[int]) -> None:
    """Close every descriptor from 3 on that is not `kept`; none of those survives an exec."""
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        os.set_inheritable(fd, False)
        low = fd + 1
    os.closerange(low, 65536)


def become_the_program(plan: Plan, words: int) -> NoReturn:
    """Take on the limits and the filter, then exec; `words` takes what PID 1 has to know."""
    try:
        os.setsid()
        if plan.terminal:
            fcntl.ioctl(1, termios.TIOCSCTTY, 0)
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        limit_myself(plan)
        kernel.Filter(bytes.fromhex(plan.filter)).take_on()
        if plan.checked:
            require_python(plan)
        for fd, place in plan.places:
            os.dup2(fd, place, inheritable=True)
        os.write(words, b"%d\n" % resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        os.execve(plan.command[0], plan.command, plan.environment)  # noqa: S606
    except BaseException as error:  # noqa: BLE001 - no program may run half protected
        os.write(words, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    os._exit(127)


def limit_myself(plan: Plan) -> None:
    """Take on the resource limits; hard ones, which nothing in here can raise again."""
    for what, limit in (
        (resource.RLIMIT_CPU, 2 * plan.cpu_ms // 1000 + 5),  # a backstop: PID 1 judges
        (resource.RLIMIT_AS, plan.address_space or NO_LIMIT),
        (resource.RLIMIT_NPROC, plan.processes),
        (resource.RLIMIT_FSIZE, plan.file_size),
        (resource.RLIMIT_NOFILE, plan.descriptors),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_STACK, plan.stack),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = min((b for b in (limit, hard) if b != NO_LIMIT), default=NO_LIMIT)
        resource.setrlimit(what, (bound, bound))


def require_python(plan: Plan) -> None:
    """Compile the program as an interpreter would; a compile error ends this process, noted."""
    import warnings

    warnings.simplefilter("ignore")  # the interpreter itself will show them
    with open(plan.checked, "rb") as file:  # noqa: PTH123 - pathlib is a slow import
        source = file.read()
    try:
        compile(source, plan.checked, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        os.write(plan.note, b"C")
        sys.excepthook(type(error), error.with_traceback(None), None)
        sys.stderr.flush()
        os._exit(1)


class Supervisor:
    """Watches the program `child` and everything that grows from it."""

    def __init__(self, plan: Plan, child: int, words: int) -> None:
        """Watch from now on."""
        self._plan = plan
        self._child = child
        self._words = words
        self._status: int | None = None
        self._cores = len(os.sched_getaffinity(0))
        self._cpu_s = self._lost_s = 0.0
        self._peak = 0
        self._counted: Count | None = None
        self._count_next = 0.0

    def see_to_the_end(self, started: float) -> None:
        """Wait for the end of the program or a limit, end all else, and report.

        The report: reason ("-" for none), wait status, CPU us, wall us, peak KiB.
        """
        reason = self._watch(started + self._plan.wall_ms / 1000)
        wall_s = time.monotonic() - started
        self._kill_all()
        base_kib, failure = self._last_words()
        if failure:
            os.write(2, f"the program cannot be started: {failure}\n".encode())
            reason = "none"
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = max(used.ru_utime + used.ru_stime + self._lost_s, self._cpu_s)
        peak_kib = self._peak // 1024
        if used.ru_maxrss > base_kib or not peak_kib:  # below, it is our own size, inherited
            peak_kib = max(peak_kib, used.ru_maxrss)
        if reason == "-" and self._status == 0 and self._plan.product:
            self._hand_back()
        numbers = (self._status or 0, int(cpu_s * 1e6), int(wall_s * 1e6), peak_kib)
        os.write(self._plan.report, f"{reason} {' '.join(map(str, numbers))}\n".encode())

    def _last_words(self) -> tuple[int, str]:
        """What the child said before it became the program: its own size in KiB; a failure."""
        with open(self._words, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            words = file.read()
        size, _, failure = words.partition("\n")
        return (int(size), failure) if size.isdigit() else (0, words)

    def _watch(self, deadline: float) -> str:
        """Wait for the program's end or a limit; which limit, "-" for none.

        The other end of `alive` is held by the host process alone: when that dies, so do we. (The
        parent-death signal does not reach a process that has dropped root.)
        """
        plan = self._plan
        poller = select.poll()
        poller.register(os.pidfd_open(self._child), select.POLLIN)
        poller.register(plan.alive, 0)
        tick_ms = min(BUSY_TICK_MS, plan.cpu_ms, plan.wall_ms)
        while True:
            events = poller.poll(tick_ms)
            if any(fd == plan.alive for fd, _ in events):
                os._exit(0)
            self._reap(os.WNOHANG)
            if self._status is not None:
                return "-"
            memory = self._look()
            left_ms = plan.cpu_ms - self._cpu_s * 1000
            if left_ms < 0:
                return "cpu"
            if time.monotonic() > deadline:
                return "wall"
            if memory > plan.memory or too_many_files():
                return "memory"
            if output_size() > plan.output:
                return "output"
            calm = TICK_MS if memory < plan.memory // 2 else BUSY_TICK_MS
            tick_ms = int(max(1, min(calm, left_ms / self._cores)))

    def _look(self) -> int:
        """Add up what all processes use; the memory in bytes, at most, and exact near the limit."""
        spent, living = usage()
        if spent < self._cpu_s - self._lost_s:  # one may just have ended between two files of /proc
            spent, living = usage()
        self._lost_s += max(0.0, self._cpu_s - self._lost_s - spent)
        self._cpu_s = spent + self._lost_s
        files = disk_use()
        most = files + sum(resident for resident, _ in living.values())
        if self._counted is not None:
            most = min(most, self._counted.at_most(living, files))
        several = len(living) > 1
        if most > self._plan.memory or (several and time.monotonic() > self._count_next):
            most = self._count(living, files)
        if not several:
            self._peak = max(self._peak, most)
        return most

    def _count(self, living: dict[int, tuple[int, int]], files: int) -> int:
        """The memory in use, nothing twice."""
        began = time.monotonic()
        exact = shared_once(living, files)
        ended = time.monotonic()
        self._counted = Count(exact, living, files)
        self._count_next = ended + 50 * (ended - began)
        self._peak = max(self._peak, exact)
        return exact

    def _reap(self, options: int) -> None:
        """Take leave of processes that have ended, the program among them."""
        pid = -1
        while pid:
            try:
                pid, status = os.waitpid(-1, options)
            except ChildProcessError:
                return
            if pid == self._child:
                self._status = status

    def _kill_all(self) -> None:
        """End every process but this one. None can escape: a fork fails where a kill is due."""
        try:  # noqa: SIM105 - contextlib is a slow import
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:  # the program was the last, and is gone
            pass
        self._reap(0)

    def _hand_back(self) -> None:
        """Copy the product, if it is a plain file that is not too large. Nobody else lives now."""
        plan = self._plan
        try:
            fd = os.open(plan.product, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode) and found.st_size <= plan.product_size:
            while os.sendfile(plan.product_fd, fd, None, 1 << 20):
                pass


class Count:
    """Memory as it was counted once, and from that a bound on what it can be now."""

    def __init__(self, exact: int, living: dict[int, tuple[int, int]], files: int) -> None:
        """Remember the count and what cheap numbers there were then."""
        self._exact = exact
        self._living = living
        self._files = files

    def at_most(self, living: dict[int, tuple[int, int]], files: int) -> int:
        """Bytes that `living` and `files` use at most.

        A process grows by pages that it did not have, or by its own copies of pages that it shared:
        the first shows in its resident size, the second in its page faults.
        """
        grown = max(0, files - self._files)
        for pid, (resident, faults) in living.items():
            resident_then, faults_then = self._living.get(pid, (0, faults))
            grown += max(0, resident - resident_then) + (faults - faults_then) * PAGE
        return self._exact + grown


def usage() -> tuple[float, dict[int, tuple[int, int]]]:
    """CPU seconds of all processes so far; of the living, resident bytes and page faults."""
    ticks = 0
    living: dict[int, tuple[int, int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib is a slow import
        if not name.isdigit() or name == "1":
            continue
        fields = read(f"/proc/{name}/stat").rpartition(b")")[2].split()
        if fields:
            ticks += sum(map(int, fields[11:15]))
            pages = int(fields[21]) or most_pages_of_a_thread(name)
            living[int(name)] = PAGE * pages, int(fields[7])
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / TICKS_PER_S + reaped.ru_utime + reaped.ru_stime, living


def most_pages_of_a_thread(pid: str) -> int:
    """Resident pages of a process whose main thread has ended, which then itself shows none."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib is a slow import
    except OSError:
        return 0
    stats = (read(f"/proc/{pid}/task/{thread}/stat") for thread in threads)
    return max((int(stat.rpartition(b")")[2].split()[21]) for stat in stats if stat), default=0)


def shared_once(living: dict[int, tuple[int, int]], files: int) -> int:
    """Bytes in use by `living` and by the `files` of the working directory, nothing twice."""
    total = mapped = 0
    for pid, (resident, _) in living.items():
        fields = dict(
            line.split()[:2] for line in read(f"/proc/{pid}/smaps_rollup").splitlines()[1:]
        )
        total += int(fields.get(b"Pss:", resident // 1024)) * 1024
        mapped += int(fields.get(b"Pss_Shmem:", 0)) * 1024
    return total + files - min(mapped, files)


def disk_use() -> int:
    """Bytes in the working directory, the one place to write."""
    disk = os.statvfs(WORKDIR)
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize


def too_many_files() -> bool:
    """Whether the working directory holds more files than a program needs."""
    disk = os.statvfs(WORKDIR)
    return disk.f_files - disk.f_ffree > MAX_FILES


def output_size() -> int:
    """Bytes of the longer one of stdout and stderr, where they are files."""
    return max(os.fstat(fd).st_size for fd in (1, 2))


def read(path: str) -> bytes:
    """The bytes of a file of /proc; none when its process has just ended or is closed to us."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is a slow import
            return file.read()
    except OSError:
        return b""
