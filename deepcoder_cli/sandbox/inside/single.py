"""What runs inside the sandbox: its PID 1, and the process that becomes the program.

This file is compiled by the host and executed alone, by the sandbox's interpreter, with nothing
of this package beside it: standard library only, and little of it, since every import is paid
on every run.

PID 1 drops to an unprivileged uid, makes itself untouchable (not dumpable, deaf to signals),
forks the program, enforces the limits and reports what was used on a descriptor that the program
does not have. The forked child takes on the limits and a system-call filter under which it stays
one process, so what it uses is exact; then it reads the program from `main.py` and runs it as
plain Python would. The child's own notes (compile error, out of memory, a function's value) go to
a second descriptor, which the program could forge: they can only describe the program itself,
and nothing in here knows an expected output.
"""

from __future__ import annotations

import _ctypes
import _signal  # type: ignore[import-not-found]
import os
import resource
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

SCRIPT = "main.py"
TICK_MS = 50
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP = 1, 4, 22
SECCOMP_MODE_FILTER = 2
ADDRESS_SPACE_SLACK = 512 << 20  # thread stacks and the like are reserved, hardly ever used
MAX_FILES = 20_000
MAX_DESCRIPTORS = 64  # bounds what pipes and socket pairs hold
TYPING_NAMES = ("List", "Dict", "Tuple", "Set", "Optional", "Union", "Any", "Callable", "Iterable")


class Plan:
    """The numbers and descriptors this run was started with (argv, in this order)."""

    def __init__(self, argv: list[str]) -> None:
        numbers = [int(word) for word in argv[:9]]
        self.cpu_ms, self.wall_ms, self.memory, self.file_size = numbers[:4]
        self.uid, self.alive_fd, self.report_fd, self.note_fd, self.call_fd = numbers[4:]
        self.filter = bytes.fromhex(argv[9])
        self.argv = argv[10:]


def prctl(option: int, value: int, pointed: bytes | int = 0) -> None:
    """Do what the system call does, without the 1.5 ms that importing ctypes costs."""
    address = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
    if _ctypes.call_function(address, (option, value, pointed, 0, 0)) != 0:
        os._exit(70)


def close_all_but(kept: set[int]) -> None:
    """Close every descriptor from 3 on that is not `kept` (the caller's may lead out of here)."""
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 65536)


def become_untouchable(uid: int) -> None:
    """Drop root for good where we have it; then nobody in here may trace, read or signal us."""
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    prctl(PR_SET_PDEATHSIG, 9)
    prctl(PR_SET_DUMPABLE, 0)
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)


def read(path: str) -> bytes:
    """The bytes of a file of /proc; none when its process has just ended or is closed to us."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is a slow import
            return file.read()
    except OSError:
        return b""


def usage_of(pid: int) -> tuple[float, int]:
    """CPU seconds and resident bytes of a process."""
    fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if not fields:
        return 0.0, 0
    pages = int(fields[21]) or most_pages_of_a_thread(pid)
    return sum(map(int, fields[11:13])) / TICKS_PER_S, pages * resource.getpagesize()


def most_pages_of_a_thread(pid: int) -> int:
    """Resident pages of a process whose main thread has ended, which then itself shows none."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib is a slow import
    except OSError:
        return 0
    stats = (read(f"/proc/{pid}/task/{thread}/stat") for thread in threads)
    return max((int(stat.rpartition(b")")[2].split()[21]) for stat in stats if stat), default=0)


def too_many_files() -> bool:
    """Whether /tmp, the one place to write, holds more files than a program needs.

    Each is about a kilobyte of kernel memory, which counts for no process.
    """
    disk = os.statvfs("/tmp")  # noqa: S108 - the sandbox's own tmpfs
    return disk.f_files - disk.f_ffree > MAX_FILES


def watch(child: int, plan: Plan) -> tuple[str, int]:
    """Wait for the program or a limit; which limit ("-" for none), and peak resident bytes.

    The other end of `alive_fd` is held by the host process alone: when that dies, so do we. (The
    parent-death signal does not reach a process that has dropped root.)
    """
    deadline = time.monotonic() + plan.wall_ms / 1000
    poller = select.poll()
    poller.register(os.pidfd_open(child), select.POLLIN)
    poller.register(plan.alive_fd, 0)
    peak, tick_ms = 0, min(TICK_MS, plan.cpu_ms, plan.wall_ms)
    while not (events := poller.poll(tick_ms)):
        cpu_s, resident = usage_of(child)
        peak = max(peak, resident)
        left_ms = plan.cpu_ms - cpu_s * 1000
        if left_ms < 0:
            return "cpu", peak
        if time.monotonic() > deadline:
            return "wall", peak
        if resident > plan.memory or too_many_files():
            return "memory", peak
        tick_ms = int(min(TICK_MS, max(10, left_ms)))
    return ("host-died" if (plan.alive_fd, select.POLLHUP) in events else "-"), peak


def supervise(child: int, plan: Plan, started: float) -> None:
    """See the program to its end and report: reason, wait status, CPU us, wall us, peak KiB."""
    reason, peak = watch(child, plan)
    wall_s = time.monotonic() - started
    if reason != "-":
        os.kill(child, _signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    peak_kib = max(used.ru_maxrss, peak // 1024)
    cpu_us = int((used.ru_utime + used.ru_stime) * 1e6)
    line = f"{reason} {status} {cpu_us} {int(wall_s * 1e6)} {peak_kib}\n"
    os.write(plan.report_fd, line.encode())


def limit_myself(plan: Plan) -> None:
    """Take on the resource limits; hard ones, which nothing in here can raise again."""
    cpu_s = 2 * plan.cpu_ms // 1000 + 5  # a backstop: PID 1 judges CPU time and resident memory
    for what, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, plan.memory + ADDRESS_SPACE_SLACK),
        (resource.RLIMIT_NPROC, 64),
        (resource.RLIMIT_FSIZE, plan.file_size),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_STACK, min(plan.memory, 64 << 20)),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (bound, bound))


def filter_system_calls(program: bytes) -> None:
    """Take on the filter `program`, for good: `struct sock_fprog` is its length and address."""
    byte = type("Byte", (_ctypes._SimpleCData,), {"_type_": "c"})  # as ctypes defines c_char
    kind = type("Code", (_ctypes.Array,), {"_type_": byte, "_length_": len(program)})
    code = kind.from_buffer_copy(program)  # type: ignore[attr-defined]
    parts = (len(program) // 8, _ctypes.addressof(code))
    header = b"".join(part.to_bytes(8, sys.byteorder) for part in parts)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)


def look_like_plain_python(plan: Plan) -> None:
    """Undo what PID 1 did to this interpreter and add what `-S` left out."""
    import site

    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)  # past the output cap: dead at once
    prctl(PR_SET_DUMPABLE, 1)  # else /proc/self, and so /dev/stdin, is closed to the program
    site.setquit()
    site.setcopyright()
    site.sethelper()
    sys.path[0:0] = [os.getcwd()]  # noqa: PTH109 - pathlib is a slow import
    sys.path += [p for p in site.getsitepackages([sys.prefix]) if os.path.isdir(p)]  # noqa: PTH112
    sys.argv = [SCRIPT, *plan.argv]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.executable, *sys.argv]


def note(plan: Plan, kind: bytes, text: bytes = b"") -> None:
    """Leave word for the host: C did not compile, M out of memory, V and a function's value."""
    rest = memoryview(kind + text)
    while rest:
        rest = rest[os.write(plan.note_fd, rest) :]


def load(plan: Plan) -> CodeType:
    """Compile the program as an interpreter would; a compile error ends this process."""
    with open(SCRIPT, "rb") as file:  # noqa: PTH123 - pathlib is a slow import
        source = file.read()
    try:
        return compile(source, SCRIPT, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        note(plan, b"C")
        sys.excepthook(type(error), error.with_traceback(None), None)
        sys.exit(1)


def fresh_module(name: str) -> ModuleType:
    """A module as the import system makes it, registered under `name`."""
    module = type(sys)(name)
    module.__dict__.update(__builtins__=__builtins__, __file__=os.path.abspath(SCRIPT))  # noqa: PTH100
    sys.modules[name] = module
    return module


def run_script(code: CodeType) -> None:
    """Run the program as `__main__`."""
    exec(code, fresh_module("__main__").__dict__)  # noqa: S102 - this process is the sandbox


def run_function(plan: Plan, code: CodeType) -> None:
    """Import the program as module `main`, call its function, note the value as JSON.

    `if __name__ == "__main__"` blocks do not run, and the names of `typing` that starter code
    takes for granted are there.
    """
    import json

    with open(plan.call_fd, encoding="utf-8", errors="surrogatepass") as file:  # noqa: PTH123
        function, _, lines = file.read().partition("\n")
    arguments = [json.loads(line) for line in lines.split("\n") if line.strip()]
    module = fresh_module("main")
    if any(name.encode() in b" ".join(names_of(code)) for name in TYPING_NAMES):
        import typing

        module.__dict__.update({name: getattr(typing, name) for name in TYPING_NAMES})
    exec(code, module.__dict__)  # noqa: S102 - this process is the sandbox
    owner = module.__dict__.get("Solution")
    scope = owner() if owner is not None and hasattr(owner, function) else module
    value = getattr(scope, function)(*arguments)
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        sys.exit(f"{type(error).__name__}: the value of {function} is not JSON: {error}")
    note(plan, b"V", text.encode())


def names_of(code: CodeType) -> list[bytes]:
    """Every global name a program mentions, in nested code too."""
    nested = [n for c in code.co_consts if isinstance(c, type(code)) for n in names_of(c)]
    return [name.encode("utf-8", "replace") for name in code.co_names] + nested


def become_the_program(plan: Plan) -> None:
    """Run the program in this process; ends as the program ends, without frames of ours."""
    os.close(plan.report_fd)
    os.close(plan.alive_fd)
    look_like_plain_python(plan)
    limit_myself(plan)
    filter_system_calls(plan.filter)
    code = load(plan)
    try:
        run_function(plan, code) if plan.call_fd >= 0 else run_script(code)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
        if isinstance(error, MemoryError):
            note(plan, b"M")
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        sys.exit(1)


def main() -> None:
    """Split into PID 1 and the program."""
    plan = Plan(sys.argv[1:])
    kept = {plan.alive_fd, plan.report_fd, plan.note_fd, plan.call_fd} - {-1}
    close_all_but(kept)
    become_untouchable(plan.uid)
    os.write(plan.report_fd, b"started\n")  # from here on, an end without a report is not ours
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        become_the_program(plan)
        return
    supervise(child, plan, started)
    os._exit(0)


if __name__ == "__main__":
    main()
