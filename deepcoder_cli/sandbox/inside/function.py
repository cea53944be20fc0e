"""Calls one function of a program under the general profile; executed as the program itself.

The program is imported as module `main`, so `if __name__ == "__main__"` blocks do not run, and the
names of `typing` that starter code takes for granted are there. The value goes to NOTE_FD as JSON.
Not covered: a program that forks and lets both processes return spoils its own value.
"""

from __future__ import annotations

import json
import os
import sys
import typing

from .protocol import EXTRA_FD, NOTE_FD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

SCRIPT = "main.py"
TYPING_NAMES = ("List", "Dict", "Tuple", "Set", "Optional", "Union", "Any", "Callable", "Iterable")


def main(argv: list[str]) -> None:
    """Call the function `argv[0]`; its arguments are at EXTRA_FD, one JSON value a line."""
    with open(EXTRA_FD, encoding="utf-8", errors="surrogatepass") as file:  # noqa: PTH123
        arguments = [json.loads(line) for line in file.read().split("\n") if line.strip()]
    try:
        text = _value(argv[0], arguments)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as the interpreter's own top level does
        frames = _frames_of_the_program(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        sys.exit(1)
    rest = memoryview(b"V" + text)
    while rest:
        rest = rest[os.write(NOTE_FD, rest) :]


def _value(name: str, arguments: list[object]) -> bytes:
    """What the function returns, as JSON; ends this process where that is none."""
    sys.argv = [SCRIPT]
    path = f"{os.getcwd()}/{SCRIPT}"  # noqa: PTH109
    sys.path[0] = os.getcwd()  # noqa: PTH109 - in place of the archive
    with open(path, "rb") as file:  # noqa: PTH123
        code = compile(file.read(), path, "exec", dont_inherit=True)
    module = type(sys)("main")
    module.__dict__.update({word: getattr(typing, word) for word in TYPING_NAMES}, __file__=path)
    sys.modules["main"] = module
    exec(code, module.__dict__)  # noqa: S102 - this process is the sandbox
    owner = module.__dict__.get("Solution")
    scope = owner() if owner is not None and hasattr(owner, name) else module
    value = getattr(scope, name)(*arguments)
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        sys.exit(f"{type(error).__name__}: the value of {name} is not JSON: {error}")


def _frames_of_the_program(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return frames
