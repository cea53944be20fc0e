"""A grader in the manner of EvalPlus's, to measure against. It isolates nothing: never use it.

The manner, step by step, as in EvalPlus's `untrusted_check` and `unsafe_execute` (written anew
here): one forked process for the base inputs of a program and one for the plus inputs, with shared
memory for the results; in that, a temporary folder, limits, destructive functions set to None, the
program executed once, each input called under an interval timer with all streams caught, and each
result compared at once. The expected outputs are in the same process as the program: it could
simply read them. Executed as a script it is the process that forks: a task's id a line, and back
whether its program passes. Kinder than the original: inputs and outputs are there already, and
are not pickled into a pool of workers for each program.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import faulthandler
import gzip
import io
import json
import math
import multiprocessing
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = 4 << 30
LEAST_S, FACTOR, MOST_S = 4.0, 4.0, 60.0
UNKNOWN, PASSED, FAILED = 0, 1, 2
DISARMED = (
    "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames "
    "truncate replace unlink fchmod fchown chmod chown chroot lchown getcwd chdir"
)


class TooLate(Exception):  # noqa: N818 - the manner
    """The timer went off."""


class WriteOnly(io.StringIO):
    """A stream that cannot be read."""

    def read(self, *_: object) -> str:
        """Refuse."""
        raise OSError

    readline = read  # type: ignore[assignment]

    def readable(self) -> bool:
        """It is not."""
        return False


class RedirectStdin(contextlib._RedirectStream):  # type: ignore[type-arg]
    """As contextlib's for stdout."""

    _stream = "stdin"


@contextlib.contextmanager
def swallowed() -> Iterator[None]:
    """Catch all three streams."""
    stream = WriteOnly()
    out, err = contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream)
    with out, err, RedirectStdin(stream):
        yield


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLate after so many seconds."""

    def ring(*_: object) -> None:
        raise TooLate

    signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def disarm() -> None:
    """What the original calls its guard."""
    for what in (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_STACK):
        resource.setrlimit(what, (MEMORY, MEMORY))
    platform.uname()
    faulthandler.disable()
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in ("exit", "quit", "open", "help"):
        setattr(builtins, name, None)
    for name in DISARMED.split():
        setattr(os, name, None)
    shutil.rmtree = shutil.move = shutil.chown = None  # type: ignore[assignment]
    subprocess.Popen = None  # type: ignore[assignment,misc]
    for name in ("ipdb", "joblib", "resource", "psutil", "tkinter"):
        sys.modules[name] = None  # type: ignore[assignment]


def are_floats(value: object) -> bool:
    if isinstance(value, float):
        return True
    if isinstance(value, list | tuple) and value:
        return all(isinstance(item, float) for item in value)
    return False


def execute(
    program: str, name: str, inputs: list[Any], expected: list[Any], limits: list[float],
    atol: float, state: Any, details: Any, progress: Any,  # noqa: ANN401 - shared memory
) -> None:  # fmt: skip
    """In the forked process: run the program on all inputs."""
    folder = tempfile.mkdtemp()
    rmtree, rmdir, unlink, chdir = shutil.rmtree, os.rmdir, os.unlink, os.chdir
    here = os.getcwd()  # noqa: PTH109 - taken away below
    os.chdir(folder)
    disarm()
    names: dict[str, Any] = {}
    try:
        with swallowed():
            exec(program, names)
            function = names[name]
        for index, arguments in enumerate(inputs):
            with limited(limits[index]), swallowed():
                out = function(*arguments)
            want = expected[index]
            exact = out == want
            if name == "find_zero":
                powers = enumerate(arguments[0])
                assert abs(sum(c * math.pow(out, i) for i, c in powers)) <= atol
            else:
                if atol == 0 and are_floats(want):
                    atol = 1e-6
                if not exact and atol != 0:
                    assert type(out) is type(want)
                    assert not isinstance(want, list | tuple) or len(out) == len(want)
                    assert np.allclose(out, want, rtol=1e-07, atol=atol)
                else:
                    assert exact
            details[index] = True
            progress.value += 1
        state.value = PASSED
    except BaseException:  # noqa: BLE001 - whatever the program raises
        state.value = FAILED
    shutil.rmtree, os.rmdir, os.unlink, os.chdir = rmtree, rmdir, unlink, chdir
    os.chdir(here)
    os.rmdir(folder)  # noqa: PTH106 - as it was


def check(
    program: str, name: str, inputs: list[Any], expected: list[Any], times: list[float], atol: float
) -> bool:
    """Whether the program is right for all inputs."""
    limits = [max(LEAST_S, FACTOR * seconds) for seconds in times]
    state = multiprocessing.Value("i", UNKNOWN)
    details = multiprocessing.Array("b", [False for _ in inputs])
    progress = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(
        target=execute,
        args=(program, name, inputs, expected, limits, atol, state, details, progress),
    )
    process.start()
    process.join(timeout=min(MOST_S, sum(limits)) + 2)
    if process.is_alive():
        process.kill()
        process.join()
    return state.value == PASSED and all(details[: progress.value])


def trusted(program: str, name: str, inputs: list[Any]) -> tuple[list[Any], list[float]]:
    """Expected outputs, and the time each took."""
    names: dict[str, Any] = {}
    exec(program, names)
    outputs, times = [], []
    for arguments in copy.deepcopy(inputs):
        began = time.time()
        outputs.append(names[name](*arguments))
        times.append(time.time() - began)
    return outputs, times


def with_outputs(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    """For base and plus: inputs, expected outputs, times."""
    program = row["prompt"] + row["canonical_solution"]
    return [
        (row[part], *trusted(program, row["entry_point"], row[part]))
        for part in ("base_input", "plus_input")
    ]


def main() -> None:
    """Serve until the input ends: a line is [task, program].

    With `lean` as second argument this process holds the outputs of one task at a time, so that
    there is less to fork; a program that is null says which.
    """
    multiprocessing.set_start_method("fork")
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as lines:
        rows = {row["task_id"]: row for row in map(json.loads, lines)}
    lean = sys.argv[2:] == ["lean"]
    known = {} if lean else {task: with_outputs(row) for task, row in rows.items()}
    print("ready", flush=True)
    for line in sys.stdin:
        task, program = json.loads(line)
        row = rows[task]
        if program is None:
            known = {task: with_outputs(row)} if lean else known
            print("ready", flush=True)
            continue
        # Both, as the original does, whatever the first says.
        parts = [
            check(program, row["entry_point"], *part, atol=row["atol"]) for part in known[task]
        ]
        print(json.dumps(all(parts)), flush=True)


if __name__ == "__main__":
    main()
