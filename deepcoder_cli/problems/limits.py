"""Time and memory limits, from the front matter or from the words of a statement.

The time limit becomes the CPU limit. Contest limits are written for compiled languages too; they
are taken as written, and `--timeout` overrides them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.problems.front_matter import FrontMatter

MAX_TIME_S = 600.0
MAX_MEMORY_MIB = 65536.0
MIN_MEMORY_MIB = 128  # a Python interpreter with its libraries needs about that much room

_NUMBER = r"(?P<number>\d{1,9}(?:\.\d{1,6})?)"
_JAVA_OTHERS = r"(?:\s{0,9}/\s{0,9}\d{1,9}(?:\.\d{1,6})?)?"  # HDU: 2000/1000 MS (Java/Others)
_CLOSE = r"\$?\s{0,9}"  # $2$ seconds
_TIME = r"(?P<unit>milliseconds?|msecs?|ms|minutes?|mins?|seconds?|secs?|s)\b"
_MEMORY = r"(?P<unit>(?:kilo|mega|giga)\s?bytes?|(?:kibi|mebi|gibi)bytes?|[kmg]i?b|[kmg])\b"
_GAP = r"(?:\s+(?:per|for)\s+(?:each\s+)?test(?:\s+case)?)?\W{0,12}"
_AMOUNT = rf"{_GAP}{_NUMBER}{_JAVA_OTHERS}{_CLOSE}"
_TIME_TEXT = re.compile(rf"\btime\s+limit{_AMOUNT}{_TIME}", re.IGNORECASE)
_MEMORY_TEXT = re.compile(rf"\bmemory\s+limit{_AMOUNT}{_MEMORY}", re.IGNORECASE)
_TIME_VALUE = re.compile(rf"{_NUMBER}\s*(?:{_TIME})?", re.IGNORECASE)
_MEMORY_VALUE = re.compile(rf"{_NUMBER}\s*(?:{_MEMORY})?", re.IGNORECASE)


def read_limits(front: FrontMatter, statement: str) -> Limits:
    """The limits of a problem; what is not given keeps its default.

    Raises:
        InputError: a limit in the front matter that is no number, or out of range.
    """
    limits = Limits()
    time_s = _front_time_s(front)
    if time_s is None:
        time_s = _in_range(_seconds(_TIME_TEXT.search(statement)), MAX_TIME_S)
    if time_s is not None:
        limits = replace(limits, cpu_s=time_s)
    memory_mib = _front_memory_mib(front)
    if memory_mib is None:
        memory_mib = _in_range(_mebibytes(_MEMORY_TEXT.search(statement)), MAX_MEMORY_MIB)
    if memory_mib is not None:
        limits = replace(limits, memory_mib=max(MIN_MEMORY_MIB, round(memory_mib)))
    return limits


def names_limit(line: str) -> bool:
    """Whether a line states a time or memory limit.

    >>> names_limit("Time Limit: 2 sec / Memory Limit: 1024 MiB"), names_limit("It takes 2 sec.")
    (True, False)
    """
    return bool(_TIME_TEXT.search(line) or _MEMORY_TEXT.search(line))


def _front_time_s(front: FrontMatter) -> float | None:
    text = front.get("time_limit", "time_limit_s", "timelimit")
    if text is None:
        return None
    value = _in_range(_seconds(_TIME_VALUE.fullmatch(text)), MAX_TIME_S)
    if value is None:
        msg = f"front matter: time_limit: {text} (seconds, above 0 and up to {MAX_TIME_S:.0f})."
        raise InputError(msg)
    return value


def _front_memory_mib(front: FrontMatter) -> float | None:
    text = front.get("memory_limit", "memory_limit_mib", "memorylimit")
    if text is None:
        return None
    value = _in_range(_mebibytes(_MEMORY_VALUE.fullmatch(text)), MAX_MEMORY_MIB)
    if value is None:
        msg = f"front matter: memory_limit: {text} (MiB, above 0 and up to {MAX_MEMORY_MIB:.0f})."
        raise InputError(msg)
    return value


def _seconds(match: re.Match[str] | None) -> float | None:
    if match is None:
        return None
    unit = (match["unit"] or "s").lower()
    number = float(match["number"])
    if unit.startswith(("ms", "milli")):
        return number / 1000
    return number * 60 if unit.startswith("min") else number


def _mebibytes(match: re.Match[str] | None) -> float | None:
    if match is None:
        return None
    unit = (match["unit"] or "m").lower()
    scale = {"k": 1 / 1024, "m": 1.0, "g": 1024.0}[unit[0]]
    return float(match["number"]) * scale


def _in_range(value: float | None, maximum: float) -> float | None:
    return value if value is not None and 0 < value <= maximum else None
