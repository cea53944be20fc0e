"""Endpoints as users write them: an address, or a table `[endpoints.NAME]` of the settings file.

An address is `http(s)://host[:port][/path][#model]`. Without a path it means `/v1`; a pasted
`/chat/completions` is cut off. One with a user, a password or a query is refused, and never
repeated in the message: keys come from the environment only.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from deepcoder_cli.errors import EndpointError, InputError
from deepcoder_cli.types import EndpointRef, OpensThink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GENERAL_KEY = "DEEPCODER_API_KEY"
OPENAI_KEY = "OPENAI_API_KEY"
OPENAI_HOST = "api.openai.com"
RESERVED_NAMES = {"nano", "auto"}
OURS = {"model", "messages", "stream", "stream_options", "n", "seed", "temperature", "top_p",
        "max_tokens", "max_completion_tokens"}  # fmt: skip
"""Fields of a request that no configuration may set: flags do, or we depend on them."""

_ADDRESS = "http(s)://host:port/v1#model"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_address(name: str) -> bool:
    """Whether `name` reads like the address of an endpoint."""
    return name[:8].lower().startswith(("http://", "https://"))


def endpoint_at(address: str) -> EndpointRef:
    """The endpoint that `address` names.

    Its key is `DEEPCODER_API_KEY`, if set; for `https://api.openai.com`, `OPENAI_API_KEY` first.

    Raises:
        EndpointError: an address that cannot be used; the message holds no user or password.
    """
    try:
        url, model = split_address(address)
    except ValueError as error:
        raise EndpointError(f"bad endpoint address: {error}.") from None
    is_openai = url.startswith(f"https://{OPENAI_HOST}/")
    keys = (OPENAI_KEY, GENERAL_KEY) if is_openai else (GENERAL_KEY,)
    return EndpointRef(url if model is None else f"{url}#{model}", url, model, keys)


def split_address(address: str) -> tuple[str, str | None]:
    """Base address and model of an endpoint.

    >>> split_address("http://localhost:8000/v1/chat/completions#org/model")
    ('http://localhost:8000/v1', 'org/model')

    Raises:
        ValueError: what is wrong, in words that hold nothing secret.
    """
    shown = without_user(address)
    if not address.isprintable() or " " in address:
        raise ValueError(f"{shown!r} holds white space or control characters ({_ADDRESS})")
    base, mark, model = address.partition("#")
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{shown} ({error}; {_ADDRESS})") from None
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{shown} ({_ADDRESS})")
    if "@" in parts.netloc:
        raise ValueError(f"{shown} holds a user or password; keys come from the environment")
    if parts.query or "?" in base:
        raise ValueError(f"{shown.partition('?')[0]} is followed by a query ({_ADDRESS})")
    if mark and not model:
        raise ValueError(f"{shown} names no model after # ({_ADDRESS})")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{path}", model or None


def without_user(text: str) -> str:
    """`text` with whatever stands between `//` and `@`, and any query, masked.

    >>> without_user("http://me:secret@host/v1?key=secret")
    'http://***@host/v1?***'
    """
    text = re.sub(r"(?<=//)[^/?#]*@", "***@", text)
    return re.sub(r"\?[^#]+", "?***", text)


def read_endpoints(table: object, where: str) -> dict[str, EndpointRef]:
    """The endpoints of a settings file by name; `table` is its `endpoints`.

    Raises:
        InputError: a name, key or value that cannot be used; `where` names the file.
    """
    if not isinstance(table, dict):
        raise InputError(f"bad setting: endpoints in {where} (tables [endpoints.NAME]). Change it.")
    return {name: _read_endpoint(name, value, where) for name, value in table.items()}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'? ` where one of `known` is near, else nothing."""
    near = get_close_matches(word, list(known), 1)
    return f"did you mean {near[0]!r}? " if near else ""


def _read_endpoint(name: str, table: object, where: str) -> EndpointRef:
    at = f"[endpoints.{name}] in {where}"
    if not _NAME.fullmatch(name) or name in RESERVED_NAMES or name.endswith(".gguf"):
        allowed = "letters, digits, - _ and .; not nano, auto or *.gguf"
        raise InputError(f"bad endpoint name: {name!r} in {where} ({allowed}). Change it.")
    if not isinstance(table, dict):
        raise InputError(f"bad setting: {at} (a table with url). Change it.")
    for key in table:
        if key not in _FIELDS:
            hint = did_you_mean(key, _FIELDS)
            msg = f"unknown setting: {key!r} of {at} ({hint}known: {', '.join(sorted(_FIELDS))})."
            raise InputError(f"{msg} Rename or remove it.")
    if "url" not in table:
        raise InputError(f"url is missing: {at} ({_ADDRESS}). Add it.")
    values = {key: _field(key, value, at) for key, value in table.items()}
    return _assembled(name, values, at)


def _assembled(name: str, values: dict[str, object], at: str) -> EndpointRef:
    try:
        url, model = split_address(str(values.pop("url")))
    except ValueError as error:
        raise InputError(f"bad endpoint address: {error}: url of {at}. Change it.") from None
    named = cast("str | None", values.pop("model", None))
    if model is not None and named is not None and model != named:
        raise InputError(f"model is named twice: {at} ({model!r}, {named!r}). Leave one out.")
    key_env = cast("str | None", values.pop("key_env", None))
    keys = () if key_env is None else (key_env,)
    return EndpointRef(name, url, named or model, keys, needs_key=bool(keys), **values)  # type: ignore[arg-type]


def _field(key: str, value: object, at: str) -> object:
    accepts, allowed = _FIELDS[key]
    if not accepts(value):
        shown = (
            "" if key in {"url", "key_env", "body"} else f": {value!r}"
        )  # these may hold a secret
        raise InputError(f"bad setting: {key} of {at}{shown} ({allowed}). Change it.")
    return float(cast("float", value)) if key.endswith("_s") else value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value.strip())


def _is_seconds(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < cast("float", value) <= 86400


def _is_whole(low: int, high: int) -> Callable[[object], bool]:
    def accepts(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return accepts


def _is_body(value: object) -> bool:
    return isinstance(value, dict) and not OURS & set(value)


def _is_variable(value: object) -> bool:
    return isinstance(value, str) and _VARIABLE.fullmatch(value) is not None


def _is_opens_think(value: object) -> bool:
    return value in OpensThink.__args__  # type: ignore[attr-defined]


_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "url": (_is_text, _ADDRESS),
    "model": (_is_text, "a model's name, as the server lists it"),
    "key_env": (_is_variable, "the NAME of an environment variable, not the key itself"),
    "context_tokens": (_is_whole(1, 1 << 30), "a whole number of tokens"),
    "opens_think": (_is_opens_think, '"auto", "yes" or "no"'),
    "connect_s": (_is_seconds, "seconds above 0, up to 86400"),
    "stall_s": (_is_seconds, "seconds above 0, up to 86400"),
    "retries": (_is_whole(0, 100), "a whole number from 0 to 100"),
    "body": (_is_body, f"a table of request fields other than {', '.join(sorted(OURS))}"),
}
