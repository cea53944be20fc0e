"""Calls one function of a program many times, each with arguments and a time limit of its own.

The program is imported once for each group of calls. Arguments are unpacked anew for each call, so
what a call does to them does not reach the next. A record of each call goes to the note descriptor:
the program could write there too, and would only say of itself what it could as well have returned.

A call's limit is CPU time; the second time it is passed (the program caught the first) the process
ends, and where no Python code runs any more, the kernel ends it after a few times as much wall
time. A group ends with the first call that raises, and everything with the first that is too late.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
import time

from .encoding import GROUP, NOT_IMPORTED, RAISED, RECORD, TIMED_OUT, encoded, name_of
from .protocol import NOTE_FD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, NoReturn

AGAIN_S = 0.5  # between a time limit and its second signal
WALL_FACTOR, WALL_EXTRA_S = 3, 2.0
_write, _exit, _loads = os.write, os._exit, marshal.loads
_clock, _setitimer = time.perf_counter, signal.setitimer


class Expired(BaseException):
    """The call has had its time; not for `except Exception` of a program."""


class Alarm:
    """The time limit of the call that is under way."""

    def __init__(self) -> None:
        """Take over SIGPROF; SIGALRM ends the process."""
        self._rings = 0
        signal.signal(signal.SIGPROF, self._ring)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def set(self, limit_s: float) -> None:
        """Ring after `limit_s` seconds of CPU time."""
        self._rings = 0
        _setitimer(signal.ITIMER_REAL, WALL_FACTOR * limit_s + WALL_EXTRA_S)
        _setitimer(signal.ITIMER_PROF, limit_s, AGAIN_S)

    def stop(self) -> None:
        """Ring no more."""
        _setitimer(signal.ITIMER_PROF, 0)
        _setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_: object) -> None:
        self._rings += 1
        if self._rings > 1:
            record(TIMED_OUT)
            _exit(0)
        raise Expired


def record(kind: bytes, seconds: float = 0.0, body: bytes = b"") -> None:
    """Leave a record for the host."""
    rest = memoryview(RECORD.pack(kind, seconds, len(body)) + body)
    while rest:
        rest = rest[_write(NOTE_FD, rest) :]


def make(code: CodeType, path: str, plan: bytes) -> NoReturn:
    """Make the calls of `plan` to the program at `path`, and end this process.

    `plan`, by marshal: the function's name, whether iterables count as their elements, and for each
    group the seconds its import may take and a (seconds, arguments by marshal) for each call.
    """
    name, iterate, groups = _loads(plan)
    alarm = Alarm()
    try:
        for import_s, calls in groups:
            record(GROUP)
            _group(code, path, name, calls, alarm=alarm, import_s=import_s, iterate=iterate)
    except BaseException:  # noqa: BLE001 - a signal between two lines of ours
        record(TIMED_OUT)
    _exit(0)


def _group(
    code: CodeType, path: str, name: str, calls: list[tuple[float, bytes]], *,
    alarm: Alarm, import_s: float, iterate: bool,
) -> None:  # fmt: skip
    """Import the program, and call it until a call fails.

    Raises:
        Expired: a call, or the import, was too late.
    """
    alarm.set(import_s)
    try:
        function = _imported(code, path).get(name)
    except Expired:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the program raises
        alarm.stop()
        return record(NOT_IMPORTED, body=name_of(type(error)).encode("utf-8", "replace"))
    if function is None:
        alarm.stop()
        return record(NOT_IMPORTED)
    for limit_s, blob in calls:
        arguments = _loads(blob)
        alarm.set(limit_s)
        began = _clock()
        try:
            value = function(*arguments)
            seconds = _clock() - began
            kind, body = encoded(value, iterate=iterate)
        except Expired:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the program raises
            alarm.stop()
            body = name_of(type(error)).encode("utf-8", "replace")
            return record(RAISED, _clock() - began, body)
        record(kind, seconds, body)
    alarm.stop()
    return None


def _imported(code: CodeType, path: str) -> dict[str, Any]:
    """The names of the program, imported anew as module `main`; nothing is there beforehand."""
    module = type(sys)("main")
    module.__dict__["__file__"] = path
    sys.modules["main"] = module
    exec(code, module.__dict__)  # noqa: S102 - this process is the sandbox
    return module.__dict__
