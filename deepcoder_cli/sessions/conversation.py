"""One conversation with a model: its history, its engine, and saving it as it happens.

The chat's screen and `chat -p` both drive this; it knows neither. The engine is opened when it
is first needed, dropped when it fails, and opened anew by the next message.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli import prompts
from deepcoder_cli.errors import DeepcoderError, InputError, ModelError, SessionError
from deepcoder_cli.inference.backend import Answer, Done, Reasoning
from deepcoder_cli.problems.markdown import read_problem
from deepcoder_cli.problems.restate import restate
from deepcoder_cli.sessions.journal import Journal, Turn
from deepcoder_cli.sessions.records import StoredMessage
from deepcoder_cli.types import EndpointRef, Message, Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from deepcoder_cli.inference.backend import Backend, Event
    from deepcoder_cli.sessions.records import Ending, Session
    from deepcoder_cli.sessions.store import SessionStore
    from deepcoder_cli.types import AnyModelRef, SamplingParams

SAVE_INTERVAL_S = 0.5
"""How much of a streaming answer a killed process may lose, in seconds."""


class Engine:
    """Opens a backend when it is needed, and again after it was dropped."""

    def __init__(self, open_backend: Callable[[], AbstractAsyncContextManager[Backend]]) -> None:
        self._open_backend = open_backend
        self._opened = AsyncExitStack()
        self._backend: Backend | None = None
        self._opening = asyncio.Lock()

    async def get(self) -> Backend:
        """The open backend.

        Raises:
            ModelError: it cannot be opened.
        """
        async with self._opening:
            if self._backend is None:
                self._backend = await self._opened.enter_async_context(self._open_backend())
            return self._backend

    async def drop(self) -> None:
        """Close the backend, whatever state it is in."""
        self._backend = None
        with suppress(DeepcoderError, OSError):
            await self._opened.aclose()


class Draft:
    """An answer on its way into its turn."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._record = turn.record
        self._started = time.monotonic()
        self._reasoning: list[str] = []
        self._answer: list[str] = []
        self._dirty = False

    def take(self, event: Event) -> None:
        """Add what `event` brings."""
        match event:
            case Reasoning(text=text, tokens=tokens):
                self._reasoning.append(text)
                elapsed = time.monotonic() - self._started
                self._record = replace(self._record, reasoning_s=elapsed, reasoning_tokens=tokens)
            case Answer(text=text):
                self._answer.append(text)
            case Done(finish_reason=reason, usage=usage):
                self._record = replace(self._record, ending=reason, usage=usage)
        self._dirty = True

    def publish(self) -> None:
        """Put what has come into the turn."""
        if self._dirty:
            self._dirty = False
            content, reasoning = "".join(self._answer), "".join(self._reasoning)
            self._turn.record = replace(
                self._record, content=content, reasoning=reasoning, ending=None
            )

    def end(self, ending: Ending) -> None:
        """Put the whole into the turn; `ending` holds where the engine did not say how it ended."""
        self.publish()
        self._turn.record = replace(self._turn.record, ending=self._record.ending or ending)


class Conversation:
    """The turns so far, and how to get the next one.

    Attributes:
        unsaved: why the store lacks something, to be shown; None when it lacks nothing that it
            was asked to save.
    """

    def __init__(
        self,
        model: AnyModelRef,
        engine: Engine,
        params: SamplingParams,
        store: SessionStore | None = None,
        session: Session | None = None,
    ) -> None:
        self.model = model
        self.engine = engine
        self.params = params
        self.store = store
        self.unsaved: str | None = None
        self._turns: list[Turn] = []
        self._journals: list[Journal] = []  # the last is this session's; others are still behind
        self._draft: Draft | None = None
        if store is not None and session is not None:
            self._open(session, store.messages(session.id))
        else:
            self._open(None, ())

    @property
    def session(self) -> Session | None:
        """The saved session; None before its first message is saved, or without a store."""
        return self._journals[-1].session if self._journals else None

    @property
    def messages(self) -> list[StoredMessage]:
        """The turns so far; the last is an answer in progress while one is."""
        return [turn.record for turn in self._turns]

    def start_anew(self) -> None:
        """Begin a new session; the old one stays saved."""
        self._open(None, ())

    async def resume(self, session: Session) -> None:
        """Go on with a saved session.

        Raises:
            SessionError: it cannot be read, or nothing is saved here.
        """
        if self.store is None:
            msg = "cannot open a session: this chat was started with --no-save. Start it without."
            raise SessionError(msg)
        self._open(session, await asyncio.to_thread(self.store.messages, session.id))

    def keep(self, text: str) -> None:
        """Take the user's message and begin its answer; saving them starts at once.

        From here on the message is in the history and on its way to the disk in a thread that
        nothing cancels, whether `answer` is ever run or not.
        """
        now = time.time()
        self._add(StoredMessage(0, "user", text, now))
        self._draft = Draft(self._add(StoredMessage(0, "assistant", "", now)))
        asyncio.get_running_loop().run_in_executor(None, self._write)

    async def answer(self) -> AsyncGenerator[Event, None]:
        """Stream the answer to the message kept last; it is saved as it comes.

        Close the generator to stop: what has come is kept and saved as cancelled.

        Raises:
            ModelError: the engine cannot be opened, or failed; the next call opens it anew.
            InputError: the conversation does not fit the model's context.
        """
        draft = self._draft
        assert draft is not None  # noqa: S101 - `keep` comes first
        turns = turns_for(self.model, self.messages)
        saver = asyncio.create_task(self._save_regularly(draft))
        ending: Ending = "cancelled"
        try:
            await self.save()  # the message is on the disk before the model sees it
            backend = await self.engine.get()
            async with aclosing(backend.stream(turns, self.params)) as events:
                async for event in events:
                    draft.take(event)
                    yield event
        except InputError:
            ending = "refused"
            raise
        except Exception as error:
            ending = "error"
            if isinstance(error, ModelError):
                await self.engine.drop()
            raise
        finally:
            saver.cancel()
            if self._draft is draft:
                self.end_answer(ending)
            await self.save()

    def end_answer(self, ending: Ending = "cancelled") -> None:
        """End the answer in progress, if there is one; `save` or `aclose` writes it."""
        if self._draft is not None:
            self._draft.end(ending)
            self._draft = None

    async def send(self, text: str) -> AsyncGenerator[Event, None]:
        """`keep`, then `answer`."""
        self.keep(text)
        async with aclosing(self.answer()) as events:
            async for event in events:
                yield event

    async def save(self) -> None:
        """Write what the store lacks, in a thread; `unsaved` says why something still is."""
        if self.is_behind:
            await asyncio.to_thread(self._write)

    @property
    def is_behind(self) -> bool:
        """Whether something waits to be saved."""
        return any(journal.is_behind for journal in self._journals)

    def example_input(self, answer: StoredMessage | None = None) -> str:
        """The first example's input in the last message before `answer` that shows one, or ""."""
        messages = self.messages
        if answer in messages:
            messages = messages[: messages.index(answer)]
        questions = (m.content for m in reversed(messages) if m.role == "user")
        problems = map(_as_problem, questions)
        shown = (p.examples[0].input for p in problems if p.examples and p.function is None)
        return next(shown, "")

    async def aclose(self) -> None:
        """End the answer in progress, write what is not saved, release engine and store."""
        self.end_answer()
        await self.save()
        await self.engine.drop()
        if self.store is not None:
            self.store.close()

    def _open(self, session: Session | None, messages: Sequence[StoredMessage]) -> None:
        self.end_answer()
        self._journals = [journal for journal in self._journals if journal.is_behind]
        self._turns = [Turn(message, saved=True) for message in messages]
        if self.store is not None:
            journal = Journal(self.store, _stored_name(self.model), session, self._turns)
            self._journals.append(journal)

    def _add(self, record: StoredMessage) -> Turn:
        turn = Turn(record)
        self._turns.append(turn)
        return turn

    async def _save_regularly(self, draft: Draft) -> None:
        while True:
            await asyncio.sleep(SAVE_INTERVAL_S)
            draft.publish()
            await self.save()

    def _write(self) -> None:
        """A chat goes on when its disk is full or locked: the reason is kept, to be shown."""
        try:
            for journal in list(self._journals):
                journal.flush()
        except SessionError as error:
            self.unsaved = str(error)
        else:
            self.unsaved = None


def _stored_name(model: AnyModelRef) -> str:
    """A name that finds the model again from any folder."""
    if isinstance(model, EndpointRef) or model.builtin:
        return model.name
    return str(model.path.absolute())


def turns_for(model: AnyModelRef, messages: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """What the model is given: the turns so far, answers without their reasoning.

    A message that was refused (too long for the context) is left out, or it would be refused
    again with every later one.

    The built-in demonstration model knows one form only, a problem on its own; so it gets the
    last user message alone, read as `solve` reads a problem file (a section "Starter code" asks
    for a function) and put into the form it was trained on.
    """
    if model.builtin:
        last = next(m.content for m in reversed(messages) if m.role == "user")
        return prompts.messages(restate(_as_problem(last)))
    answers = [*messages[1:], None]
    return tuple(
        Message(m.role, m.content)
        for m, answer in zip(messages, answers, strict=True)
        if m.content and not (answer is not None and answer.ending == "refused")
    )


def _as_problem(text: str) -> Problem:
    try:
        return read_problem(text, "chat")
    except InputError:  # no problem file, yet a message all the same
        return Problem(id="chat", title="", statement=text)
