"""The frozen values a saved session is made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from deepcoder_cli.types import Usage
from deepcoder_cli.visible import visible

if TYPE_CHECKING:
    from deepcoder_cli.types import Role

Ending = Literal["stop", "length", "cancelled", "error", "refused"]
"""Why an answer ended; `error`: the engine failed; `refused`: the question did not fit. None in a
record: still being written, or the process was killed while it was."""

NO_USAGE = Usage(0, 0)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One saved turn.

    Attributes:
        id: number in the store; 0 before it is saved.
        role: who spoke.
        content: what the user typed, or the model's answer.
        reasoning: the model's reasoning, never sent back to it.
        ending: why the answer ended; None for users and for answers cut by a kill.
        created: seconds since the epoch.
        reasoning_s: seconds spent reasoning.
        reasoning_tokens: tokens of the reasoning.
        usage: tokens of the turn; zeros where the engine did not get to report them.
    """

    id: int
    role: Role
    content: str
    created: float
    reasoning: str = ""
    ending: Ending | None = None
    reasoning_s: float = 0.0
    reasoning_tokens: int = 0
    usage: Usage = NO_USAGE


@dataclass(frozen=True, slots=True)
class Session:
    """A saved conversation, without its messages; times in seconds since the epoch."""

    id: str
    created: float
    updated: float
    model: str
    title: str
    messages: int = 0


def title_of(text: str, width: int = 60) -> str:
    r"""A session's title: the first line of its first message that says something.

    >>> title_of("\n# Sum of two\nGiven a and b")
    'Sum of two'
    """
    lines = (" ".join(line.split()).lstrip("# ") for line in text.splitlines())
    first = next((line for line in lines if line), "untitled")
    return first if len(first) <= width else first[: width - 1] + "…"


def line_of(session: Session) -> str:
    """A session in one line that is safe to show."""
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.updated))
    model = session.model.rsplit("/", 1)[-1]
    line = f"{used}  {session.id}  {session.messages:>3}  {session.title} ({model})"
    return " ".join(visible(line).splitlines())
