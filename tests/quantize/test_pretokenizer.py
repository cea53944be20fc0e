"""llama.cpp splits text where Qwen2's tokenizer does, seen through a vocabulary of all byte pairs.

A trained vocabulary hides most wrong splits, for no merge crosses them; here any two bytes merge,
so that a split in another place gives other ids.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from quantize.convert import convert

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Letters and digits of Unicode 16, which the regex engine of `tokenizers` knows and llama.cpp's
# tables do not: first and last code point.
UNICODE_16 = (
    *((0x1C89, 0x1C8A), (0xA7CB, 0xA7CD), (0xA7DA, 0xA7DC), (0x105C0, 0x105F3)),
    *((0x10D40, 0x10D85), (0x10EC2, 0x10EC4), (0x11380, 0x113E2), (0x116D0, 0x116E3)),
    *((0x11BC0, 0x11BF9), (0x13460, 0x143FA), (0x16100, 0x16139), (0x16D40, 0x16D79)),
    *((0x18CFF, 0x18CFF), (0x1CCF0, 0x1CCF9), (0x1E5D0, 0x1E5FA)),
)
LONG_S = "ſ"


def _newer_than_llama_cpp(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in UNICODE_16)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: Any, tokenizer: Any, load_gguf: Any) -> tuple[Any, Any]:
    """A tokenizer whose every two bytes merge, and its GGUF in llama.cpp."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path_factory.mktemp("pairs") / "pairs"
    tokenizer.save_pretrained(folder)
    rows = _merge_every_pair(folder / "tokenizer.json")
    config = Qwen2Config(
        vocab_size=rows,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    convert(folder, folder / "m.gguf", "f16")
    return AutoTokenizer.from_pretrained(folder), load_gguf(folder / "m.gguf")


def _merge_every_pair(path: Path) -> int:
    """Rewrite tokenizer.json; returns the number of rows."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    bos = next(token for token in saved["added_tokens"] if "begin" in token["content"])
    symbols = sorted(saved["model"]["vocab"], key=saved["model"]["vocab"].get)[:256]
    merges = [[a, b] for a in symbols for b in symbols]
    names = [*symbols, *("".join(merge) for merge in merges)]
    saved["model"] |= {"vocab": {name: row for row, name in enumerate(names)}, "merges": merges}
    for row, token in enumerate(saved["added_tokens"], start=len(names)):
        token["id"] = row
    saved["post_processor"]["special_tokens"][bos["content"]]["ids"] = [bos["id"]]
    path.write_text(json.dumps(saved, ensure_ascii=False), encoding="utf-8")
    return len(names) + len(saved["added_tokens"])


def _splits_alike(text: str, pair: tuple[Any, Any], normalized: Callable[..., str]) -> bool:
    tokenizer, model = pair
    expected = tokenizer.encode(text, add_special_tokens=False)
    return bool(model.tokenize(normalized(text, tokenizer)) == expected)


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(
        st.one_of(
            st.text(max_size=10),
            st.text(alphabet=" \t\r\n\u000b\u00a0\u2028\u3000", max_size=6),
            st.text(alphabet="aB9'sStTrReEvVmMlLdD .,_\n", max_size=12),
        ),
        max_size=6,
    )
)
def test_any_text_is_split_alike(
    pieces: list[str], pair: tuple[Any, Any], normalized: Callable[..., str]
) -> None:
    text = "".join(pieces)
    assume(LONG_S not in text and not any(map(_newer_than_llama_cpp, text)))
    assert _splits_alike(text, pair, normalized)


@pytest.mark.slow
def test_every_character_is_split_alike_but_those_of_unicode_16(
    pair: tuple[Any, Any], normalized: Callable[..., str]
) -> None:
    surrogates = range(0xD800, 0xE000)
    characters = [chr(point) for point in range(1, 0x20000) if point not in surrogates]
    differing = {
        c
        for c in characters
        if not _splits_alike(f"a{c}b {c}{c} 1{c}\n '{c}\t{c}\n", pair, normalized)
    }
    assert {c for c in differing if not _newer_than_llama_cpp(c)} == set()


def test_long_s_after_an_apostrophe_is_the_known_difference(
    pair: tuple[Any, Any], normalized: Callable[..., str]
) -> None:
    """HF's regex ignores case by Unicode folding, llama.cpp's by listing s and S (documented)."""
    assert not _splits_alike(f"x'{LONG_S}z", pair, normalized)
    assert _splits_alike("x'syz X'Syz", pair, normalized)
