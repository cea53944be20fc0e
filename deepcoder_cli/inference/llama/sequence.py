"""One sequence in llama.cpp's KV cache: the tokens it holds, and how to extend it."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as C  # noqa: N812 - the C interface

from deepcoder_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.inference.llama.model import LoadedModel
    from deepcoder_cli.inference.llama.native_log import NativeLog

BATCH_TOKENS = 512
_ABORTED = 2  # llama_decode's return value


class Aborted(Exception):  # noqa: N818 - the name says what happened
    """A decode was stopped by `AbortSwitch`; the sequence holds what it held before."""


class AbortSwitch:
    """Stops a running `llama_decode` from another thread, on CPU within about a millisecond.

    llama.cpp polls a callback between graph nodes. A Python one would need the GIL each time
    and stall decoding; here it is libc's strlen over two bytes: 0 while the first byte is 0.
    """

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(2)
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
        self._callback = C.ggml_abort_callback(strlen)

    def attach(self, context: C.llama_context_p) -> None:
        """Make decodes in `context` obey this switch."""
        address = ctypes.cast(self._byte, ctypes.c_void_p)
        C.llama_set_abort_callback(context, self._callback, address)

    def set(self, on: bool) -> None:
        """Turn it on or off; safe from any thread."""
        self._byte[0] = b"\1" if on else b"\0"

    @property
    def on(self) -> bool:
        """Whether decoding is to stop."""
        return bool(self._byte.raw[0])


class KvSequence:
    """The KV cache of one context with a single sequence.

    Attributes:
        context: llama.cpp's context, for samplers.
        context_tokens: tokens the sequence can hold.
        batch_tokens: tokens that `extend` takes at once.
    """

    def __init__(
        self,
        model: LoadedModel,
        context_tokens: int,
        threads: int,
        switch: AbortSwitch,
        log: NativeLog,
    ) -> None:
        """Allocate the context.

        Raises:
            ModelError: it does not fit, or the model cannot generate.
        """
        params = C.llama_context_default_params()
        params.n_ctx = context_tokens
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_seq_max = 1
        params.n_outputs_max = 1  # logits of the last token only: a far smaller compute buffer
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        context = C.llama_init_from_model(model.pointer, params)
        if not context:
            raise ModelError(
                f"no context of {context_tokens} tokens: {log.take_error() or 'unknown reason'}"
            )
        self.context = context
        self._switch = switch
        switch.attach(context)
        self._memory = C.llama_get_memory(context)
        if not self._memory:
            raise ModelError("the model does not generate text (it has no KV cache)")
        # llama.cpp rounds small contexts up, and takes no batch beyond the context
        self.context_tokens = min(context_tokens, int(C.llama_n_ctx_seq(context)))
        self.batch_tokens = int(C.llama_n_batch(context))
        self._log = log
        self._tokens: list[int] = []

    def keep_common_prefix(self, prompt: Sequence[int]) -> int:
        """Drop what differs from `prompt`; returns how many tokens of it are in the cache.

        At least the last token is left to be evaluated, since its logits are needed.
        """
        common = _common_prefix(self._tokens, prompt[:-1])
        if common < len(self._tokens):
            self._cut(common)
        return len(self._tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Evaluate up to `batch_tokens` tokens after those held.

        Raises:
            Aborted: the switch was on; nothing was added.
            ModelError: llama.cpp failed.
        """
        if self._switch.on:  # devices other than the CPU do not poll it while they compute
            raise Aborted
        row = (C.llama_token * len(tokens))(*tokens)  # a name: the batch only points to it
        status = C.llama_decode(self.context, C.llama_batch_get_one(row, len(tokens)))
        if status == 0:
            self._tokens += tokens
            return
        self._cut(len(self._tokens))
        if status == _ABORTED:
            raise Aborted
        raise ModelError(f"decoding failed: {self._log.take_error() or f'status {status}'}")

    def _cut(self, length: int) -> None:
        """Forget everything from position `length`; all of it where only that is possible."""
        if C.llama_memory_seq_rm(self._memory, 0, length, -1):
            del self._tokens[length:]
        else:  # recurrent models cannot forget a part
            C.llama_memory_clear(self._memory, True)
            self._tokens.clear()


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    length = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        length += 1
    return length
