"""What a command returns, and the two renderers: one for people, one for --json."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepcoder_cli.errors import OutputError
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepcoder_cli.errors import DeepcoderError

SCHEMA = 1
EXIT_PIPE_CLOSED = 141  # as if ended by SIGPIPE
_RAW_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


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
    """Print `result` to stdout: one JSON object, or the text.

    Raises:
        OutputError: stdout is closed or full.
        SystemExit: whoever read stdout went away; 141, as if ended by SIGPIPE.
    """
    if as_json:
        _write(_json(result.data))
    elif result.text:
        _write(result.text)


def emit_error(error: DeepcoderError, *, as_json: bool) -> None:
    """Print `error` as one line to stderr; with --json also as an object on stdout.

    A message may quote a file: its control characters come out as escapes.
    """
    line = escaped(" ".join(str(error).split()))
    if sys.stderr is not None:
        sys.stderr.write(f"deepcoder: {line}\n")
    if as_json:
        with suppress(OutputError, SystemExit):  # the line on stderr has told it all
            _write(_json({"error": {"code": error.code, "message": line}}))


def _json(data: Mapping[str, object]) -> str:
    """One JSON object on one line; `json` is imported here to keep --help light.

    Characters a terminal might obey, and lone surrogates, are written as JSON's escapes.
    """
    import json

    text = json.dumps({"schema": SCHEMA, **data}, ensure_ascii=False)
    return _RAW_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _write(text: str) -> None:
    """Write a whole line; a character the terminal cannot encode is replaced, never fatal."""
    if sys.stdout is None:
        raise OutputError("the result cannot be printed: stdout is closed. Open it.")
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        raise SystemExit(EXIT_PIPE_CLOSED) from None
    except OSError as error:
        _discard_stdout()
        msg = f"the result cannot be printed: stdout ({error.strerror}). Send it elsewhere."
        raise OutputError(msg) from error


def _discard_stdout() -> None:
    """What is buffered goes nowhere, so that the interpreter's own flush at exit succeeds."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
