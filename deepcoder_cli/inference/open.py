"""Model reference -> backend: the one place that knows which engine serves which model.

::

    async with open_backend(resolve("nano")) as backend:
        async for event in backend.stream([Message("user", "Hi")], SamplingParams()):
            ...
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from deepcoder_cli.types import EndpointRef

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.types import AnyModelRef


@contextlib.asynccontextmanager
async def open_backend(
    ref: AnyModelRef, *, context_tokens: int | None = None, threads: int | None = None
) -> AsyncIterator[Backend]:
    """The backend for `ref`, ready to stream; closed at the end of the block.

    Args:
        ref: what `models.resolve` found.
        context_tokens: None lets the engine choose (65,536, or what the model was trained for);
            an endpoint has its own, whatever is asked here.
        threads: None lets the engine choose; of no meaning for an endpoint.

    Raises:
        ModelError: the model cannot be loaded.
        EndpointError: the endpoint cannot be used, or is not there.
    """
    if isinstance(ref, EndpointRef):
        from deepcoder_cli.inference.openai.backend import EndpointBackend

        async with EndpointBackend.open(ref) as endpoint:
            yield endpoint
        return
    from deepcoder_cli.inference.llama.backend import LlamaBackend

    async with LlamaBackend.open(ref, context_tokens=context_tokens, threads=threads) as backend:
        yield backend
