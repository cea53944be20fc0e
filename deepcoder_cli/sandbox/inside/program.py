"""The forked child: it takes on its limits and becomes the program.

A run leaves the program's bytes at descriptor PROGRAM_FD, and `/tmp/main.py` is a link to that, so
tracebacks show source lines and nothing had to be written. The program runs as plain Python would
run it, to the end that plain Python would give it: threads joined, atexit, flushed streams, the
module taken apart. Only then the process ends, without the milliseconds that finalizing a whole
interpreter takes.

The notes (compile error, out of memory, a function's value) go to a descriptor that the program
could write to as well: they can only describe the program itself.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import marshal
import os
import re
import resource
import signal
import sys
import threading

from . import calling, calls, kernel, script
from .protocol import (
    CALLS_MODE,
    CODE_FD,
    CODE_HEADER,
    EXTRA_FD,
    FUNCTION_MODE,
    HAS_EXTRA,
    MODES,
    NOTE_FD,
    PROGRAM_FD,
    READ_CODE,
    SIGNAL_WORDS,
    WRITE_CODE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import NoReturn

SCRIPT_NAME = "main.py"
MAX_THREADS = 64  # besides the first
MAX_DESCRIPTORS = 64  # bounds what pipes and socket pairs hold
ADDRESS_SPACE_SLACK = 512 << 20  # thread stacks and the like are reserved, hardly ever used
SCRIPT = script.Script()
_DUMPABLE = kernel.Prepared(kernel.PR_SET_DUMPABLE, 1)
# Words without which nothing of a program does anything when it is dropped: finalizers, suspended
# generators, files. Taking a program apart costs it a millisecond.
FINALIZERS = re.compile(
    rb"__del__|GeneratorExit|\bstd(out|err|in)\s*=|detach|\bfinally\s*:|^\s*with\b|\basync\b|open\b|IO\b|IOBase|Writer|Wrapper|weakref"
    rb"|finalize|\b__import__\b|\b(exec|eval)\s*\(|\bgc\b|Pool|\btempfile\b|Process",
    re.MULTILINE,
)


WHAT_IS_LIMITED = (
    resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU, resource.RLIMIT_NPROC,
)  # fmt: skip


def limit_myself(address_space: int, file_size: int, cpu_ms: int) -> None:
    """Take on the limits that differ from run to run; the zygote has all others.

    CPU time is a backstop in whole seconds: the zygote judges it, and resident memory.
    """
    _limit(resource.RLIMIT_AS, address_space + ADDRESS_SPACE_SLACK)
    _limit(resource.RLIMIT_FSIZE, file_size)
    _limit(resource.RLIMIT_CPU, 2 * cpu_ms // 1000 + 5)


def limit_threads() -> None:
    """Take on the limit on threads, where only the zygote and this process count against it."""
    _limit(resource.RLIMIT_NPROC, 2 + MAX_THREADS)


def learn_hard_limits() -> None:
    """In the zygote: note what somebody has set beforehand (ulimit), which cannot be passed."""
    for what in WHAT_IS_LIMITED:
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            _hard_limits[what] = hard


def _limit(what: int, bound: int) -> None:
    if what in _hard_limits:
        bound = min(bound, _hard_limits[what])
    resource.setrlimit(what, (bound, bound))


_hard_limits: dict[int, int] = {}


def place_descriptors(mode: int, fds: list[int]) -> None:
    """Put the descriptors of a request in their places: before the fork, where it costs less."""
    places = [PROGRAM_FD, 0, 1, 2, NOTE_FD]
    if mode & HAS_EXTRA:
        places.append(EXTRA_FD)
    if mode & (WRITE_CODE | READ_CODE):
        places.append(CODE_FD)
    for fd, place in zip(fds, places, strict=True):
        os.dup2(fd, place, inheritable=place < 3)
        os.close(fd)


def close_others() -> None:
    """Close what is not of this run: the zygote's socket above all."""
    os.closerange(3, CODE_FD)


def prepare() -> None:
    """In the zygote: make this interpreter look as if it ran a script without arguments."""
    sys.argv = [SCRIPT_NAME]
    sys.orig_argv[:] = [sys.executable, SCRIPT_NAME]


def look_like_plain_python(source: bytes) -> None:
    """Undo what the zygote did to this interpreter, and what a plain fork leaves undone.

    What only a program that has the words for it can notice is done for such a program alone: a
    page that is touched is a page to copy.
    """
    become_dumpable()
    if any(word in source for word in SIGNAL_WORDS):
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        _signal.signal(_signal.SIGHUP, _signal.SIG_DFL)
    if b"native_id" in source:
        threading._main_thread._set_native_id()  # type: ignore[attr-defined]
    if b"random" in source:
        reseed()


def become_dumpable() -> None:
    """Let the program see itself: else /proc/self, and /dev/stdin, is closed to it."""
    _DUMPABLE.call()


def reseed() -> None:
    """Give a program that may draw random numbers a state of its own, as a fresh start does."""
    sys.modules["random"].seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def run(mode: int) -> NoReturn:
    """Read the program, run it, and end as it ends. Limits and filters are in force already."""
    source = os.pread(PROGRAM_FD, os.fstat(PROGRAM_FD).st_size, 0)
    look_like_plain_python(source)
    if mode & MODES == CALLS_MODE:
        outcome = make_calls(lambda: _load(mode, source))
    elif mode & MODES == FUNCTION_MODE:
        outcome = call_function(lambda: _load(mode, source), text_of(EXTRA_FD))
    else:
        extra = text_of(EXTRA_FD) if mode & HAS_EXTRA else ""
        if extra:
            sys.argv += extra.split("\0")
            sys.orig_argv += sys.argv[1:]
        outcome = SCRIPT.play(source, lambda: _load(mode, source))
    end(outcome, finalize=FINALIZERS.search(source) is not None)


def text_of(fd: int) -> str:
    """All that a descriptor holds."""
    return bytes_of(fd).decode("utf-8", "surrogatepass")


def bytes_of(fd: int) -> bytes:
    """All that a descriptor holds."""
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _note(kind: bytes, text: bytes = b"") -> None:
    """Leave word for the host: C did not compile, M out of memory, V and a function's value."""
    rest = memoryview(kind + text)
    while rest:
        rest = rest[os.write(NOTE_FD, rest) :]


def _load(mode: int, source: bytes) -> CodeType:
    """The program's code: as an earlier run of it left it, or compiled now, and left for others.

    However this ends, the file of the code is closed before anything of the program runs.
    """
    try:
        if mode & READ_CODE:
            return _left_code()
        source.decode()  # a file is refused for what is no UTF-8, even in its comments
        code = compile(source, SCRIPT_NAME, "exec", dont_inherit=True)
        if mode & WRITE_CODE and os.lseek(2, 0, os.SEEK_CUR) == 0:
            _leave_code(code)  # unless the compiler warned of something: each run is to show that
        return code
    finally:
        os.closerange(CODE_FD, NOTE_FD)


def _left_code() -> CodeType:
    size = os.fstat(CODE_FD).st_size - CODE_HEADER.size
    return marshal.loads(os.pread(CODE_FD, size, CODE_HEADER.size))  # type: ignore[no-any-return]  # noqa: S302


def _leave_code(code: CodeType) -> None:
    """Write the code for later runs of the same program; nothing of the program has run yet."""
    if not _is_the_same_loaded(code):
        return
    try:
        text = marshal.dumps(code)
        if os.pwrite(CODE_FD, text, CODE_HEADER.size) == len(text):
            os.pwrite(CODE_FD, CODE_HEADER.pack(len(text)), 0)
    except (ValueError, MemoryError, OSError):  # then every run compiles for itself
        return


def _is_the_same_loaded(code: CodeType) -> bool:
    """Whether unmarshalling gives the same code: constant sets can come back in another order."""
    return all(
        _is_the_same_loaded(each)
        if isinstance(each, type(code))
        else not isinstance(each, frozenset)
        or list(marshal.loads(marshal.dumps(each))) == list(each)  # noqa: S302 - just made
        for each in code.co_consts
    )


def call_function(load: Callable[[], CodeType], call: str) -> script.Outcome:
    """Import the program as module `main`, call one of its functions, note the value as JSON.

    `call` has the function's name on its first line and an argument on each of the others. Blocks
    under `if __name__ == "__main__"` do not run, and the names of `typing` that starter code takes
    for granted are there.
    """
    path = f"{os.getcwd()}/{SCRIPT_NAME}"  # noqa: PTH109
    function, _, lines = call.partition("\n")
    outcome = SCRIPT.call(load, lambda code: calling.value_of(code, path, function, lines))
    if outcome.value is not None:
        _note(b"V", outcome.value)
    return outcome


def make_calls(load: Callable[[], CodeType]) -> script.Outcome:
    """Make many calls to one function of the program; returns only where that does not compile."""
    path = f"{os.getcwd()}/{SCRIPT_NAME}"  # noqa: PTH109
    plan = bytes_of(EXTRA_FD)  # which is closed before anything of the program runs
    return SCRIPT.call(load, lambda code: calls.make(code, path, plan))


def end(outcome: script.Outcome, *, finalize: bool) -> NoReturn:
    """End this process as the program ended; with a negative code by that signal."""
    if not outcome.compiled:
        _note(b"C")
    elif outcome.out_of_memory:
        _note(b"M")
    code = SCRIPT.finish(outcome.code, finalize=finalize)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
