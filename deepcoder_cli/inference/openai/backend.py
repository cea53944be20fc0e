"""An OpenAI Chat Completions server as a `Backend`.

Streams may run at the same time; each has a connection of its own, and closing one closes its
connection, which is how servers learn of a cancel. A request is sent again only before its first
event: what a reader has seen is never taken back.
"""

from __future__ import annotations

import contextlib
import re
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import EndpointError, InputError
from deepcoder_cli.inference.openai.attempt import Refused, attempt
from deepcoder_cli.inference.openai.context import read_refusal
from deepcoder_cli.inference.openai.failures import from_refusal
from deepcoder_cli.inference.openai.key import ApiKey
from deepcoder_cli.inference.openai.request import Dialect
from deepcoder_cli.inference.openai.retry import retrying
from deepcoder_cli.inference.openai.server import Server
from deepcoder_cli.inference.openai.think import Splitter, ThinkGuess

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from deepcoder_cli.inference.backend import Event
    from deepcoder_cli.inference.openai.context import ContextRefusal
    from deepcoder_cli.inference.openai.failures import Refusal
    from deepcoder_cli.inference.openai.server import ServedModel
    from deepcoder_cli.types import EndpointRef, Message, SamplingParams

MAX_LISTED = 10
MAX_FORMS = 6
"""How many forms of one request are tried: each names a field less, or a smaller budget."""


_NO_SUCH_MODEL = re.compile(
    r"model_not_found|model\b[^.]{0,200}(?:not found|not exist|unknown)", re.IGNORECASE
)


class EndpointBackend:
    """One model of one server. Make it with `open` (or `start` and `aclose`)."""

    def __init__(self, server: Server, model: str, context_tokens: int) -> None:
        self._server = server
        self._model = model
        self._context_tokens = context_tokens
        self._dialect = Dialect()
        self._guess = ThinkGuess(server.ref.opens_think, model)
        self._is_closed = False

    @classmethod
    async def start(cls, ref: EndpointRef) -> EndpointBackend:
        """Ask the server for its models, and choose one where `ref` names none.

        Raises:
            EndpointUnavailable: it is not there, or busy for longer than the retries last.
            EndpointError: it wants a key, or serves several models and `ref` names none.
        """
        server = Server(ref, ApiKey.of(ref))
        try:
            again = retrying(ref.retries, unreached_too=False)
            listed: list[ServedModel] | None = await again(server.models)
            model = ref.model or _only_model(ref, listed)
            told = next((m.context_tokens for m in listed or () if m.id == model), None)
            return cls(server, model, ref.context_tokens or told or 0)
        except BaseException:
            await server.aclose()
            raise

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, ref: EndpointRef) -> AsyncIterator[EndpointBackend]:
        """`start`, with `aclose` at the end of the `async with` block."""
        backend = await cls.start(ref)
        try:
            yield backend
        finally:
            await backend.aclose()

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus completion, in tokens; 0 where the server does not tell."""
        return self._context_tokens

    @property
    def model(self) -> str:
        """The model that is asked, as the server calls it."""
        return self._model

    async def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        """Generate an assistant turn; see `Backend.stream`.

        `Done.seed` is None where the server takes none.

        Raises:
            InputError: the prompt does not fit the model's context.
            EndpointUnavailable: not reached, busy, stalled or gone, after all retries.
            EndpointError: the server refuses the request, or answers what cannot be read.
        """
        again = retrying(self._server.ref.retries, unreached_too=True)
        begun: _Begun = await again(self._begin, messages, params)
        async with aclosing(begun.events) as events:
            yield begun.first
            async for event in events:
                yield event

    async def aclose(self) -> None:
        """Close every connection; streams still open end with EndpointUnavailable."""
        self._is_closed = True
        await self._server.aclose()

    async def _begin(self, messages: Sequence[Message], params: SamplingParams) -> _Begun:
        """Send the request in whatever form the server takes it, up to the first event."""
        max_tokens: int | None = params.max_tokens
        for _ in range(MAX_FORMS):
            if self._is_closed:
                raise EndpointError("endpoint was closed. Open it again.")
            further = self._server.ref.body
            body = self._dialect.body(self._model, messages, params, max_tokens, further)
            seed = params.seed if self._dialect.takes_seed else None
            events = attempt(self._server, body, Splitter(self._guess), seed)
            try:
                return _Begun(await anext(events), events)
            except Refused as refused:
                refusal = refused.refusal
                max_tokens, adapted = self._smaller(refusal, max_tokens)
                if not adapted and not self._takes_other_form(refusal, body):
                    raise await self._final(refusal) from None
            except BaseException:
                await events.aclose()
                raise
        raise await self._final(refusal)

    def _smaller(self, refusal: Refusal, max_tokens: int | None) -> tuple[int | None, bool]:
        """A budget that fits the context, and whether it is another than `max_tokens`.

        Where the server does not tell how long the prompt is, the budget is left to it.

        Raises:
            InputError: the prompt alone does not fit.
        """
        found = read_refusal(refusal.body) if refusal.status != 429 else None
        if found is None:
            return max_tokens, False
        room = found.room_tokens
        if room is not None and room > 0 and (max_tokens is None or room < max_tokens):
            return room, True
        if room is None and found.limit_tokens is not None and max_tokens is not None:
            return None, True
        raise InputError(_too_long(found, refusal.message))

    def _takes_other_form(self, refusal: Refusal, body: dict[str, object]) -> bool:
        return refusal.status in {400, 422} and self._dialect.adapt(refusal.message, body)

    async def _final(self, refusal: Refusal) -> EndpointError:
        """The error for a refusal; one that may be for want of the model lists those there are."""
        ref = self._server.ref
        error = from_refusal(ref, refusal, key_sent=self._server.key.is_set)
        if refusal.status != 404 and not _NO_SUCH_MODEL.search(refusal.body):
            return error
        try:
            listed = await self._server.models()
        except EndpointError:
            return error
        if not listed or any(m.id == self._model for m in listed):
            return error
        return EndpointError(
            f"endpoint does not serve {self._model!r}: {ref.url} (it serves {_names(listed)}; "
            f"{refusal.status}: {refusal.message}). Name one of these."
        )


@dataclass(frozen=True, slots=True)
class _Begun:
    """A stream with its first event taken out."""

    first: Event
    events: AsyncGenerator[Event, None]


def _only_model(ref: EndpointRef, listed: list[ServedModel] | None) -> str:
    """The model of a server that has just one.

    Raises:
        EndpointError: it lists none or several.
    """
    if not listed:
        msg = f"endpoint lists no model: {ref.url} (its /models is empty or missing)."
        raise EndpointError(f"{msg} Name one: {ref.url}#MODEL.")
    if len(listed) > 1:
        msg = f"endpoint serves several models: {ref.url} ({_names(listed)})."
        raise EndpointError(f"{msg} Name one: --model '{ref.url}#{listed[0].id}'.")
    return listed[0].id


def _names(listed: list[ServedModel]) -> str:
    more = len(listed) - MAX_LISTED
    shown = ", ".join(model.id for model in listed[:MAX_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown


def _too_long(found: ContextRefusal, words: str) -> str:
    count = found.prompt_tokens or found.least_tokens
    if count is None or found.limit_tokens is None:
        return f"prompt is too long for the model's context ({words}). Shorten it."
    least = "" if found.prompt_tokens else "at least "
    limit = f"the context holds {found.limit_tokens}"
    return f"prompt is too long: {least}{count} tokens ({limit}). Shorten it."
