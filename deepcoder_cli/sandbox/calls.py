"""Many calls of one function in one run: what is asked of the sandbox, and what came of each call.

The plan goes in by `marshal` (it is ours); what comes out is never given to `marshal`, `pickle` or
`eval`: see `encoded`.
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from deepcoder_cli.sandbox.inside import encoding
from deepcoder_cli.sandbox.runner import FunctionCalls

if TYPE_CHECKING:
    from collections.abc import Sequence


class Came(StrEnum):
    """What came of a call."""

    VALUE = "value"
    TAGGED = "tagged value"
    NOT_DATA = "not data"
    RAISED = "raised"
    TIMED_OUT = "timed out"
    NOT_IMPORTED = "not imported"  # without a name: there is no such function


_KINDS = {
    encoding.VALUE: Came.VALUE,
    encoding.TAGGED: Came.TAGGED,
    encoding.NOT_DATA: Came.NOT_DATA,
    encoding.RAISED: Came.RAISED,
    encoding.TIMED_OUT: Came.TIMED_OUT,
    encoding.NOT_IMPORTED: Came.NOT_IMPORTED,
}


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Calls that one import of the program serves.

    Attributes:
        arguments: a list for each call: plain values, tuples, sets and complex numbers included.
        limits_s: CPU seconds of each call.
        import_s: CPU seconds of the import.
    """

    arguments: Sequence[Sequence[Any]]
    limits_s: Sequence[float]
    import_s: float


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What the program's process says of one call.

    Attributes:
        came: what came of it.
        seconds: the wall time it took.
        body: a value as bytes, or the name of the exception's or the value's type.
    """

    came: Came
    seconds: float
    body: bytes

    @property
    def name(self) -> str:
        """The name in the body, for people."""
        return self.body[: encoding.MAX_NAME_CHARS].decode("utf-8", "replace")


def function_calls(
    name: str, groups: Sequence[CallGroup], *, iterate: bool = False
) -> FunctionCalls:
    """What to ask of the sandbox; the same for every program.

    Args:
        name: of the function.
        groups: the program is imported anew for each.
        iterate: whether a result of any iterable type counts as its elements.

    Raises:
        ValueError: an argument is no plain value.
    """
    planned = [
        (
            group.import_s,
            [
                (limit_s, marshal.dumps(tuple(arguments), encoding.FORMAT))
                for limit_s, arguments in zip(group.limits_s, group.arguments, strict=True)
            ],
        )
        for group in groups
    ]
    return FunctionCalls(name, marshal.dumps((name, iterate, planned), encoding.FORMAT))


def call_records(data: bytes, groups: int) -> list[list[CallRecord]]:
    """The records of each group, as far as they go; what follows a malformed one is not read.

    >>> call_records(b"nonsense", 2)
    [[], []]
    """
    found: list[list[CallRecord]] = []
    at = 0
    while len(data) - at >= encoding.RECORD.size:
        kind, seconds, size = encoding.RECORD.unpack_from(data, at)
        at += encoding.RECORD.size
        if kind == encoding.GROUP:
            found.append([])
            continue
        if kind not in _KINDS or size > len(data) - at or not found:
            break
        found[-1].append(CallRecord(_KINDS[kind], seconds, data[at : at + size]))
        at += size
    return (found + [[] for _ in range(groups)])[:groups]
