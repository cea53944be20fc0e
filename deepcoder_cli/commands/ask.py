"""`deepcoder chat -p "…"`: one answer on stdout, reasoning on stderr when asked for."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

from deepcoder_cli.commands.chat import conversation_for
from deepcoder_cli.errors import EXIT_OK, InputError, Interrupted, OutputError
from deepcoder_cli.inference.backend import Answer, Reasoning
from deepcoder_cli.result import CommandResult, emit_error
from deepcoder_cli.tui.display import displayable

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.commands.chat import ChatOptions
    from deepcoder_cli.sessions.conversation import Conversation

MAX_STDIN_BYTES = 1024 * 1024
PIPE_WAIT_S = 1.0
EXIT_NO_ANSWER = 1
EXIT_PIPE_CLOSED = 141


def ask_command(
    prompt: str, options: ChatOptions, *, show_reasoning: bool = False, as_json: bool = False
) -> CommandResult:
    """Answer `prompt` (`-`: stdin; what is piped in is appended to any other) and end.

    An answer cut at the token limit, or at the end of the context, is told so on stderr.
    After Ctrl-C what had come is printed and saved; the exit code is that of `Interrupted`.

    Raises:
        InputError: an empty, binary or too long prompt.
        OutputError: stdout is closed or full; the answer so far is saved.
    """
    if sys.stdout is None:
        raise OutputError("cannot write the answer: stdout is closed. Open it.")
    text = full_prompt(prompt)
    conversation = conversation_for(options)
    try:
        asyncio.run(_ask(conversation, text, show_reasoning=show_reasoning, quiet=as_json))
    except KeyboardInterrupt:
        return _interrupted(conversation)
    except BrokenPipeError:
        _silence_stdout()
        return CommandResult(EXIT_PIPE_CLOSED)
    except OSError as error:
        _silence_stdout()
        msg = f"cannot write the answer: stdout ({error.strerror}). Send it elsewhere."
        raise OutputError(msg) from error
    exit_code = _told_if_cut(conversation, show_reasoning=show_reasoning)
    return CommandResult(exit_code, data=_as_data(conversation))


def _told_if_cut(conversation: Conversation, *, show_reasoning: bool) -> int:
    """Say on stderr that the answer was cut; the exit code is 1 when none had begun."""
    message = conversation.messages[-1]
    if message.ending != "length":
        return EXIT_OK
    if show_reasoning and message.reasoning and not message.reasoning.endswith("\n"):
        sys.stderr.write("\n")
    tokens = message.usage.completion_tokens
    if tokens >= conversation.params.max_tokens:
        where, remedy = "token limit", "Raise --max-tokens"
    else:
        where, remedy = "end of the model's context", "Shorten the prompt"
    none_yet = not message.content.strip()
    how_far = "no answer yet" if none_yet else "the answer is incomplete"
    look = ", or look at the reasoning: --show-reasoning" if none_yet and not show_reasoning else ""
    count = f"{tokens} token{'s' * (tokens != 1)}"
    sys.stderr.write(f"deepcoder: cut at the {where} ({count}): {how_far}. {remedy}{look}.\n")
    return EXIT_NO_ANSWER if none_yet else EXIT_OK


def _interrupted(conversation: Conversation) -> CommandResult:
    """What had come, told to be cut on stderr and in the JSON."""
    error = Interrupted("interrupted: the answer is cut. What had come is printed and saved.")
    emit_error(error, as_json=False)
    told = {"error": {"code": error.code, "message": str(error)}}
    came = _as_data(conversation) if conversation.messages else {}
    return CommandResult(error.exit_code, data={**came, **told})


def full_prompt(prompt: str) -> str:
    """The prompt with what is piped in.

    Raises:
        InputError: it is empty, binary, not UTF-8 or over 1 MiB.
    """
    parts = [] if prompt == "-" else [prompt]
    if prompt == "-" or _holds_text():
        parts.append(_read_stdin())
    text = "\n\n".join(part for part in parts if part.strip())
    if not text:
        raise InputError("prompt is empty: nothing to answer. Give a text, or `-` and stdin.")
    return text


def _holds_text() -> bool:
    """Whether stdin is a file, or a pipe that something was written to.

    Cron jobs, editors and ssh leave a pipe open that nothing ever comes through: it is left
    alone, since reading it would wait for ever.
    """
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    if not stat.S_ISFIFO(mode):
        return stat.S_ISREG(mode)
    if select.select([sys.stdin], [], [], PIPE_WAIT_S)[0]:
        return True
    sys.stderr.write("deepcoder: note: nothing came through stdin; `-p -` waits for it\n")
    return False


def _read_stdin() -> str:
    data = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    if len(data) > MAX_STDIN_BYTES:
        raise InputError(f"stdin is too long: over {MAX_STDIN_BYTES // 1024} KiB. Send less.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("stdin is not UTF-8 text. Save it as UTF-8.") from error
    if "\0" in text:
        raise InputError("stdin is binary: it holds NUL bytes. Give it text.")
    return text


async def _ask(conversation: Conversation, text: str, *, show_reasoning: bool, quiet: bool) -> None:
    writers = _writers(show_reasoning=show_reasoning, quiet=quiet)
    try:
        async with aclosing(conversation.send(text)) as events:
            async for event in events:
                if isinstance(event, Reasoning | Answer):
                    writers[type(event)](event.text)
        if conversation.messages[-1].content:
            writers[Answer]("\n")
    finally:
        await conversation.aclose()
        if conversation.unsaved is not None:
            sys.stderr.write(f"deepcoder: {conversation.unsaved}\n")


def _writers(*, show_reasoning: bool, quiet: bool) -> dict[type, Callable[[str], None]]:
    """Where the two kinds of text go."""

    def discard(_: str) -> None:
        return

    def to_stdout(text: str) -> None:
        # A terminal is shown nothing that could drive it; a pipe gets the text as it came.
        encoding = sys.stdout.encoding or "utf-8"
        safe = displayable(text) if sys.stdout.isatty() else text
        sys.stdout.write(safe.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()

    def to_stderr(text: str) -> None:
        sys.stderr.write(displayable(text) if sys.stderr.isatty() else text)
        sys.stderr.flush()

    return {
        Answer: discard if quiet else to_stdout,
        Reasoning: to_stderr if show_reasoning else discard,
    }


def _silence_stdout() -> None:
    """The reader has gone: let nothing complain of it when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_data(conversation: Conversation) -> dict[str, object]:
    message = conversation.messages[-1]
    return {
        "model": conversation.model.name,
        "session": conversation.session.id if conversation.session else None,
        "answer": message.content,
        "reasoning": message.reasoning,
        "finish_reason": message.ending,
        "usage": {
            "prompt_tokens": message.usage.prompt_tokens,
            "completion_tokens": message.usage.completion_tokens,
            "cached_tokens": message.usage.cached_tokens,
        },
    }
