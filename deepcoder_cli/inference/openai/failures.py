"""From what a server answered, or did not, to one line that says what to do."""

from __future__ import annotations

import html
import json
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deepcoder_cli.errors import EndpointError, EndpointUnavailable
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from deepcoder_cli.types import EndpointRef

MAX_SHOWN_CHARS = 300
TRY_LATER = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
_STARTS = {
    "8000": "`vllm serve MODEL`",
    "8080": "`llama-server -m FILE.gguf`",
    "11434": "`ollama serve`",
    "1234": "`lms server start`",
    "30000": "`python -m sglang.launch_server --model-path MODEL`",
}


class NotReached(EndpointUnavailable):
    """No connection came about, so the server never saw the request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error.

    Attributes:
        status: HTTP status; 200 for an error that came within a stream.
        message: the server's own words, one line, without the key.
        body: the same whole, without the key, to look for numbers in.
        retry_after_s: the wait it asked for.
    """

    status: int
    message: str
    body: str
    retry_after_s: float | None = None

    @property
    def may_pass(self) -> bool:
        """Whether the same request may work later."""
        if re.search(r"insufficient_quota|billing|credit balance", self.body):
            return False
        return self.status in TRY_LATER


def words_of(body: str) -> str:
    """The message in an error body: OpenAI's, vLLM's, FastAPI's, Ollama's, HTML or plain text.

    >>> words_of('{"error": {"message": "no such model", "code": 404}}')
    'no such model'
    >>> words_of("<html><head><title>502 Bad Gateway</title></head></html>")
    '502 Bad Gateway'
    """
    try:
        found = _message(json.loads(body))
    except (ValueError, RecursionError):
        title = re.search(r"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
        is_page = title or re.match(r"\s*<", body)
        found = html.unescape(title[1]) if title else "an HTML page" if is_page else body
    line = escaped(" ".join(found.split()))
    return line if len(line) <= MAX_SHOWN_CHARS else line[: MAX_SHOWN_CHARS - 1] + "…"


def _message(value: object) -> str:
    """The first text in the places where servers put it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # FastAPI: a list of {loc, msg}
        return "; ".join(filter(None, map(_message, value)))
    if not isinstance(value, dict):
        return ""
    if "msg" in value and isinstance(value.get("loc"), list):
        return f"{'.'.join(map(str, value['loc']))}: {value['msg']}"
    found = (_message(value.get(key)) for key in ("error", "message", "detail", "errors", "msg"))
    return next(filter(None, found), "")


def retry_after_s(headers: Mapping[str, str], now_s: float | None = None) -> float | None:
    """The wait in `Retry-After` (seconds or a date) or `retry-after-ms`; None without one.

    >>> retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, now_s=1445412475.0)
    5.0
    """
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        text = headers["retry-after"]
    except (KeyError, ValueError):
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = moment.timestamp() - (time.time() if now_s is None else now_s)
    return max(0.0, seconds) if seconds < float("inf") else None


def from_refusal(ref: EndpointRef, refusal: Refusal, *, key_sent: bool) -> EndpointError:
    """The error for an answer that no other form of the request would change."""
    said = f"{refusal.status}: {refusal.message}" if refusal.message else str(refusal.status)
    if refusal.status in {401, 403}:
        return _key_refused(ref, said, key_sent=key_sent)
    if refusal.may_pass:
        what = "busy" if refusal.status in {429, 503, 529} else "failing"
        msg = f"endpoint is {what}: {ref.url} ({said}). Try again later."
        return EndpointUnavailable(msg, retry_after_s=refusal.retry_after_s)
    if refusal.status in {404, 405}:
        return EndpointError(
            f"endpoint has no chat completions, or not this model: {ref.url} ({said}). "
            "Check the address; it usually ends in /v1."
        )
    if 300 <= refusal.status < 400:
        return EndpointError(f"endpoint redirects: {ref.url} ({said}). Name the new address.")
    return EndpointError(f"endpoint refused the request: {ref.url} ({said}).")


def _key_refused(ref: EndpointRef, said: str, *, key_sent: bool) -> EndpointError:
    names = " or ".join(ref.key_envs)
    if key_sent:
        return EndpointError(f"endpoint refused the key: {ref.url} ({said}). Check {names}.")
    advice = f"Set {names}" if names else f"Name its variable: key_env in [endpoints.{ref.name}]"
    return EndpointError(f"endpoint wants a key: {ref.url} ({said}). {advice}.")


def from_transport(ref: EndpointRef, error: httpx.HTTPError, came: str) -> EndpointError:
    """The error for a connection that did not come about, stalled or broke; `came` says how far."""
    import httpx

    if isinstance(error, httpx.ConnectTimeout):
        msg = f"no server answers at {ref.url} (no connection in {ref.connect_s:g} s)."
        return NotReached(f"{msg} Check the address.")
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return _not_connected(ref, error)
    if isinstance(error, httpx.TimeoutException):
        msg = f"endpoint stalled: {ref.url} sent nothing for {ref.stall_s:g} s ({came})."
        return EndpointUnavailable(f"{msg} Try again, or raise stall_s.")
    if isinstance(error, httpx.DecodingError):
        return EndpointError(f"endpoint sent what cannot be decoded: {ref.url} ({came}).")
    return dropped(ref, came)


def dropped(ref: EndpointRef, came: str) -> EndpointUnavailable:
    """The error for an answer that ended in the middle."""
    return EndpointUnavailable(
        f"endpoint broke off: {ref.url} ended the answer in the middle ({came}). Try again."
    )


def _not_connected(ref: EndpointRef, error: httpx.HTTPError) -> EndpointError:
    reason = _reason(error)
    if "CERTIFICATE" in reason.upper():
        advice = "SSL_CERT_FILE names your own authority"
        return EndpointError(f"endpoint's certificate is refused: {ref.url} ({reason}). {advice}.")
    if _is_refused(error):
        port = str(urlsplit(ref.url).port or "")
        start = _STARTS.get(port, f"`vllm serve MODEL --port {port}`" if port else "the server")
        return NotReached(
            f"no server answers at {ref.url} (connection refused). Start one there, such as "
            f"{start}, or name another address."
        )
    return NotReached(f"endpoint cannot be reached: {ref.url} ({reason}). Check the address.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came from, the innermost last; a group's first stands for it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        group = seen.exceptions[0] if isinstance(seen, BaseExceptionGroup) else None
        seen = group or seen.__cause__ or seen.__context__


def _is_refused(error: BaseException) -> bool:
    return any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))


def _reason(error: BaseException) -> str:
    """The innermost cause, in words."""
    *_, inner = _causes(error)
    text = getattr(inner, "strerror", None) or str(inner) or str(error) or type(error).__name__
    return escaped(" ".join(str(text).split()))[:MAX_SHOWN_CHARS]
