"""The llama.cpp engine as a `Backend`: runs in a child process, so that it cannot take us along.

This side never imports llama_cpp. Streams that run at the same time are served in the order
of their start, one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from typing import TYPE_CHECKING

from deepcoder_cli.errors import DeepcoderError, EngineCrashed, InputError, ModelError
from deepcoder_cli.inference.backend import Done, Prefill
from deepcoder_cli.inference.llama.process import WorkerDied, WorkerProcess
from deepcoder_cli.inference.llama.protocol import (
    Cancel,
    Failed,
    Finished,
    Generate,
    Load,
    Loaded,
    LoadFailed,
    Prefilled,
    Started,
    Text,
)
from deepcoder_cli.inference.reasoning import ReasoningParser
from deepcoder_cli.types import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from deepcoder_cli.inference.backend import Event
    from deepcoder_cli.inference.llama.protocol import Notice
    from deepcoder_cli.types import Message, ModelRef, SamplingParams

_Inbox = asyncio.Queue["Notice | DeepcoderError"]


class LlamaBackend:
    """One GGUF model in one worker process. Make it with `open` (or `start` and `aclose`)."""

    def __init__(
        self, worker: WorkerProcess, notices: AsyncIterator[Notice], loaded: Loaded
    ) -> None:
        self._worker = worker
        self._loaded = loaded
        self._inboxes: dict[int, _Inbox] = {}
        self._ids = itertools.count(1)
        self._end: DeepcoderError | None = None
        self._pump = asyncio.create_task(self._deliver(notices), name="engine notices")

    @classmethod
    async def start(
        cls, ref: ModelRef, *, context_tokens: int | None = None, threads: int | None = None
    ) -> LlamaBackend:
        """Start a worker and load `ref` in it.

        Args:
            ref: the model.
            context_tokens: None takes 65,536, or what the memory holds; never more than the
                model was trained for.
            threads: None takes the physical cores that this process may use.

        Raises:
            ModelError: the model cannot be loaded.
        """
        worker = await WorkerProcess.start()
        try:
            worker.send(Load(str(ref.path.absolute()), context_tokens, threads))
            notices = worker.notices()
            return cls(worker, notices, await _loaded(ref, notices))
        except BaseException:
            await worker.kill()
            raise

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, ref: ModelRef, *, context_tokens: int | None = None, threads: int | None = None
    ) -> AsyncIterator[LlamaBackend]:
        """`start`, with `aclose` at the end of the `async with` block."""
        backend = await cls.start(ref, context_tokens=context_tokens, threads=threads)
        try:
            yield backend
        finally:
            await backend.aclose()

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus completion, in tokens."""
        return self._loaded.context_tokens

    @property
    def description(self) -> str:
        """Architecture, size and weight type, as llama.cpp names them."""
        return self._loaded.description

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._worker.pid

    async def stream(
        self, messages: Sequence[Message], params: SamplingParams
    ) -> AsyncGenerator[Event, None]:
        """Generate an assistant turn; see `Backend.stream`."""
        _check(params)
        if self._end is not None:
            raise self._end
        request = next(self._ids)
        inbox: _Inbox = asyncio.Queue()
        self._inboxes[request] = inbox
        self._worker.send(_generate(request, messages, params))
        try:
            async for event in _events(inbox):
                yield event
        finally:
            del self._inboxes[request]
            self._worker.send(Cancel(request))  # of no effect once the request is over

    async def aclose(self) -> None:
        """Stop whatever runs and release the model; streams still open end with EngineCrashed."""
        self._finish(EngineCrashed("engine was closed. Open it again."))
        await self._worker.end()
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)

    async def _deliver(self, notices: AsyncIterator[Notice]) -> None:
        """Hand every notice to the stream that waits for it, until the worker is gone."""
        try:
            async for notice in notices:
                inbox = self._inboxes.get(getattr(notice, "id", 0))
                if inbox is not None:
                    inbox.put_nowait(notice)
        except EngineCrashed as error:
            self._finish(error)

    def _finish(self, reason: DeepcoderError) -> None:
        self._end = self._end or reason
        for inbox in self._inboxes.values():
            inbox.put_nowait(self._end)


async def _loaded(ref: ModelRef, notices: AsyncIterator[Notice]) -> Loaded:
    """The worker's answer to `Load`; raises ModelError when it is no."""
    try:
        answer = await anext(notices)
    except WorkerDied as error:
        remedy = error.remedy or "Try another."
        msg = f"model cannot be loaded: {ref.path} ({error.cause}). {remedy}"
        raise EngineCrashed(msg) from error
    if isinstance(answer, LoadFailed):
        raise ModelError(f"model cannot be loaded: {ref.path} ({answer.reason}). Try another.")
    assert isinstance(answer, Loaded)  # noqa: S101 - the protocol
    return answer


async def _events(inbox: _Inbox) -> AsyncIterator[Event]:
    """The events of one request, up to and including `Done`."""
    parser = ReasoningParser(in_reasoning=False)
    tokens = 0
    while True:
        match await inbox.get():
            case Started(in_reasoning=in_reasoning):
                parser = ReasoningParser(in_reasoning=in_reasoning)
            case Prefilled(done_tokens=done, total_tokens=total):
                yield Prefill(done, total)
            case Text(text=text, tokens=tokens):
                for event in parser.push(text, tokens):
                    yield event
            case Finished() as finished:
                for event in parser.flush(tokens):
                    yield event
                yield _done(finished)
                return
            case Failed(kind=kind, message=message):
                raise InputError(message) if kind == "input" else ModelError(message)
            case DeepcoderError() as error:
                raise error


def _done(notice: Finished) -> Done:
    usage = Usage(notice.prompt_tokens, notice.completion_tokens, notice.cached_tokens)
    return Done(notice.finish_reason, usage, notice.seed)


def _generate(request: int, messages: Sequence[Message], params: SamplingParams) -> Generate:
    return Generate(
        request,
        [[message.role, message.content] for message in messages],
        params.temperature,
        params.top_p,
        params.max_tokens,
        params.seed,
    )


def _check(params: SamplingParams) -> None:
    if not (math.isfinite(params.temperature) and params.temperature >= 0):
        raise InputError(f"temperature is out of range: {params.temperature} (0 or more).")
    if not 0 < params.top_p <= 1:
        raise InputError(f"top_p is out of range: {params.top_p} (above 0, up to 1).")
    if params.max_tokens < 1:
        raise InputError(f"max_tokens is out of range: {params.max_tokens} (at least 1).")
