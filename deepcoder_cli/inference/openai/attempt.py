"""One request and its answer, as events; whatever ends it early is an error that says how far."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import EndpointError
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning
from deepcoder_cli.inference.openai.chunks import read_chunk
from deepcoder_cli.inference.openai.failures import dropped, from_refusal, from_transport
from deepcoder_cli.inference.openai.sse import EventTooLongError, SseParser
from deepcoder_cli.types import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    import httpx

    from deepcoder_cli.inference.backend import Event
    from deepcoder_cli.inference.openai.chunks import Chunk
    from deepcoder_cli.inference.openai.failures import Refusal
    from deepcoder_cli.inference.openai.server import Server
    from deepcoder_cli.inference.openai.sse import SseEvent
    from deepcoder_cli.inference.openai.think import Splitter
    from deepcoder_cli.types import FinishReason

AFTER_FINISH_S = 5.0
"""How long usage and end mark are waited for once the server has said why it finished."""

DONE = "[DONE]"
STOPS = {"stop", "eos", "eos_token", "stop_sequence", "stop_token", "end", "end_turn", "complete",
         "completed", "tool_calls", "function_call", "tool_use"}  # fmt: skip
LENGTHS = {"length", "max_tokens", "max_new_tokens", "max_output_tokens", "model_length"}
BROKEN = {"abort", "aborted", "cancelled", "canceled", "cancel", "error", "timeout"}
FILTERS = {"content_filter", "safety", "recitation", "refusal", "blocklist"}


class Refused(Exception):  # noqa: N818 - carries an answer, to be read by the backend
    """The server answered with an error, before any event."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(slots=True)
class Tally:
    """How much of an answer has come."""

    chunks: int = 0
    pieces: int = 0
    chars: int = 0
    finish: str | None = None
    usage: Usage | None = None
    has_begun: bool = False
    ended: bool = False

    def take(self, chunk: Chunk) -> None:
        """Count `chunk`."""
        text = len(chunk.reasoning) + len(chunk.content)
        self.chunks += 1
        self.pieces += text > 0
        self.chars += text
        self.finish = chunk.finish or self.finish
        self.usage = chunk.usage or self.usage

    @property
    def final_usage(self) -> Usage:
        """The server's numbers; where it told none (or zeros), the pieces."""
        if self.usage is not None and (self.usage.completion_tokens or not self.pieces):
            return self.usage
        prompt = self.usage.prompt_tokens if self.usage is not None else 0
        return Usage(prompt, self.pieces, reported=False)

    def __str__(self) -> str:
        if not self.pieces:
            return "nothing had come"
        return f"{self.chars} characters in {self.pieces} pieces had come"


async def attempt(
    server: Server, body: Mapping[str, Any], splitter: Splitter, seed: int | None
) -> AsyncGenerator[Event, None]:
    """Send `body` and give the answer's events, `Done` last.

    Raises:
        Refused: the server refused the request.
        EndpointUnavailable: not reached, stalled, or broken off.
        EndpointError: an answer that cannot be read, or was withheld by a filter.
    """
    import httpx

    tally = Tally()
    try:
        async with server.post(body) as response:
            if response.status_code != 200:
                raise Refused(await server.refusal(response))
            tally.has_begun = True
            async with aclosing(_events(server, response, splitter, tally)) as events:
                async for event in events:
                    yield event
    except (httpx.HTTPError, httpx.StreamError) as error:
        if tally.finish is None:
            transport = error if isinstance(error, httpx.HTTPError) else httpx.ReadError("")
            failure = from_transport(server.ref, transport, str(tally))
            raise await _why_nothing_came(server, body, tally) or failure from error
    except (EventTooLongError, RecursionError) as error:
        msg = f"endpoint sent what is no completion: {server.ref.url} ({error}; {tally})."
        raise EndpointError(msg) from error
    if why := await _why_nothing_came(server, body, tally):
        raise why
    reason = _reason(server, tally)
    for event in splitter.finish(reason, tally.final_usage.completion_tokens):
        yield event
    yield Done(reason, tally.final_usage, seed)


async def _why_nothing_came(
    server: Server, body: Mapping[str, Any], tally: Tally
) -> Refused | None:
    """What a server that ended a stream before its first chunk says when it need not stream.

    llama-cpp-python's server refuses like that: 200, then the end. Asked for one token at once, it
    tells the reason; a server that then answers had another one, which stays unknown.
    """
    import httpx

    if not tally.has_begun or tally.chunks or tally.ended:
        return None
    plain = {key: value for key, value in body.items() if key != "stream_options"}
    try:
        async with server.post({**plain, "stream": False, "max_tokens": 1}) as response:
            return None if response.status_code == 200 else Refused(await server.refusal(response))
    except httpx.HTTPError:
        return None


async def _events(
    server: Server, response: httpx.Response, splitter: Splitter, tally: Tally
) -> AsyncGenerator[Event, None]:
    async with aclosing(_chunks(server, response, tally)) as chunks:
        async for chunk in chunks:
            if chunk.error is not None:
                raise _error_within(server, chunk.error, tally)
            tally.take(chunk)
            for event in _split(chunk, splitter, tally.pieces):
                yield event


def _split(chunk: Chunk, splitter: Splitter, tokens: int) -> Iterator[Prefill | Reasoning | Answer]:
    if chunk.progress is not None:
        yield Prefill(*chunk.progress)
    if chunk.reasoning:
        yield from splitter.reasoning(chunk.reasoning, tokens)
    if chunk.content:
        yield from splitter.content(chunk.content, tokens)


async def _chunks(
    server: Server, response: httpx.Response, tally: Tally
) -> AsyncGenerator[Chunk, None]:
    """The chunks of a stream, or the one of a server that does not stream."""
    if "json" in response.headers.get("content-type", ""):
        text = await server.text(response)
        for chunk in _decoded(server, text, tally, complete=False):
            tally.ended = chunk.error is None
            yield chunk
        return
    async with aclosing(_sse_events(response, tally)) as events:
        async for event in events:
            if event.data.strip() == DONE:
                tally.ended = True
                return
            for chunk in _decoded(server, event.data, tally, complete=event.complete):
                yield chunk


async def _sse_events(response: httpx.Response, tally: Tally) -> AsyncGenerator[SseEvent, None]:
    parser = SseParser()
    pieces = response.aiter_bytes()
    while True:
        try:
            async with asyncio.timeout(AFTER_FINISH_S if tally.finish else None):
                data = await anext(pieces)
        except StopAsyncIteration:
            break
        except TimeoutError:  # it has said why it finished: the rest is not worth a wait
            return
        for event in parser.push(data):
            yield event
    for event in parser.flush():
        yield event


def _decoded(server: Server, data: str, tally: Tally, *, complete: bool) -> Iterator[Chunk]:
    """The chunks in an event's data: one, or one a line where a server forgets the blank lines.

    A text that the end of the stream cut is no chunk: what follows from that is for the caller.
    """
    texts = [data]
    if "\n" in data and not _is_json(data):
        texts = [line for line in data.split("\n") if line.strip() not in {"", DONE}]
        tally.ended = tally.ended or data.rstrip().endswith(DONE)
    for text in texts:
        try:
            yield read_chunk(json.loads(text))
        except ValueError as error:
            if not complete:
                return
            shown = server.read_refusal(200, text).message[:100]
            msg = f"endpoint sent what is no completion: {server.ref.url} ({shown!r}; {tally})."
            raise EndpointError(msg) from error


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _error_within(server: Server, error: dict[str, Any], tally: Tally) -> Exception:
    """An error that came where a chunk was due; before any text it is a refusal like any other."""
    detail = error.get("error")
    code = next((d.get("code") for d in (detail, error) if isinstance(d, dict) and "code" in d), 0)
    status = code if isinstance(code, int) and 400 <= code < 600 else 200
    if isinstance(error.get("error_type"), str):  # TGI
        status = {"overloaded": 429, "validation": 422}.get(error["error_type"], 500)
    refusal = server.read_refusal(status or 500, json.dumps(error))
    if not tally.pieces:
        return Refused(refusal)
    said = f"{refusal.message}; {tally}"
    if refusal.may_pass or status == 200:
        return dropped(server.ref, said)
    return from_refusal(server.ref, refusal, key_sent=server.key.is_set)


def _reason(server: Server, tally: Tally) -> FinishReason:
    """Why the answer ended, in our words; an answer that merely ceased is never a `stop`."""
    finish = (tally.finish or "").casefold()
    if finish in LENGTHS:
        return "length"
    if finish in STOPS or (not finish and tally.ended):
        return "stop"
    if finish in FILTERS:
        msg = f"endpoint's filter withheld the answer: {server.ref.url} ({finish}; {tally})."
        raise EndpointError(msg)
    if not finish or finish in BROKEN:
        raise dropped(server.ref, f"{finish}; {tally}" if finish else str(tally))
    shown = server.read_refusal(200, tally.finish or "").message[:60]
    raise EndpointError(
        f"endpoint ended in an unknown way: {server.ref.url} (finish_reason {shown!r}; {tally})."
    )
