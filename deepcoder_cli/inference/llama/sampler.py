"""The chain of samplers for one completion."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as C  # noqa: N812 - the C interface

if TYPE_CHECKING:
    from types import TracebackType

TOP_K = 1024
"""Logits kept before anything else: sorting a vocabulary of 152K costs 10 ms a token, and
beyond the first thousand hardly any probability is left."""

_RANDOM_SEED = 0xFFFFFFFF  # llama.cpp draws a seed of its own for this value


def usable_seed(seed: int | None) -> int:
    """A seed for llama.cpp: `seed` folded into its range, or a fresh one for None.

    >>> usable_seed(7), usable_seed(2**32 + 6), 0 <= usable_seed(None) < 2**32 - 1
    (7, 7, True)
    """
    return secrets.randbelow(_RANDOM_SEED) if seed is None else seed % _RANDOM_SEED


class Sampler:
    """Greedy at temperature 0; else top-k, temperature, top-p and a seeded draw, in this order.

    Top-p cuts the distribution that the temperature has already sharpened, as in the libraries
    that the model card's values were measured with (llama.cpp's own default cuts first).
    """

    def __init__(self, *, temperature: float, top_p: float, seed: int) -> None:
        params = C.llama_sampler_chain_default_params()
        params.no_perf = True
        self._chain = C.llama_sampler_chain_init(params)
        if temperature == 0:
            stages = [C.llama_sampler_init_greedy()]
        else:
            stages = [
                C.llama_sampler_init_top_k(TOP_K),
                C.llama_sampler_init_temp(temperature),
                C.llama_sampler_init_top_p(top_p, 1),
                C.llama_sampler_init_dist(seed),
            ]
        for stage in stages:
            C.llama_sampler_chain_add(self._chain, stage)

    def __enter__(self) -> Sampler:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        C.llama_sampler_free(self._chain)

    def sample(self, context: C.llama_context_p) -> int:
        """The next token, from the last row of logits in `context`."""
        return int(C.llama_sampler_sample(self._chain, context, -1))
