"""The whole Qwen2 vocabulary (151,643 tokens) through the converter, with R1's special tokens.

The vocabulary is llama.cpp's models/ggml-vocab-qwen2.gguf, too large to commit: the test runs
where LLAMA_CPP_SOURCE names a llama.cpp tree. The expected ids in that tree come from Qwen2's
real tokenizer.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from transformers import AutoTokenizer

from finetune.tokenizer import ADDED_TOKENS
from quantize.convert import convert

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
QWEN2_TOKENS = 151_643
R1_ROWS = 152_064
SEPARATOR = "\n__ggml_vocab_test__\n"


@pytest.fixture(scope="module")
def vocab_gguf() -> Path:
    path = Path(os.environ.get("LLAMA_CPP_SOURCE", "")) / "models" / "ggml-vocab-qwen2.gguf"
    if not path.is_file():
        pytest.skip("LLAMA_CPP_SOURCE is not set: no full Qwen2 vocabulary here")
    return path


@pytest.fixture(scope="module")
def pair(
    vocab_gguf: Path, tmp_path_factory: Any, tokenizer: Any, load_gguf: Any
) -> tuple[Any, Any]:
    """An HF tokenizer with the full vocabulary, and the GGUF converted from its folder."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path_factory.mktemp("full") / "full"
    tokenizer.save_pretrained(folder)
    _use_full_vocabulary(folder / "tokenizer.json", vocab_gguf)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=R1_ROWS,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    convert(folder, folder / "m.gguf", "f16")
    return AutoTokenizer.from_pretrained(folder), load_gguf(folder / "m.gguf")


def _use_full_vocabulary(path: Path, vocab_gguf: Path) -> None:
    """Put Qwen2's tokens and merges into tokenizer.json, R1's special tokens after them."""
    from gguf import GGUFReader

    fields = GGUFReader(vocab_gguf).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()[:QWEN2_TOKENS]
    merges = fields["tokenizer.ggml.merges"].contents()
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["model"]["vocab"] = {token: row for row, token in enumerate(tokens)}
    saved["model"]["merges"] = [merge.split(" ") for merge in merges]
    for row, token in enumerate(saved["added_tokens"], start=QWEN2_TOKENS):
        token["id"] = row
    for special in saved["post_processor"]["special_tokens"].values():
        special["ids"] = [QWEN2_TOKENS + [name for name, _ in ADDED_TOKENS].index(special["id"])]
    path.write_text(json.dumps(saved, ensure_ascii=False), encoding="utf-8")


def test_ids_are_those_of_qwen2(pair: tuple[Any, Any], vocab_gguf: Path) -> None:
    tokenizer, model = pair
    inputs = Path(f"{vocab_gguf}.inp").read_bytes().decode("utf-8")  # keeps carriage returns
    texts = inputs.removesuffix(SEPARATOR).split(SEPARATOR)
    lines = Path(f"{vocab_gguf}.out").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(texts) > 40
    for text, line in zip(texts, lines, strict=True):
        expected = [int(token) for token in line.split()]
        assert tokenizer.encode(text, add_special_tokens=False) == expected
        assert model.tokenize(text) == expected


def test_special_tokens_have_the_ids_of_r1_distill(pair: tuple[Any, Any]) -> None:
    tokenizer, model = pair
    names = [name for name, _ in ADDED_TOKENS]
    ids = list(range(151_643, 151_650))
    assert tokenizer.convert_tokens_to_ids(names) == ids
    assert model.tokenize("".join(names)) == ids


def test_code_and_prose_agree(pair: tuple[Any, Any], normalized: Callable[..., str]) -> None:
    tokenizer, model = pair
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert model.tokenize(normalized(text, tokenizer)) == ids
