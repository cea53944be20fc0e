"""One conversation with a model: its history, its engine, and saving it as it happens.

The chat's screen and `chat -p` both drive this; it knows neither. The engine is opened when it
is first needed, dropped when it fails, and opened anew by the next message.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from deepcoder_cli import prompts
from deepcoder_cli.errors import DeepcoderError, InputError, ModelError, SessionError
from deepcoder_cli.inference.backend import Answer, Done, Reasoning
from deepcoder_cli.problems.markdown import read_problem
from deepcoder_cli.sessions.records import StoredMessage
from deepcoder_cli.types import Message, Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from deepcoder_cli.inference.backend import Backend, Event
    from deepcoder_cli.sessions.records import Ending, Session
    from deepcoder_cli.sessions.store import SessionStore
    from deepcoder_cli.types import ModelRef, SamplingParams

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
    """An answer on its way."""

    def __init__(self, record: StoredMessage) -> None:
        self._record = record
        self._started = time.monotonic()
        self._reasoning: list[str] = []
        self._answer: list[str] = []
        self.dirty = False

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
        self.dirty = True

    def record(self, ending: Ending | None = None) -> StoredMessage:
        """The answer so far; `ending` holds where the engine did not say how it ended."""
        return replace(
            self._record,
            content="".join(self._answer),
            reasoning="".join(self._reasoning),
            ending=self._record.ending or ending,
        )


class Conversation:
    """The turns so far, and how to get the next one."""

    def __init__(
        self,
        model: ModelRef,
        engine: Engine,
        params: SamplingParams,
        store: SessionStore | None = None,
        session: Session | None = None,
    ) -> None:
        self.model = model
        self.engine = engine
        self.params = params
        self.store = store
        self.session = session
        self.messages: list[StoredMessage] = []
        self.unsaved: str | None = None
        if store is not None and session is not None:
            self.messages = list(store.messages(session.id))

    def start_anew(self) -> None:
        """Begin a new session; the old one stays saved."""
        self.session, self.messages = None, []

    def resume(self, session: Session) -> None:
        """Go on with a saved session.

        Raises:
            SessionError: it cannot be read, or nothing is saved here.
        """
        if self.store is None:
            msg = "cannot open a session: this chat was started with --no-save. Start it without."
            raise SessionError(msg)
        self.messages = list(self.store.messages(session.id))
        self.session = session

    async def send(self, text: str) -> AsyncGenerator[Event, None]:
        """Save the user's message, then stream the answer, saved as it comes.

        Close the generator to stop: what has come is kept and saved as cancelled.

        Raises:
            ModelError: the engine cannot be opened, or failed; the next call opens it anew.
            InputError: the conversation does not fit the model's context.
        """
        self._keep_user_message(text)
        turns = turns_for(self.model, self.messages)
        draft = Draft(self._keep(StoredMessage(0, "assistant", "", time.time())))
        saver = asyncio.create_task(self._save_regularly(draft))
        ending: Ending = "cancelled"
        try:
            backend = await self.engine.get()
            async with aclosing(backend.stream(turns, self.params)) as events:
                async for event in events:
                    draft.take(event)
                    yield event
        except Exception as error:
            ending = "error"
            if isinstance(error, ModelError):
                await self.engine.drop()
            raise
        finally:
            saver.cancel()
            self._end(draft.record(ending))

    def example_input(self) -> str:
        """The first example's input in the last message that shows one; empty without any."""
        questions = (m.content for m in reversed(self.messages) if m.role == "user")
        problems = map(_as_problem, questions)
        shown = (p.examples[0].input for p in problems if p.examples and p.function is None)
        return next(shown, "")

    async def aclose(self) -> None:
        """Release the engine and the store."""
        await self.engine.drop()
        if self.store is not None:
            self.store.close()

    def _keep_user_message(self, text: str) -> None:
        if self.store is not None and self.session is None:
            with self._saving():
                self.session, message = self.store.begin(self.model.name, text)
                self.messages.append(message)
                return
        self.messages.append(self._keep(StoredMessage(0, "user", text, time.time())))

    def _keep(self, message: StoredMessage) -> StoredMessage:
        """The message as saved; as it is where nothing is saved."""
        if self.store is not None and self.session is not None:
            with self._saving():
                return self.store.append(self.session.id, message)
        return message

    async def _save_regularly(self, draft: Draft) -> None:
        while True:
            await asyncio.sleep(SAVE_INTERVAL_S)
            if draft.dirty:
                draft.dirty = False
                await asyncio.to_thread(self._save, draft.record())

    def _end(self, message: StoredMessage) -> None:
        self.messages.append(message)
        self._save(message)

    def _save(self, message: StoredMessage) -> None:
        if self.store is not None and message.id:
            with self._saving():
                self.store.update(message)

    @contextmanager
    def _saving(self) -> Iterator[None]:
        """A chat goes on when its disk is full: the reason is kept in `unsaved`, to be shown."""
        try:
            yield
        except SessionError as error:
            self.unsaved = str(error)


def turns_for(model: ModelRef, messages: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """What the model is given: the turns so far, answers without their reasoning.

    The built-in demonstration model knows one form only, a problem on its own; so it gets the
    last user message alone, read as `solve` reads a problem file (a section "Starter code" asks
    for a function) and put into the form it was trained on.
    """
    if model.builtin:
        last = next(m.content for m in reversed(messages) if m.role == "user")
        return prompts.messages(_as_problem(last))
    return tuple(Message(m.role, m.content) for m in messages if m.content)


def _as_problem(text: str) -> Problem:
    try:
        return read_problem(text, "chat")
    except InputError:  # no problem file, yet a message all the same
        return Problem(id="chat", title="", statement=text)
