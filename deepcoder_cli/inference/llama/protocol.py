"""What parent and worker say to each other: one JSON object a line, tagged with its type."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

FailureKind = Literal["input", "model"]


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model; answered by `Loaded` or `LoadFailed`. None: the engine chooses."""

    path: str
    context_tokens: int | None
    threads: int | None


@dataclass(frozen=True, slots=True)
class Generate:
    """Generate one assistant turn; `messages` are (role, content) pairs."""

    id: int
    messages: list[list[str]]
    temperature: float
    top_p: float
    max_tokens: int
    seed: int | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the request, whether it runs or waits; no answer for an unknown one."""

    id: int


@dataclass(frozen=True, slots=True)
class Quit:
    """End the worker at once."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready."""

    context_tokens: int
    description: str


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The model cannot be used; `reason` is llama.cpp's last error line."""

    reason: str


@dataclass(frozen=True, slots=True)
class Started:
    """A request begins; `in_reasoning` when the rendered prompt left `<think>` open."""

    id: int
    in_reasoning: bool


@dataclass(frozen=True, slots=True)
class Prefilled:
    """So much of the prompt is in the KV cache."""

    id: int
    done_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Text:
    """More text; `tokens` were generated so far."""

    id: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The request is over; `seed` is the one it was sampled with."""

    id: int
    finish_reason: Literal["stop", "length", "cancelled"]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    seed: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The request cannot be served; the engine is ready for the next."""

    id: int
    kind: FailureKind
    message: str


Command = Load | Generate | Cancel | Quit
Notice = Loaded | LoadFailed | Started | Prefilled | Text | Finished | Failed

_TYPES: dict[str, type[Command | Notice]] = {
    cls.__name__: cls
    for cls in (
        *(Load, Generate, Cancel, Quit),
        *(Loaded, LoadFailed, Started, Prefilled, Text, Finished, Failed),
    )
}


def encode(message: Command | Notice) -> bytes:
    r"""One line, pure ASCII whatever the text holds.

    >>> encode(Cancel(3))
    b'{"type": "Cancel", "id": 3}\n'
    """
    return json.dumps({"type": type(message).__name__, **asdict(message)}).encode("ascii") + b"\n"


def decode(line: bytes) -> Command | Notice:
    r"""The message of one line.

    >>> decode(b'{"type": "Cancel", "id": 3}\n')
    Cancel(id=3)

    Raises:
        ValueError: not a line of this protocol.
    """
    fields = json.loads(line)
    try:
        return _TYPES[fields.pop("type")](**fields)
    except (AttributeError, KeyError, TypeError) as error:
        msg = f"not a message of the engine protocol: {line[:80]!r}"
        raise ValueError(msg) from error
