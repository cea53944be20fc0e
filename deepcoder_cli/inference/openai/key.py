"""The key of an endpoint: from the environment, to the server, and nowhere else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deepcoder_cli.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepcoder_cli.types import EndpointRef

HIDDEN = "[key]"


class ApiKey:
    """Holds a key without ever showing it: not in a repr, a format or an error."""

    __slots__ = ("_text",)

    def __init__(self, text: str | None) -> None:
        self._text = text

    @classmethod
    def of(cls, ref: EndpointRef, environment: Mapping[str, str] | None = None) -> ApiKey:
        """The key in the first of `ref.key_envs` that is set.

        Raises:
            EndpointError: none is set though one is needed, or it cannot stand in a header.
        """
        environment = os.environ if environment is None else environment
        for name in ref.key_envs:
            text = environment.get(name, "").strip()
            if not (text.isascii() and text.isprintable()):
                msg = f"key cannot be sent: {name} holds characters that are no printable ASCII."
                raise EndpointError(f"{msg} Set it again.")
            if text:
                return cls(text)
        if ref.needs_key:
            names = " or ".join(ref.key_envs)
            raise EndpointError(
                f"key is missing: {names} is not set (endpoint {ref.name}). Set it."
            )
        return cls(None)

    @property
    def is_set(self) -> bool:
        """Whether there is a key."""
        return self._text is not None

    def headers(self) -> dict[str, str]:
        """The header that sends it."""
        return {} if self._text is None else {"Authorization": f"Bearer {self._text}"}

    def hide(self, text: str) -> str:
        """`text` without the key: servers repeat it in what they answer."""
        return text if self._text is None else text.replace(self._text, HIDDEN)

    def __repr__(self) -> str:
        return f"ApiKey({'set' if self.is_set else 'not set'})"
