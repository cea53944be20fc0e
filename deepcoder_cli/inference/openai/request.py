"""The body of a request, and what a server was found not to take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepcoder_cli.types import Message, SamplingParams

_NEWER_NAME = re.compile(r"max_completion_tokens", re.IGNORECASE)
_UNSUPPORTED = re.compile(r"not supported|unsupported|unrecognized|unknown|extra", re.IGNORECASE)


class Dialect:
    """What one server takes; learnt from its refusals and kept for all later requests.

    Only what does not change the sampling is ever left out: `seed`, `stream_options`, and a
    `top_p` of 1. A refused temperature is an error.
    """

    def __init__(self) -> None:
        self._left_out: set[str] = set()
        self._budget_field = "max_tokens"

    @property
    def takes_seed(self) -> bool:
        """Whether a seed is sent."""
        return "seed" not in self._left_out

    def body(
        self,
        model: str,
        messages: Sequence[Message],
        params: SamplingParams,
        max_tokens: int | None,
        further: Mapping[str, object],
    ) -> dict[str, Any]:
        """The JSON body; a `max_tokens` of None leaves the budget to the server."""
        body: dict[str, Any] = {
            **further,
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "temperature": params.temperature,
            "top_p": params.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if max_tokens is not None:
            body[self._budget_field] = max_tokens
        if params.seed is not None:
            body["seed"] = params.seed
        return {key: value for key, value in body.items() if not self._skips(key, value)}

    def adapt(self, message: str, body: Mapping[str, Any]) -> bool:
        """Whether `body`, refused with `message`, has another form; that is used from now on."""
        if "max_tokens" in body and _NEWER_NAME.search(message) and _UNSUPPORTED.search(message):
            self._budget_field = "max_completion_tokens"
            return True
        for name in ("seed", "stream_options", "top_p"):
            given = name in body and (name != "top_p" or body[name] == 1)
            if given and re.search(rf"\b{name}\b", message):
                self._left_out.add(name)
                return True
        return False

    def _skips(self, key: str, value: object) -> bool:
        return key in self._left_out and (key != "top_p" or value == 1)
