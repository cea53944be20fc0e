"""Where the process starts: Ctrl-C is one line even while the command line is imported.

Imports next to nothing: until the handler is in place, Ctrl-C is a traceback.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as type checkers read it; `typing` takes milliseconds to import
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = b"deepcoder: interrupted\n"
EXIT_INTERRUPTED = 130


def _end(*_: object) -> NoReturn:
    """End at once: half-imported modules can neither report nor clean up anything."""
    try:
        os.write(2, INTERRUPTED)
    finally:
        os._exit(EXIT_INTERRUPTED)


try:
    import signal
except KeyboardInterrupt:
    _end()


def main() -> NoReturn:
    """Import the command line and run it.

    Not covered: Ctrl-C while Python and its launcher script start, before this module is loaded.
    """
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not nohup's or `&`'s
    if heeded:
        signal.signal(signal.SIGINT, _end)
    from deepcoder_cli.main import main as command_line

    try:
        if heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command_line()
    except KeyboardInterrupt:
        _end()
