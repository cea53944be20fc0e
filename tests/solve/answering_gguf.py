"""Writes tiny Qwen2 GGUF models whose answer is one of a few texts, each a single token."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import numpy as np

from tests.inference import tiny_gguf
from tests.inference.tiny_gguf import CLOSE, EOS, Shape, Vocabulary, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WIDTH = 128
CONFIDENCE = 40.0


def write_answering_model(path: Path, answers: Sequence[str]) -> Path:
    """A model that closes its reasoning at once and gives one of `answers`, at even odds."""
    vocabulary = Vocabulary()
    at = vocabulary.ordinary
    vocabulary.tokens[at:at] = [spelled(answer) for answer in answers]
    vocabulary.ordinary += len(answers)
    ids = range(at, at + len(answers))
    with mock.patch.object(tiny_gguf, "VOCABULARY", vocabulary):
        shape = Shape(width=WIDTH, context=4096)
        tensors = tiny_gguf._tensors(shape, lambda *size: np.zeros(size))
        embedding = np.random.default_rng(1).normal(0, 1, (len(vocabulary.tokens), WIDTH))
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
        output = np.zeros_like(embedding)
        output[vocabulary.id(CLOSE)] += CONFIDENCE * embedding[vocabulary.id("\n")]
        for token in ids:
            output[token] += CONFIDENCE * embedding[vocabulary.id(CLOSE)]
            output[vocabulary.id(EOS)] += CONFIDENCE * embedding[token]
        tensors |= {"token_embd.weight": embedding, "output.weight": output}
        return tiny_gguf.write(path, tensors, shape, template=tiny_gguf.R1_TEMPLATE)
