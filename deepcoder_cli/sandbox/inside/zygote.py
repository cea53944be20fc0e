"""The zygote: PID 1 of a long-lived sandbox, an interpreter that waits and forks for each run.

A request carries descriptors and numbers; this process never reads a byte of a program, of its
input or of its output, so a forked child finds nothing of another run in its memory. The zygote
cannot be reached from the child: it is not dumpable (no trace, no /proc/1/mem), deaf to signals
from inside, and the child's filter refuses calls that change other processes.

It leaves when either end of it does: the caller's socket, or the pipe that the supervisor holds.
Here it makes ready; `server` then forks. The order matters: what every child touches is imported
last, after the holes are filled, so that it lies together, on few pages to copy.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import sys

from . import compact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONNECTION, ALIVE, NULL, ERRORS, CONTROL, CHILD = 3, 4, 5, 6, 7, 8
# Imported before the first fork, so that no program pays for them. Every shared library among them
# costs each fork some 5 us, so what few programs use is for a zygote with a wider `preload`.
COMMON = (
    "abc", "bisect", "builtins", "collections", "collections.abc", "contextlib", "copy",
    "enum", "functools", "heapq", "io", "itertools", "json", "math", "operator", "os",
    "random", "re", "string", "struct", "sys", "threading", "time", "types",
    "typing", "warnings", "weakref",
)  # fmt: skip
# What programs do for the first time (compile, look up a method of a type, specialize an operation)
# is done here, so that no child has to write it into pages of its own.
WARM_UP = """\
import io, sys
from collections import Counter, defaultdict, deque
from heapq import heappop, heappush
from typing import List
class A:
    def __init__(self, x):
        self.x = x
    def __lt__(self, other):
        return self.x < other.x
    def f(self, *a: List[int]) -> str:
        return f"{[x for x in a if x]!r}" + repr({1: 2.5}) + str(max(a, default=0))
def total(n, *more, key=None):
    found = 0
    for i in range(n):
        found += i * 2
    return found
A(1).f(1)
lines = io.StringIO("b a c\\n1 2 3\\n")
words = lines.readline().split()
a = list(map(int, lines.readline().strip().split()))
counts = defaultdict(int)
for word in words:
    counts[word] += 1
Counter(words).most_common(1)
a.sort(); a.append(4); a.extend(a[:1]); a.pop(); a[0] = 5
b = sorted(a, key=lambda x: -x, reverse=True)
queue = deque([1]); queue.append(2); queue.popleft()
heap = []; heappush(heap, (1, 2)); heappop(heap)
text = " ".join(map(str, a)) + "".join(reversed("ab")).upper() + f"{a[0]}-{1.5:.2f}"
seen = {1, 2} | {3}; seen.add(4)
table = {k: v for k, v in counts.items()}; table.get("a", 0); table.setdefault("z", []).append(1)
rest = (A(1) < A(2), total(3), sum(a), min(a), len(a), abs(-1), divmod(7, 2), 3 in seen, 7 // 2)
pairs = [[i, x] for i, x in enumerate(zip(a, b)) if any(b) and all(a)]
sum(x * x for x in a)
print(*a, text, sep=",", end="", file=io.StringIO())
try:
    raise ValueError(1)
except ValueError as error:
    str(error)
"""
WARM_UP_ROUNDS = 20


class Plan:
    """What the host decided for this zygote; from a JSON text in argv.

    Attributes:
        uid: to become, or 0 to stay who we are.
        connection: descriptor of the socket to the caller.
        alive: descriptor of a pipe that closes when the supervisor ends.
        control: descriptor of a pipe by which the caller cancels runs.
        base: the system-call filter for this process and all children.
        strict: the further one of a child that runs Python.
        native: the further one of a child that executes a compiled program.
        hosted: the further one of a host's child, to be given its process id in place of the mark;
            empty where there are no hosts.
        read: paths that a program may read; everything else, and all writing, is refused.
        packages: folders with further packages.
        preload: modules beyond COMMON to import before forking.
        mark: what stands for a child's process id in its filter.
        own_pid_mark: the same, where there is no process namespace and every child's filter needs
            it; 0 where there is one. Such a child is closed to /proc as well.
    """

    def __init__(self, text: str) -> None:
        """Read the JSON `text`; the descriptors in it are numbers written as strings."""
        values: dict[str, Any] = json.loads(text)
        self.uid: int = values["uid"]
        self.connection = int(values["connection"])
        self.alive = int(values["alive"])
        self.control = int(values["control"])
        self.base = bytes.fromhex(values["base"])
        self.strict = bytes.fromhex(values["strict"])
        self.native = bytes.fromhex(values["native"])
        self.hosted = bytes.fromhex(values.get("hosted", ""))
        self.read: list[str] = values["read"]
        self.packages: list[str] = values["packages"]
        self.preload: list[str] = values["preload"]
        self.mark: int = values.get("mark", 0)
        self.own_pid_mark: int = values.get("own_pid_mark", 0)


def main(argv: list[str]) -> None:
    """Make ready, then serve runs until the caller or the supervisor is gone."""
    plan = Plan(argv[0])
    hold(plan.connection, plan.alive, plan.control)
    import_modules(plan)
    compact.fill_holes()
    from . import server

    server.serve(plan)


def hold(*given: int) -> None:
    """Hold these as CONNECTION, ALIVE and CONTROL, and copies of stdin and stderr.

    Low numbers, because a child closes them by number; others of the host may lead out of here.
    """
    spare = [fcntl.fcntl(fd, fcntl.F_DUPFD, CHILD + 1) for fd in given]
    places = (CONNECTION, ALIVE, CONTROL, NULL, ERRORS, CHILD)
    for fd, place in zip((*spare, 0, 2, 0), places, strict=True):
        os.dup2(fd, place, inheritable=False)  # CHILD is taken, for now, so that nobody else does
    os.closerange(CHILD + 1, 1 << 20)


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
    warm_up()


def warm_up() -> None:
    """Have the interpreter learn what it learns from the first programs."""
    code = compile(WARM_UP, "warm-up", "exec")
    for _ in range(WARM_UP_ROUNDS):
        exec(code, {"__name__": "warm-up"})  # noqa: S102 - a constant


def _ignored(**_: object) -> None:
    """Stands in for os.register_at_fork: nothing that is imported here needs to be told."""
