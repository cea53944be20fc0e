"""Every error this product raises on purpose.

Each has a stable `code` (for --json and the docs) and an `exit_code`. The message reads
``what failed: value (limit or what is allowed). Do X.`` and `main` prints it as one line::

    DeepcoderError            internal            70
    +-- InputError            bad-input            2   a file, flag or problem that cannot be used
    +-- SandboxUnavailable    no-sandbox           4   no way to run a program safely here
    |   +-- ToolchainMissing  no-toolchain         4   no compiler or interpreter for a language
    +-- ModelError            bad-model            5   a model that is missing or cannot be loaded
    |   +-- EngineCrashed     engine-crashed       5   the engine process died; the caller lives
    |   +-- EndpointError     bad-endpoint         9   a server that cannot be used as asked
    |       +-- EndpointUnavailable  endpoint-unavailable  9   not reached, busy, stalled or gone
    +-- OutputError           cannot-write         6   a result that could not be written
    +-- TerminalError         bad-terminal         7   no terminal, or one too small
    +-- SessionError          bad-session          8   a saved chat that cannot be opened
    +-- Interrupted           interrupted        130   Ctrl-C

Exit codes that are results, not errors (see docs/exit-codes.md): 0 success, 1 no candidate
passes the examples, 3 there were no examples, so the program written is untested.
"""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_NONE_PASSES = 1
EXIT_UNTESTED = 3


class DeepcoderError(Exception):
    """Base of every deliberate error; carries a one-line message for people."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 70


class InputError(DeepcoderError):
    """A file, flag or problem that cannot be used."""

    code = "bad-input"
    exit_code = 2


class SandboxUnavailable(DeepcoderError):  # noqa: N818 - the name says what is the case
    """No sandbox can be had on this machine; the message holds the fix."""

    code = "no-sandbox"
    exit_code = 4


class ToolchainMissing(SandboxUnavailable):
    """No compiler or interpreter for a language; the message says what to install."""

    code = "no-toolchain"


class ModelError(DeepcoderError):
    """A model that is missing, broken or does not fit."""

    code = "bad-model"
    exit_code = 5


class EngineCrashed(ModelError):  # noqa: N818 - the name says what happened
    """The engine process died (out of memory, native crash); the caller is unharmed."""

    code = "engine-crashed"


class EndpointError(ModelError):
    """A server that refuses the key, the model or the request, or answers what nobody can read."""

    code = "bad-endpoint"
    exit_code = 9


class EndpointUnavailable(EndpointError):  # noqa: N818 - the name says what is the case
    """A server that is not reached, busy, stalled or gone: the same request may work later.

    `retry_after_s` is the wait that the server asked for; None where it did not.
    """

    code = "endpoint-unavailable"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutputError(DeepcoderError):
    """A result that could not be written; nothing that existed was touched."""

    code = "cannot-write"
    exit_code = 6


class TerminalError(DeepcoderError):
    """No terminal, or one too small for the screen."""

    code = "bad-terminal"
    exit_code = 7


class SessionError(DeepcoderError):
    """A saved chat session that cannot be found or opened."""

    code = "bad-session"
    exit_code = 8


class Interrupted(DeepcoderError):  # noqa: N818 - the name says what happened
    """The user pressed Ctrl-C."""

    code = "interrupted"
    exit_code = 130
