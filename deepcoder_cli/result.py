"""What a command returns, and the two renderers: one for people, one for --json."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepcoder_cli.errors import DeepcoderError

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The outcome of a command.

    Attributes:
        exit_code: what the process exits with.
        text: for people, printed to stdout; may be empty when the command has printed already.
        data: for scripts; JSON values only, keys are stable within a schema version.
    """

    exit_code: int
    text: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


def emit(result: CommandResult, *, as_json: bool) -> None:
    """Print `result` to stdout: one JSON object, or the text."""
    if as_json:
        _write(_json(result.data))
    elif result.text:
        _write(result.text)


def emit_error(error: DeepcoderError, *, as_json: bool) -> None:
    """Print `error` as one line to stderr; with --json also as an object on stdout."""
    line = " ".join(str(error).split())
    if as_json:
        _write(_json({"error": {"code": error.code, "message": line}}))
    sys.stderr.write(f"deepcoder: {line}\n")


def _json(data: Mapping[str, object]) -> str:
    """One JSON object on one line; `json` is imported here to keep --help light."""
    import json

    return json.dumps({"schema": SCHEMA, **data}, ensure_ascii=False)


def _write(text: str) -> None:
    """Write a whole line; a character the terminal cannot encode is replaced, never fatal."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()
