"""Model reference -> backend: the one place that knows which engine serves which model.

::

    async with open_backend(resolve("nano")) as backend:
        async for event in backend.stream([Message("user", "Hi")], SamplingParams()):
            ...
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.types import ModelRef


@contextlib.asynccontextmanager
async def open_backend(
    ref: ModelRef, *, context_tokens: int | None = None, threads: int | None = None
) -> AsyncIterator[Backend]:
    """The backend for `ref`, ready to stream; closed at the end of the block.

    Args:
        ref: what `models.resolve` found.
        context_tokens: None lets the engine choose (65,536, or what the model was trained for).
        threads: None lets the engine choose.

    Raises:
        ModelError: the model cannot be loaded.
    """
    from deepcoder_cli.inference.llama.backend import LlamaBackend

    async with LlamaBackend.open(ref, context_tokens=context_tokens, threads=threads) as backend:
        yield backend
