"""`deepcoder chat`: the screen; and its list of sessions. `-p` is in `ask`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from deepcoder_cli import paths
from deepcoder_cli.config import load_settings
from deepcoder_cli.crash import internal_error
from deepcoder_cli.errors import InputError, ModelError, SessionError, TerminalError
from deepcoder_cli.inference.open import open_backend
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.result import CommandResult
from deepcoder_cli.sessions.conversation import Conversation, Engine
from deepcoder_cli.sessions.records import line_of
from deepcoder_cli.sessions.store import SessionStore
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.runner import LiveRunner
    from deepcoder_cli.sessions.records import Session
    from deepcoder_cli.types import AnyModelRef


CARD_SAMPLING = SamplingParams()


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """The flags of `deepcoder chat` that shape the conversation."""

    model: str | None = None
    resume: bool = False
    session: str | None = None
    save: bool = True
    params: SamplingParams = CARD_SAMPLING
    unsafe: bool = False


def chat_options(
    *,
    resume: bool,
    session: str | None,
    save: bool,
    unsafe: bool = False,
    **flags: str | float | None,
) -> ChatOptions:
    """The flags over the settings (docs/solve.md lists where those come from).

    Raises:
        InputError: a flag or setting that cannot be used.
    """
    settings = load_settings(environment=None, **flags)
    params = SamplingParams(
        settings.temperature, settings.top_p, settings.max_tokens, settings.seed
    )
    return ChatOptions(settings.model, resume, session, save, params, unsafe)


def chat_command(options: ChatOptions) -> CommandResult:
    """Run the chat's screen until the user quits.

    Raises:
        TerminalError: no terminal, or one too small.
        ModelError: no such model.
        SessionError: the saved sessions cannot be used, there is none to resume, or the last of
            this one could not be saved.
    """
    check_terminal()
    runner = _runner_factory(unsafe=options.unsafe)
    conversation = conversation_for(options)
    return_code = asyncio.run(_screen(conversation, runner))
    if conversation.unsaved is not None:
        raise SessionError(f"the end of this chat is lost: {conversation.unsaved}")
    gone = return_code == 128 + signal.SIGHUP  # nobody is there to read a farewell
    return CommandResult(return_code, "" if gone else _farewell(conversation))


def list_command() -> CommandResult:
    """The saved sessions, the last used first."""
    path = paths.sessions_db()
    if not path.exists():
        return CommandResult(0, "No session is saved yet.", {"sessions": []})
    with SessionStore(path) as store:
        sessions = store.sessions()
    text = "\n".join(map(line_of, sessions)) or "No session is saved yet."
    return CommandResult(0, text, {"sessions": [_as_data(session) for session in sessions]})


def conversation_for(options: ChatOptions) -> Conversation:
    """The new or resumed conversation that the flags ask for; no engine is started yet."""
    resumes = options.resume or options.session is not None
    if resumes and not options.save:
        raise InputError("cannot resume: --no-save opens no saved sessions. Leave one out.")
    store = SessionStore(paths.sessions_db()) if options.save else None
    session = _session_of(store, options) if store is not None else None
    model = _model_for(options, session)
    engine = Engine(partial(open_backend, model))
    return Conversation(model, engine, options.params, store, session)


def check_terminal() -> None:
    """Refuse what the screen cannot be drawn on.

    Raises:
        TerminalError: not a terminal, a dumb one, or one under the smallest size.
    """
    from deepcoder_cli.tui.size import MIN_COLUMNS, MIN_ROWS

    streams = (sys.stdin, sys.stdout, sys.stderr)  # the screen is drawn on stderr
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise TerminalError(
            'chat needs a terminal: stdin, stdout or stderr is none. Use `deepcoder chat -p "…"`.'
        )
    if os.environ.get("TERM") in {"dumb", ""}:
        raise TerminalError('chat needs a full terminal: TERM=dumb. Use `deepcoder chat -p "…"`.')
    size = os.get_terminal_size(sys.stdout.fileno())
    unknown = size.columns == 0 or size.lines == 0
    if not unknown and (size.columns < MIN_COLUMNS or size.lines < MIN_ROWS):
        raise TerminalError(
            f"terminal is too small: {size.columns}x{size.lines} "
            f"(at least {MIN_COLUMNS}x{MIN_ROWS}). Enlarge it."
        )


def _session_of(store: SessionStore, options: ChatOptions) -> Session | None:
    if options.session is not None:
        return store.find(options.session)
    return store.last() if options.resume else None


def _model_for(options: ChatOptions, session: Session | None) -> AnyModelRef:
    """The model of the flag or setting, else the one that the session was begun with."""
    if options.model is not None or session is None:
        return resolve(options.model)
    try:
        return resolve(session.model)
    except ModelError as error:
        msg = f"the session's {error} --model names another for it."
        raise ModelError(msg) from error


def _runner_factory(*, unsafe: bool) -> Callable[[], LiveRunner]:
    """What finds the sandbox when the first program is to be run; without one only if asked."""
    from deepcoder_cli.sandbox.probe import default_runner
    from deepcoder_cli.sandbox.unsafe import unsafe_runner

    if not unsafe:
        return default_runner
    runner = unsafe_runner()
    return lambda: runner


async def _screen(conversation: Conversation, runner: Callable[[], LiveRunner]) -> int:
    """Run the screen to its end; 0, or 128 + n when signal n ended it.

    Raises:
        DeepcoderError: the screen broke; the conversation is saved all the same.
    """
    from deepcoder_cli.tui.app import ChatApp

    app = ChatApp(conversation, runner)
    try:
        await app.run_async()
    finally:
        await conversation.aclose()
    if app.crash is not None:
        raise internal_error(app.crash)
    return app.return_code or 0


def _farewell(conversation: Conversation) -> str:
    session = conversation.session
    if session is None:
        return ""
    return f"Session saved. Go on with: deepcoder chat --session {session.id}"


def _as_data(session: Session) -> dict[str, object]:
    return {
        "id": session.id,
        "created": session.created,
        "updated": session.updated,
        "model": session.model,
        "title": session.title,
        "messages": session.messages,
    }
