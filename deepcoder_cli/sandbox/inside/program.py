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
import _thread
import atexit
import gc
import os
import resource
import signal
import sys
import threading

from . import kernel
from .protocol import EXTRA_FD, FUNCTION_MODE, NOTE_FD, PROGRAM_FD, SCRIPT_MODE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType, TracebackType
    from typing import NoReturn

SCRIPT = "main.py"
MAX_DESCRIPTORS = 64  # bounds what pipes and socket pairs hold
ADDRESS_SPACE_SLACK = 512 << 20  # thread stacks and the like are reserved, hardly ever used
_BECOME_DUMPABLE = kernel.Prepared(kernel.PR_SET_DUMPABLE, 1)
EXIT_FLUSH_FAILED = 120  # as plain Python ends when stdout cannot be flushed
# Words without which nothing of a program does anything when it is dropped: finalizers, suspended
# generators, files.
FINALIZERS = (
    b"__del__", b"finally", b"with", b"open", b"IO", b"Writer", b"weakref", b"finalize", b"import_",
    b"exec", b"eval", b"gc", b"getattr", b"type(", b"Pool", b"temp", b"Process",
)  # fmt: skip
TYPING_NAMES = ("List", "Dict", "Tuple", "Set", "Optional", "Union", "Any", "Callable", "Iterable")


def limit_myself(address_space: int, file_size: int, cpu_ms: int) -> None:
    """Take on the limits that differ from run to run; the zygote has all others.

    CPU time is a backstop in whole seconds: the zygote judges it, and resident memory.
    """
    address_space += ADDRESS_SPACE_SLACK
    cpu_s = 2 * cpu_ms // 1000 + 5
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))


def take_descriptors(fds: list[int]) -> None:
    """Put program, stdin, stdout, stderr, note and extra (if given) in their places.

    Everything else is closed: the zygote's socket above all.
    """
    for fd, place in zip(fds, (PROGRAM_FD, 0, 1, 2, NOTE_FD, EXTRA_FD), strict=False):
        os.dup2(fd, place, inheritable=place < 3)
    os.closerange(3, EXTRA_FD if len(fds) == 6 else NOTE_FD)
    os.closerange(PROGRAM_FD + 1, max(fds[-1], PROGRAM_FD) + 1)


def look_like_plain_python(argv: list[str]) -> None:
    """Undo what the zygote did to this interpreter, and what a plain fork leaves undone."""
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    threading._main_thread._set_native_id()  # type: ignore[attr-defined]
    _BECOME_DUMPABLE.call()  # else /proc/self, and /dev/stdin, is closed to it
    sys.argv = [SCRIPT, *argv]
    sys.orig_argv[:] = [sys.executable, *sys.argv]
    gc.enable()


def _reseed(source: bytes) -> None:
    """Give programs that may draw random numbers a state of their own, as a fresh start does."""
    if b"random" in source:
        sys.modules["random"].seed()
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()


def run(mode: int) -> NoReturn:
    """Read the program, run it, and end as it ends. Limits and filters are in force already."""
    function, arguments = "", ""
    argv: list[str] = []
    if mode == FUNCTION_MODE:
        function, _, arguments = _text(EXTRA_FD).partition("\n")
    elif _is_open(EXTRA_FD):
        argv = _text(EXTRA_FD).split("\0")
    os.closerange(EXTRA_FD, EXTRA_FD + 1)
    look_like_plain_python(argv)
    code = _load()
    if code is None:
        _end(1)
    if mode == SCRIPT_MODE:
        _end(_outcome_of(_run_script, code))
    _end(_outcome_of(_run_function, code, function, arguments))


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _text(fd: int) -> str:
    return os.pread(fd, os.fstat(fd).st_size, 0).decode("utf-8", "surrogatepass")


def _note(kind: bytes, text: bytes = b"") -> None:
    """Leave word for the host: C did not compile, M out of memory, V and a function's value."""
    rest = memoryview(kind + text)
    while rest:
        rest = rest[os.write(NOTE_FD, rest) :]


def _load() -> CodeType | None:
    """Compile the program as an interpreter would; None, and a note, when it does not compile."""
    source = os.pread(PROGRAM_FD, os.fstat(PROGRAM_FD).st_size, 0)
    _reseed(source)
    try:
        return compile(source, SCRIPT, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        _note(b"C")
        sys.excepthook(type(error), error.with_traceback(None), None)
        return None


def _outcome_of(play: object, *arguments: object) -> int:
    """Run `play`; the exit code plain Python would end with, after what it would print."""
    try:
        play(*arguments)  # type: ignore[operator]
    except SystemExit as error:
        return _exit_code(error)
    except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
        if isinstance(error, MemoryError):
            _note(b"M")
        frames = _frames_of_the_program(error.__traceback__)
        _show(type(error), error.with_traceback(frames), frames)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _show(kind: type, error: BaseException, frames: TracebackType | None) -> None:
    """Print the traceback, through the program's own hook where it has set one."""
    try:
        sys.excepthook(kind, error, frames)
    except SystemExit:
        raise
    except BaseException as second:  # noqa: BLE001 - a failing hook is shown, then the error
        sys.stderr.write("Error in sys.excepthook:\n")
        shown = _frames_of_the_program(second.__traceback__)
        sys.__excepthook__(type(second), second.with_traceback(shown), shown)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(kind, error, frames)


def _frames_of_the_program(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename == _HERE:
        frames = frames.tb_next
    return frames


def _exit_code(error: SystemExit) -> int:
    """What plain Python makes of `sys.exit(x)`: nothing is 0, a number itself, else it is shown."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stdout.flush()
    sys.stderr.write(f"{error.code}\n")
    return 1


_HERE = _frames_of_the_program.__code__.co_filename  # a zip's __file__ is that of the .pyc


def _run_script(code: CodeType) -> None:
    exec(code, _fresh_module("__main__").__dict__)  # noqa: S102 - this process is the sandbox


def _run_function(code: CodeType, function: str, lines: str) -> None:
    """Import the program as module `main`, call its function, note the value as JSON.

    `if __name__ == "__main__"` blocks do not run, and the names of `typing` that starter code
    takes for granted are there.
    """
    import json
    import typing

    arguments = [json.loads(line) for line in lines.split("\n") if line.strip()]
    module = _fresh_module("main")
    module.__dict__.update({name: getattr(typing, name) for name in TYPING_NAMES})
    exec(code, module.__dict__)  # noqa: S102 - this process is the sandbox
    owner = module.__dict__.get("Solution")
    scope = owner() if owner is not None and hasattr(owner, function) else module
    value = getattr(scope, function)(*arguments)
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        sys.exit(f"{type(error).__name__}: the value of {function} is not JSON: {error}")
    _note(b"V", text.encode())


def _fresh_module(name: str) -> ModuleType:
    """A module as the import system makes it, registered under `name`."""
    module = type(sys)(name)
    module.__dict__.update(__builtins__=__builtins__, __file__=f"{os.getcwd()}/{SCRIPT}")  # noqa: PTH109
    sys.modules[name] = module
    return module


def _end(code: int) -> NoReturn:
    """End this process the way Py_FinalizeEx would, as far as a program can tell."""
    if _thread._count() or threading._threading_atexits:  # type: ignore[attr-defined]
        threading._shutdown()  # type: ignore[attr-defined]  # waits for those that are no daemons
    if atexit._ncallbacks():
        atexit._run_exitfuncs()
    failed = not _flush()
    _take_apart()
    failed = not _flush() or failed
    if code == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(EXIT_FLUSH_FAILED if failed and code == 0 else code)


def _flush() -> bool:
    """Flush stdout and stderr; whether stdout took it all."""
    flushed = True
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - shown as plain Python shows it
        flushed = False
        hook = getattr(sys, "unraisablehook", None)
        if hook is not None:
            sys.stderr.write(f"Exception ignored in: {sys.stdout!r}\n")
            sys.__excepthook__(type(error), error.with_traceback(None), None)
    try:
        if sys.stderr is not None and not sys.stderr.closed:
            sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - nowhere left to say so; plain Python is silent too
        return flushed
    return flushed


def _take_apart() -> None:
    """Drop what the program's modules hold, so that `__del__`, generators and files end now."""
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__  # type: ignore[assignment]
    for name in ("__main__", "main"):
        sys.modules.pop(name, None)
    if _may_finalize():
        gc.collect()


def _may_finalize() -> bool:
    """Whether the program, by its words, may hold something whose end can be seen from outside."""
    source = os.pread(PROGRAM_FD, os.fstat(PROGRAM_FD).st_size, 0)
    return any(word in source for word in FINALIZERS)
