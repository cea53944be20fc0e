"""The connection to one server: opening a stream, listing its models."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import deepcoder_cli
from deepcoder_cli.errors import EndpointError
from deepcoder_cli.inference.openai.failures import (
    Refusal,
    from_refusal,
    from_transport,
    retry_after_s,
    words_of,
)
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx

    from deepcoder_cli.inference.openai.key import ApiKey
    from deepcoder_cli.types import EndpointRef

MAX_BODY_BYTES = 16 * 1024 * 1024
LIST_S = 30.0
"""A list of models takes no computing: longest wait for its next byte."""

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CONTEXT_KEYS = ("max_model_len", "max_context_length", "context_length", "context_window")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One entry of a server's list; `context_tokens` is None where it does not tell."""

    id: str
    context_tokens: int | None


class Server:
    """Sends requests to `ref`; close it with `aclose`.

    Redirects are not followed, since they would carry the key elsewhere. The proxies of the
    environment are used, but never for this machine's own address. Every request has a connection
    of its own: a kept one that the server has closed meanwhile would look like a failure.
    """

    def __init__(self, ref: EndpointRef, key: ApiKey) -> None:
        import httpx

        self.ref = ref
        self.key = key
        is_local = urlsplit(ref.url).hostname in LOOPBACK
        no_proxy: dict[str, None] = {"http://": None, "https://": None}
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"deepcoder/{deepcoder_cli.__version__}", **key.headers()},
            timeout=httpx.Timeout(ref.stall_s, connect=ref.connect_s, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            mounts=no_proxy if is_local else None,
        )

    @contextlib.asynccontextmanager
    async def post(self, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """Send a chat completion; the connection is closed at the end of the block.

        Raises:
            httpx.HTTPError: the connection did not come about, stalled or broke.
        """
        headers = {"Accept": "text/event-stream, application/json"}
        url = f"{self.ref.url}/chat/completions"
        async with self._client.stream("POST", url, json=dict(body), headers=headers) as response:
            yield response

    async def refusal(self, response: httpx.Response) -> Refusal:
        """What an answer other than 200 says."""
        body = await self.text(response)
        return self.read_refusal(response.status_code, body, retry_after_s(response.headers))

    def read_refusal(self, status: int, body: str, wait_s: float | None = None) -> Refusal:
        """A refusal from an error body, without the key."""
        body = self.key.hide(body)
        return Refusal(status, words_of(body), body, wait_s)

    async def text(self, response: httpx.Response) -> str:
        """The whole body of an answer, up to a limit."""
        data = b""
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > MAX_BODY_BYTES:
                break
        return data.decode("utf-8", "replace")

    async def models(self) -> list[ServedModel] | None:
        """What `/models` lists; None where the server has no such list.

        Raises:
            EndpointError: it is not reached, wants a key, is busy, or answers something else.
        """
        import httpx

        ref = replace(self.ref, stall_s=min(LIST_S, self.ref.stall_s))
        timeout = httpx.Timeout(ref.stall_s, connect=ref.connect_s)
        try:
            async with self._client.stream("GET", f"{ref.url}/models", timeout=timeout) as response:
                if response.status_code in {404, 405, 501}:
                    return None
                if response.status_code != 200:
                    refusal = await self.refusal(response)
                    raise from_refusal(self.ref, refusal, key_sent=self.key.is_set)
                return self._listed(await self.text(response))
        except httpx.InvalidURL as error:
            raise EndpointError(f"bad endpoint address: {self.ref.url} ({error}).") from error
        except httpx.HTTPError as error:
            raise from_transport(ref, error, "asked for its models") from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    def _listed(self, body: str) -> list[ServedModel]:
        try:
            data = json.loads(body)
            entries = data["data"] if isinstance(data, dict) else data
            return [_served(entry) for entry in entries or []]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            said = self.key.hide(words_of(body))[:100]
            msg = f"endpoint lists no models: {self.ref.url}/models ({said}). Check the address."
            raise EndpointError(msg) from error


def _served(entry: dict[str, Any]) -> ServedModel:
    """A model of the list; vLLM and SGLang tell the context, llama-server in `meta`."""
    meta = entry.get("meta")
    found = [entry.get(key) for key in _CONTEXT_KEYS]
    found += [meta.get("n_ctx")] if isinstance(meta, dict) else []
    context = next((n for n in found if isinstance(n, int) and n > 0), None)
    return ServedModel(escaped(str(entry["id"])), context)
