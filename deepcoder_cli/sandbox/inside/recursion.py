"""Gives a program all of the recursion limit, as if none of our frames were under it.

A plain script starts with an empty stack; ours starts with some ten frames of the zygote below it.
So the real limit is raised by their number, and `sys` tells and takes the limit without it. What
still differs: `inspect.stack` and `traceback.print_stack` show those frames.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_get, _set = sys.getrecursionlimit, sys.setrecursionlimit
_below = 0
_own = 0  # what running code takes of the limit beside its frames; measured below
TRIAL = """
def deep(n):
    global depth
    depth = n
    deep(n + 1)
try:
    deep(1)
except RecursionError:
    pass
"""


def getrecursionlimit() -> int:
    """Return the current value of the recursion limit."""
    return _get() - _below


def setrecursionlimit(limit: int, /) -> None:
    """Set the maximum depth of the Python interpreter stack to n."""
    _set(limit + _below if isinstance(limit, int) and limit > 0 else limit)


def leave_out(frames: int) -> None:
    """From here on, `frames` of the stack do not count."""
    global _below  # noqa: PLW0603 - one interpreter, one limit
    _below = frames + _own
    _set(_get() + _below)


def frames_below() -> int:
    """How many Python frames are under the caller's, its own included."""
    frame, count = sys._getframe().f_back, 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


def calibrate() -> None:
    """Measure how much earlier than a plain script's our code meets the limit, frames left out.

    To be called by a function, not while a module is imported: that takes of the limit as well.
    """
    global _own  # noqa: PLW0603 - one interpreter, one limit
    seen: dict[str, Any] = {}
    exec(TRIAL, seen)  # noqa: S102 - a constant
    short = _get() - 1 - seen["depth"] - frames_below()
    _own = short if 0 <= short < 10 else 0


sys.getrecursionlimit, sys.setrecursionlimit = getrecursionlimit, setrecursionlimit
