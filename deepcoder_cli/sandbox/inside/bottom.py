"""Runs a program file as the bottom of the stack, as the interpreter itself runs its script.

Under a plain program there is no frame, and all of the recursion limit is its own. Under ours there
would be a few frames of the zygote, seen in `traceback.print_stack`, in `inspect.stack`, and in how
deep a recursion gets. So the interpreter's note of the current frame is blanked before the program
starts, and its count of recursion is set right. Both are fields that no Python function sets;
they are found by the values that they must hold, and where they are not found nothing is touched:
the program runs all the same, with a few frames under it.
"""

from __future__ import annotations

import ctypes
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WORD = ctypes.sizeof(ctypes.c_void_p)
FRAME_OF_FRAME_OBJECT = 3 * WORD  # PyFrameObject: count, type, f_back, f_frame
WORDS_LOOKED_AT = 24  # of PyThreadState; what is looked for is near its start
FILE_INPUT = 257  # Py_file_input
DEPTH_PROGRAM = b"""\
def deep(n):
    global depth
    depth = n
    deep(n + 1)
try:
    deep(1)
except RecursionError:
    pass
"""

_python = ctypes.pythonapi
_python.PyThreadState_Get.restype = ctypes.c_void_p
_python.PyRun_FileExFlags.restype = ctypes.py_object
_python.PyRun_FileExFlags.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.py_object, ctypes.py_object,
    ctypes.c_int, ctypes.c_void_p,
]  # fmt: skip
_libc = ctypes.CDLL(None)
_libc.fopen.restype = _libc.fmemopen.restype = ctypes.c_void_p
_libc.fmemopen.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]


class Bottom:
    """Where this interpreter keeps what is to be set; made once, before forking."""

    def __init__(self) -> None:
        """Look for the fields, in the thread that will run the program."""
        self._thread = int(_python.PyThreadState_Get())
        self._path = self._path_to_frame()
        self._remaining = self._recursion_field()
        self._own_use = 0
        self._calibrate()

    @property
    def found(self) -> bool:
        """Whether both fields were found, so that a program is really at the bottom."""
        return bool(self._path) and self._remaining is not None

    def run_file(self, path: bytes, name: bytes, source: bytes, namespace: dict[str, Any]) -> None:
        """Run the file at `path`, called `name` in tracebacks, with `namespace` as its globals.

        `source` is what it holds, for a process that may not open it.

        Raises:
            BaseException: whatever the program raises, or what is wrong with its source.
        """
        source += b"\n"  # there is no memory file without content
        file = _libc.fopen(path, b"rb") or _libc.fmemopen(source, len(source), b"rb")
        if self._remaining is not None:
            self._remaining.value = sys.getrecursionlimit() + self._own_use
        if self._path:
            word = ctypes.c_void_p.from_address(self._place())
            word.value = None  # until the next call of a Python function from here
        _python.PyRun_FileExFlags(file, name, FILE_INPUT, namespace, namespace, 1, None)

    def call(self, function: Any, *arguments: Any) -> Any:
        """Call `function` with no frame under it."""
        if self._path:
            word = ctypes.c_void_p.from_address(self._place())
            word.value = None
        return function(*arguments)

    def _place(self) -> int:
        """The address of the pointer to the current frame."""
        first, *rest = self._path
        address = self._thread + first
        for offset in rest:
            address = _word_at(address) + offset
        return address

    def _path_to_frame(self) -> tuple[int, ...]:
        """How to get from the thread's state to the current frame: at once (3.13), or by a record
        on the C stack. Words are read without a function of ours, which would be the current one.
        """
        word = ctypes.c_void_p.from_address
        own = word(id(sys._getframe()) + FRAME_OF_FRAME_OBJECT).value
        low, high = _c_stack()
        for first in range(0, WORDS_LOOKED_AT * WORD, WORD):
            value = word(self._thread + first).value or 0
            if value == own:
                return (first,)
            if low <= value < high - 3 * WORD and value % WORD == 0:
                for second in range(0, 3 * WORD, WORD):
                    if word(value + second).value == own:
                        return first, second
        return ()

    def _recursion_field(self) -> ctypes.c_int | None:
        """The count of what is left of the recursion limit; it lies before the limit."""
        limit = sys.getrecursionlimit()
        moved = []
        for offset in range(0, WORDS_LOOKED_AT * WORD, 4):
            left = ctypes.c_int.from_address(self._thread + offset)
            bound = ctypes.c_int.from_address(self._thread + offset + 4)
            was = left.value
            if bound.value == limit and limit - 100 < was < limit:
                sys.setrecursionlimit(limit + 13)
                if (left.value, bound.value) == (was + 13, limit + 13):
                    moved.append(left)
                sys.setrecursionlimit(limit)
        return moved[0] if len(moved) == 1 else None

    def _calibrate(self) -> None:
        """Measure what running a file costs of the limit beyond the file's own frame."""
        if self._remaining is None:
            return
        before = self._remaining.value
        seen: dict[str, Any] = {"__builtins__": __builtins__}
        self.run_file(b"", b"depth", DEPTH_PROGRAM, seen)
        self._own_use = sys.getrecursionlimit() - 1 - seen["depth"]
        self._remaining.value = before


def _word_at(address: int) -> int:
    return ctypes.c_void_p.from_address(address).value or 0


def _c_stack() -> tuple[int, int]:
    """Where the C stack of the main thread begins and ends."""
    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123 - pathlib is slow
        for line in maps:
            if line.endswith("[stack]\n"):
                low, _, high = line.split()[0].partition("-")
                return int(low, 16), int(high, 16)
    return 0, 0
