"""Runs a program straight from its file, as the interpreter reads a script.

That differs from compiling its bytes in odd cases alone: NUL bytes, encoding cookies, and the
wording of some syntax errors. So it is what a program gets whose bytes do not compile.
"""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE_INPUT = 257  # Py_file_input
CLOSE_IT = 1

_run = ctypes.pythonapi.PyRun_FileExFlags
_run.restype = ctypes.py_object
_run.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.py_object, ctypes.py_object,
    ctypes.c_int, ctypes.c_void_p,
]  # fmt: skip
_fopen = ctypes.CDLL(None).fopen
_fopen.restype = ctypes.c_void_p
_fmemopen = ctypes.CDLL(None).fmemopen
_fmemopen.restype = ctypes.c_void_p
_fmemopen.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]


def run(path: str, name: str, source: bytes, namespace: dict[str, Any]) -> None:
    """Run the file at `path`, called `name` in tracebacks, with `namespace` as its globals.

    `source` is what it holds, for a process that may not open it.

    Raises:
        BaseException: whatever the program raises, or what is wrong with its source.
    """
    padded = source + b"\n"  # there is no memory file without content
    file = _fopen(path.encode(), b"rb") or _fmemopen(padded, len(padded), b"rb")
    _run(file, name.encode(), FILE_INPUT, namespace, namespace, CLOSE_IT, None)
