"""Runs the program as `python main.py` runs a script, from its first line to the interpreter's end.

What plain Python does before, around and after a script is done here in its order: the module
`__main__`, the uncaught exception and its hooks, exit codes, threads, atexit, flushed streams, and
the end of everything the program still holds. It is done here, not by the interpreter's own
finalization, because that costs a forked child 6 to 10 ms: it touches, and so copies, every object
of the zygote.

Not as in plain Python: objects that a program hangs on classes of the library are not finalized,
and `sys.settrace` ends with the program's last line.
"""

from __future__ import annotations

import _thread
import atexit
import builtins
import contextlib
import gc
import importlib.machinery
import os
import signal
import site
import sys
import threading

from . import source_file
from .frames import frames_of_the_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, TracebackType
    from typing import Any

NAME = "main.py"
FLUSH_FAILED = 120
UNCAUGHT = 1
C_LONG = 1 << 63
# Set late in the interpreter's start, and gone again when the last objects are finalized.
LATE_BUILTINS = frozenset(("open", "exit", "quit", "copyright", "credits", "license", "help", "_"))
# What the interpreter forgets first, so that objects that only these hold end before the others.
FORGOTTEN_FIRST = (
    "path", "argv", "ps1", "ps2", "last_type", "last_value", "last_traceback", "last_exc",
    "path_hooks", "path_importer_cache", "meta_path", "__interactivehook__",
)  # fmt: skip


def _type_of_unraisable() -> Callable[[tuple[object, ...]], Any]:
    """What `sys.unraisablehook` is called with; `sys` has no name for it."""
    seen: list[Any] = []

    class Failing:
        def __del__(self) -> None:
            raise ValueError

    hook, sys.unraisablehook = sys.unraisablehook, lambda given: seen.append(type(given))
    Failing()
    sys.unraisablehook = hook
    return seen[0]  # type: ignore[no-any-return]


_UNRAISABLE = _type_of_unraisable()


class Outcome:
    """How the program left its last line.

    Attributes:
        code: the exit code, or minus SIGINT for an uncaught KeyboardInterrupt.
        compiled: whether it got as far as running.
        out_of_memory: whether it ended with an uncaught MemoryError.
        value: of a function that was called.
    """

    def __init__(self) -> None:
        self.code = 0
        self.compiled = True
        self.out_of_memory = False
        self.value: bytes | None = None


class Script:
    """What is made ready once, before forking, for every program that a child runs."""

    def __init__(self) -> None:
        """Note what the interpreter and its modules look like before any program."""
        self._builtins = {n: v for n, v in vars(builtins).items() if n not in LATE_BUILTINS}
        self._display = sys.__excepthook__
        self._stdout = sys.stdout
        self._sizes: dict[str, int] = {}
        self._path = f"{os.getcwd()}/{NAME}"  # noqa: PTH109
        self._main = _names_of_main(self._path)
        site.enablerlcompleter()  # sets `sys.__interactivehook__`, no more

    def play(self, source: bytes, load: Callable[[], CodeType]) -> Outcome:
        """Run the code of main.py, which holds `source`, and show what it raises.

        Where `load` raises, something is wrong with the source, and the interpreter says what.
        """
        outcome = Outcome()
        return self._told(outcome, self._run(outcome, source, load))

    def prepare(self, source: bytes) -> dict[str, Any]:
        """Make the module `__main__` of the program; its namespace."""
        if b"__del__" in source:
            self._sizes = {
                n: len(vars(m)) for n, m in sys.modules.items() if hasattr(m, "__dict__")
            }
        module = type(sys)("__main__")
        module.__dict__.update(self._main)
        sys.modules["__main__"] = module
        return module.__dict__

    def play_loaded(self, code: CodeType) -> Outcome:
        """`play` the code of a program for which `__main__` has been prepared."""
        outcome = Outcome()
        return self._told(outcome, self._raised(code))

    def _raised(self, code: CodeType) -> BaseException | None:
        """Run code as `__main__`; what it raised. Nothing of it is handled when this returns."""
        try:
            exec(code, sys.modules["__main__"].__dict__)  # noqa: S102 - this process is the sandbox
        except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
            return error
        return None

    def call(self, load: Callable[[], CodeType], function: Callable[[CodeType], bytes]) -> Outcome:
        """Call `function` on the code in place of running it; its value is part of the outcome."""
        outcome = Outcome()
        outcome.compiled = False
        try:
            code = load()
            outcome.compiled = True
            outcome.value = function(code)
        except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
            return self._told(outcome, error)
        return outcome

    def _told(self, outcome: Outcome, error: BaseException | None) -> Outcome:
        """Show `error` and say in `outcome` what it comes to."""
        if error is None:
            if atexit._ncallbacks() or _thread._count():  # which may write past our buffers
                _flush_quietly()
            return outcome
        _flush_quietly()
        if isinstance(error, SystemExit):
            outcome.code = exit_code(error)
            return outcome
        frames = frames_of_the_program(error.__traceback__)
        outcome.compiled = outcome.compiled or frames is not None
        outcome.out_of_memory = isinstance(error, MemoryError)
        error.__traceback__ = frames
        leaves = self._show(error, frames)
        if leaves is not None:
            outcome.code = exit_code(leaves)
        else:
            outcome.code = -signal.SIGINT if type(error) is KeyboardInterrupt else UNCAUGHT
        return outcome

    def finish(self, code: int, *, finalize: bool) -> int:
        """End what the program left; the exit code that remains.

        `finalize` is false for a program that holds nothing whose end can be seen from outside.
        """
        shutdown = getattr(sys.modules.get("threading"), "_shutdown", None)
        if shutdown is not None and (_thread._count() or threading._threading_atexits):  # type: ignore[attr-defined]
            try:
                shutdown()
            except BaseException as error:  # noqa: BLE001 - as the interpreter does
                _ignored(error, sys.modules.get("threading"))
        if atexit._ncallbacks():
            atexit._run_exitfuncs()
        flushed = _flush()
        if finalize:
            self._finalize()
            flushed = flushed and _flush()  # what failed once is not told again
        elif getattr(sys, "stdout", None) is not self._stdout and not _is_closed(self._stdout):
            flushed = self._flush_original() and flushed
        return code if flushed else FLUSH_FAILED

    def _flush_original(self) -> bool:
        """Flush the stream that was sys.stdout at the start, as the interpreter does in the end."""
        try:
            self._stdout.flush()
        except BaseException as error:  # noqa: BLE001 - told as plain Python tells it
            _ignored(error, self._stdout)
            return False
        return True

    def _run(
        self, outcome: Outcome, source: bytes, load: Callable[[], CodeType]
    ) -> BaseException | None:
        """Run the file; what it raised. Nothing of it is being handled when this returns."""
        namespace = self.prepare(source)
        try:
            code = _code(load)
            if code is None:
                outcome.compiled = False
                source_file.run(self._path, NAME, source, namespace)
                outcome.compiled = True
            else:
                exec(code, namespace)  # noqa: S102 - this process is the sandbox
        except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
            return error
        return None

    def _show(self, error: BaseException, frames: TracebackType | None) -> SystemExit | None:
        """Show an uncaught exception by the program's hook; the SystemExit that raises, if any."""
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, frames
        if sys.version_info >= (3, 12):
            sys.last_exc = error
        try:
            hook = sys.excepthook
        except AttributeError:
            _to_stderr("sys.excepthook is missing\n")
            self._display(type(error), error, frames)
            return None
        second = self._raised_by(hook, type(error), error, frames)
        if second is None or isinstance(second, SystemExit):
            return second
        _to_stderr("Error in sys.excepthook:\n")
        shown = frames_of_the_program(second.__traceback__)
        self._display(type(second), second.with_traceback(shown), shown)
        _to_stderr("\nOriginal exception was:\n")
        self._display(type(error), error, frames)
        return None

    def _raised_by(self, hook: Callable[..., object], *arguments: object) -> BaseException | None:
        try:
            hook(*arguments)
        except BaseException as error:  # noqa: BLE001 - shown by the caller
            return error
        return None

    def _finalize(self) -> None:
        """Take the modules apart in the interpreter's order, so that what they hold ends now."""
        collect, modules, own = gc.collect, sys.modules, vars(builtins)
        kept = dict(modules)
        sys.is_finalizing = True.__bool__
        for name in FORGOTTEN_FIRST:
            if name in vars(sys):
                setattr(sys, name, None)
        for name in ("stdin", "stdout", "stderr"):
            setattr(sys, name, getattr(sys, f"__{name}__", None))
        for name in list(modules):
            modules[name] = None  # type: ignore[assignment]
        held = dict(own)
        own.clear()
        own.update(self._builtins)
        del held  # only now: a `__del__` may print
        kept.pop("__main__", None)
        modules.clear()
        collect()
        for name, module in reversed(kept.items()):
            size = self._sizes.get(name)
            if size is not None and len(vars(module)) > size and name not in {"builtins", "sys"}:
                _drop_beyond(vars(module), size)
        collect()


def _code(load: Callable[[], CodeType]) -> CodeType | None:
    try:
        return load()
    except Exception:  # noqa: BLE001 - the interpreter is to say it, reading the file itself
        return None


def exit_code(error: SystemExit) -> int:
    """What plain Python makes of `sys.exit(x)`: nothing is 0, a number itself, else it is shown."""
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        exact = int.__index__(code)  # its value, whatever operators a subclass has
        return exact & 0xFF if -C_LONG <= exact < C_LONG else 0xFF
    stderr = getattr(sys, "stderr", None)
    try:
        if stderr is not None:
            stderr.write(str(code))
    except BaseException:  # noqa: BLE001, S110 - plain Python says nothing either
        pass
    _to_stderr("\n")
    return 1


def _names_of_main(path: str) -> dict[str, object]:
    """What a script finds in its `__main__`."""
    loader = importlib.machinery.SourceFileLoader("__main__", path)
    return {
        "__loader__": loader,
        "__annotations__": {},
        "__builtins__": builtins,
        "__file__": path,
        "__cached__": None,
    }


def _flush_quietly() -> None:
    """What the interpreter does after the last line; errors come up again at the end."""
    for name in ("stderr", "stdout"):
        with contextlib.suppress(BaseException):
            getattr(sys, name).flush()


def _flush() -> bool:
    """Flush stdout and stderr; whether they took it all."""
    flushed = True
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)
        if stream is None or _is_closed(stream):
            continue
        try:
            stream.flush()
        except BaseException as error:  # noqa: BLE001 - told as plain Python tells it
            flushed = False
            if name == "stdout":
                _ignored(error, stream)
    return flushed


def _is_closed(stream: Any) -> bool:  # noqa: ANN401 - whatever the program put there
    try:
        return bool(stream.closed)
    except BaseException:  # noqa: BLE001 - a stream that cannot say is taken to be open
        return False


def _ignored(error: BaseException, where: object) -> None:
    """Tell of an exception that nobody can catch any more."""
    frames = frames_of_the_program(error.__traceback__)
    error.__traceback__ = frames
    hook = getattr(sys, "unraisablehook", None) or sys.__unraisablehook__
    hook(_UNRAISABLE((type(error), error, frames, None, where)))


def _to_stderr(text: str) -> None:
    """Write to sys.stderr, or to the descriptor where there is none."""
    stderr: Any = getattr(sys, "stderr", None)
    try:
        stderr.write(text)
    except BaseException:  # noqa: BLE001 - plain Python falls back in the same way
        os.write(2, text.encode("utf-8", "backslashreplace"))


def _drop_beyond(names: dict[str, Any], size: int) -> None:
    """Drop what was added last to a module's names, until `size` are left."""
    while len(names) > size:
        names.popitem()
