"""The decode loop: one request in, notices out. Runs in the worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.inference.llama.detokenizer import Detokenizer
from deepcoder_cli.inference.llama.memory import fitting_context
from deepcoder_cli.inference.llama.model import LoadedModel
from deepcoder_cli.inference.llama.protocol import Finished, Loaded, Prefilled, Started, Text
from deepcoder_cli.inference.llama.sampler import Sampler, usable_seed
from deepcoder_cli.inference.llama.sequence import Aborted, KvSequence
from deepcoder_cli.inference.llama.template import leaves_reasoning_open
from deepcoder_cli.inference.llama.threads import default_threads

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from deepcoder_cli.inference.llama.native_log import NativeLog
    from deepcoder_cli.inference.llama.protocol import Generate, Load, Notice
    from deepcoder_cli.inference.llama.sequence import AbortSwitch
    from deepcoder_cli.types import FinishReason

MAX_CONTEXT_TOKENS = 65536
"""The card's budget. The KV cache is allocated in full, so more is taken only when asked for."""


class Engine:
    """A loaded model with one lane."""

    def __init__(self, command: Load, switch: AbortSwitch, log: NativeLog) -> None:
        """Load the model and allocate its context.

        Raises:
            ModelError: the model cannot be used.
        """
        self._model = LoadedModel(command.path, log)
        self._sequence = KvSequence(
            self._model,
            context_tokens=_context_tokens(self._model, command.context_tokens, log),
            threads=command.threads or default_threads(),
            switch=switch,
            log=log,
        )
        self._generated = 0  # tokens of the request being served
        self.loaded = Loaded(self._sequence.context_tokens, self._model.description)

    def generate(self, request: Generate) -> Iterator[Notice]:
        """Serve one request; ends with `Finished`.

        Raises:
            InputError: the prompt does not fit the context.
            ModelError: the template or llama.cpp failed.
        """
        segments = self._model.template.render([(m[0], m[1]) for m in request.messages])
        prompt = self._model.tokenize(segments)
        self._check_fits(prompt)
        yield Started(request.id, leaves_reasoning_open(segments))
        cached = self._sequence.keep_common_prefix(prompt)
        seed = usable_seed(request.seed)
        self._generated = 0
        reason: FinishReason
        try:
            yield from self._prefill(request.id, prompt, cached)
            reason = yield from self._decode(request, len(prompt), seed)
        except Aborted:
            reason = "cancelled"
        yield Finished(request.id, reason, len(prompt), self._generated, cached, seed)

    def _check_fits(self, prompt: Sequence[int]) -> None:
        context = self._sequence.context_tokens
        if not prompt:
            raise InputError("prompt is empty: 0 tokens (at least 1). Write something.")
        if len(prompt) >= context:
            raise InputError(
                f"prompt does not fit: {len(prompt)} tokens (the context holds {context}, "
                "answer included). Shorten it, or use a larger context."
            )

    def _prefill(self, request: int, prompt: Sequence[int], cached: int) -> Iterator[Prefilled]:
        yield Prefilled(request, cached, len(prompt))
        step = self._sequence.batch_tokens
        for start in range(cached, len(prompt), step):
            chunk = prompt[start : start + step]
            self._sequence.extend(chunk)
            yield Prefilled(request, start + len(chunk), len(prompt))

    def _decode(
        self, request: Generate, prompt_tokens: int, seed: int
    ) -> Generator[Text, None, FinishReason]:
        """Sample until the model ends its turn or the budget is used; returns which."""
        budget = min(request.max_tokens, self._sequence.context_tokens - prompt_tokens)
        text = Detokenizer(self._model.pieces)
        reason: FinishReason = "length"
        with Sampler(temperature=request.temperature, top_p=request.top_p, seed=seed) as sampler:
            while True:
                token = sampler.sample(self._sequence.context)
                self._generated += 1
                if self._model.ends_generation(token):
                    reason = "stop"
                    break
                if piece := text.push(token):
                    yield Text(request.id, piece, self._generated)
                if self._generated >= budget:
                    break
                self._sequence.extend([token])
        if piece := text.flush():
            yield Text(request.id, piece, self._generated)
        return reason


def _context_tokens(model: LoadedModel, asked: int | None, log: NativeLog) -> int:
    """What was asked for, or what fits of the card's budget; never beyond the model's training."""
    most = model.training_context_tokens or MAX_CONTEXT_TOKENS
    if asked is not None:
        return min(asked, most)
    wanted = min(MAX_CONTEXT_TOKENS, most)
    fitting = fitting_context(
        wanted, bytes_per_token=model.kv_bytes_per_token, weight_bytes=model.weight_bytes
    )
    if fitting < wanted:
        log.write(f"context of {fitting} tokens: {wanted} would not fit the free memory")
    return fitting
