"""Every number of nano's training run. One seed, one command."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 20250408


@dataclass(frozen=True, slots=True)
class NanoRecipe:
    """The shape of the model and of its training.

    Attributes:
        vocab_size: rows of the vocabulary, special tokens included.
        hidden_size: width; a multiple of 256, so that k-quants apply.
        intermediate_size: width of the MLP; a multiple of 256.
        layers: decoder blocks.
        heads: attention heads of 64.
        kv_heads: key and value heads.
        context_tokens: positions written in the configuration.
        steps: optimiser steps.
        batch_size: problems a step.
        max_tokens: longer samples are left out (and counted).
        warmup_steps: linear warm-up of both learning rates.
        muon_lr: for the matrices of the blocks (Muon).
        adamw_lr: for embeddings, norms and biases (AdamW).
        weight_decay: of both.
        tokenizer_samples: problems the tokenizer is trained on.
        save_every: steps between checkpoints.
    """

    vocab_size: int = 1024
    hidden_size: int = 256
    intermediate_size: int = 768
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    context_tokens: int = 4096
    steps: int = 800
    batch_size: int = 32
    max_tokens: int = 640
    warmup_steps: int = 20
    muon_lr: float = 0.02
    adamw_lr: float = 0.003
    weight_decay: float = 0.05
    tokenizer_samples: int = 4000
    save_every: int = 100


FULL = NanoRecipe()
SMOKE = NanoRecipe(
    layers=2, steps=12, batch_size=8, warmup_steps=4, tokenizer_samples=400, save_every=6
)
