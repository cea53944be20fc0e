"""Calls one function of a program under the general profile; executed as the program itself.

The value goes to NOTE_FD as JSON. Not covered: a program that forks and lets both processes return
spoils its own value.
"""

from __future__ import annotations

import os
import sys

from .calling import value_of
from .frames import frames_of_the_program
from .protocol import EXTRA_FD, NOTE_FD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

SCRIPT = "main.py"


def main(argv: list[str]) -> None:
    """Call the function `argv[0]`; its arguments are at EXTRA_FD, one JSON value a line."""
    with open(EXTRA_FD, encoding="utf-8", errors="surrogatepass") as file:  # noqa: PTH123
        lines = file.read()
    sys.argv = [SCRIPT]
    sys.path[0] = os.getcwd()  # noqa: PTH109 - in place of the archive
    path = f"{os.getcwd()}/{SCRIPT}"  # noqa: PTH109
    try:
        text = value_of(_code(path), path, argv[0], lines)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
        frames = frames_of_the_program(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        sys.exit(1)
    rest = memoryview(b"V" + text)
    while rest:
        rest = rest[os.write(NOTE_FD, rest) :]


def _code(path: str) -> CodeType:
    with open(path, "rb") as file:  # noqa: PTH123
        return compile(file.read(), path, "exec", dont_inherit=True)
