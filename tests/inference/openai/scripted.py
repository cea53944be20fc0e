"""A real HTTP server on loopback that plays recorded bytes, with the pauses and breaks we say."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HANG = "hang"
"""In a body: send nothing more, until the other side hangs up."""
BREAK = "break"
"""In a body: reset the connection."""


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Reply:
    """What goes out: bytes as they are, a pause in seconds, HANG or BREAK."""

    body: list[bytes | float | str] = field(default_factory=list)
    status: int = 200
    type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = False

    def head(self) -> bytes:
        framing = {"Transfer-Encoding": "chunked"} if self.chunked else {"Connection": "close"}
        headers = {"Content-Type": self.type, **framing, **self.headers}
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def sse(*values: object, done: bool = True) -> Reply:
    """A stream of these JSON values (bytes go as they are)."""
    body = b"".join(
        v if isinstance(v, bytes) else b"data: " + json.dumps(v).encode() + b"\n\n" for v in values
    )
    return Reply([body + (b"data: [DONE]\n\n" if done else b"")])


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    """One JSON body."""
    return Reply([json.dumps(value).encode()], status, "application/json", headers)


def delta(finish: str | None = None, **fields: object) -> dict[str, object]:
    """A chunk with this delta."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


MODELS = as_json({"object": "list", "data": [{"id": "m"}]})


class Script:
    """Answers chat completions with `replies` in turn (the last again and again).

    Attributes:
        requests: the chat completions that came.
        hung_up: set when the other side closes while we are sending or hanging.
    """

    def __init__(
        self, *replies: Reply | Callable[[Request], Reply], models: Reply = MODELS
    ) -> None:
        self.replies = list(replies)
        self.models = models
        self.requests: list[Request] = []
        self.asked: list[Request] = []
        self.hung_up = asyncio.Event()
        self.url = ""

    def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        if request.path.endswith("/models"):
            return self.models
        self.requests.append(request)
        chosen = self.replies[min(len(self.requests), len(self.replies)) - 1]
        return chosen if isinstance(chosen, Reply) else chosen(request)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._play(self.reply(await _read(reader)), reader, writer)
        writer.close()

    async def _play(
        self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(reply.head())
        for piece in reply.body:
            if piece == HANG:
                await reader.read()
                self.hung_up.set()
                return
            if piece == BREAK:
                await writer.drain()
                await asyncio.sleep(0.05)  # let what was sent arrive before the reset
                writer.transport.abort()
                return
            if isinstance(piece, float | int):
                await asyncio.sleep(piece)
            elif isinstance(piece, bytes) and piece:
                size = f"{len(piece):x}\r\n".encode()
                writer.write(size + piece + b"\r\n" if reply.chunked else piece)
                await writer.drain()
        if reply.chunked:
            writer.write(b"0\r\n\r\n")


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Request(method, path, headers, json.loads(body) if body else {})


@contextlib.asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Script]:
    """`script` at `script.url`."""
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield script
    finally:
        server.close()
