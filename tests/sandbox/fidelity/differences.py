"""Where a program in the sandbox does differ from plain Python, and why; as few as can be."""

from __future__ import annotations

import sys

BY_REASON: dict[str, tuple[str, ...]] = {
    "frames of the zygote lie under the program's, for who looks beyond its own": (
        "ending: atexit stack",
        "ending: atexit with a failing builtin",
        "ending: coroutine never awaited at the end",
        "exceptions: faulthandler and a null pointer",
        "exceptions: faulthandler dumps a traceback",
        "exceptions: frames up to the top",
        "exceptions: inspect.stack",
        "exceptions: inspect.stack at the top level",
        "exceptions: sys._getframe beyond the top",
        "exceptions: traceback of a caught exception",
        "exceptions: traceback.extract_stack",
        "exceptions: traceback.print_stack",
        "exits: exit in atexit",
        "exits: exit in atexit after an exit",
        "interpreter: stacklevel beyond the top",
        "main_module: frame of the module",
        "threads: sys._current_frames",
    ),
    "the frames of the zygote are added to the recursion limit: a thread gets them too": (
        "recursion: depth in a thread",
        "recursion: limit too low",
    ),
    "tracing goes on into the zygote's own code": (
        "interpreter: profile left on",
        "interpreter: trace left on",
    ),
    "an object's reference count, in the interpreter's last words, includes ours": (
        "exceptions: exception while printing an exception",
        "writing: stderr deleted and an exception",
    ),
    "what the zygote has imported, and frozen, is there": (
        "ending: gc freeze count",
        "interpreter: copyreg and abc registries",
        "modules: collections.abc without its import",
        "modules: importlib.util without its import",
        "modules: modules that are not loaded yet",
        "modules: sys.modules of a bare program",
    ),
    "code objects name the file main.py, without its folder": (
        "main_module: code file name",
        "main_module: code object of a function",
        "main_module: code object of the module",
        "main_module: inspect.getmodule",
        "main_module: inspect.getsource",
    ),
    "main.py is a link to a memory file": (
        "main_module: link or file",
        "main_module: pathlib of the file",
    ),
    "the descriptors of the program's source and of its note are open": (
        "interpreter: descriptors",
    ),
    "stdin, stdout and stderr are open for reading and writing, and cannot be truncated": (
        "interpreter: descriptor flags",
        "reading: truncating stdin",
        "reading: writing to descriptor 0",
        "writing: reading stdout",
        "writing: truncating stdout",
    ),
    "started without `site`": ("interpreter: flags",),
    "one folder more, for shared packages": ("interpreter: sys.path names",),
    "SIGXFSZ kills, so that a program ends at the output cap": (
        "interpreter: signal handlers as they are",
    ),
    "priorities are out of reach": ("interpreter: umask and nice",),
    "no semaphores shared between processes, which its queue asks for": (
        "threads: multiprocessing.dummy",
    ),
}
if sys.version_info < (3, 12):
    BY_REASON["plain Python here sees the tuple before it becomes the exception's arguments"] = (
        "exits: sys.exit an empty tuple",
    )

KNOWN_DIFFERENCES = {name: reason for reason, names in BY_REASON.items() for name in names}
