"""The built-in model's tokenizer is of DeepSeek-R1-Distill-Qwen's make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, Qwen2Config

from deepcoder_cli.errors import InputError
from finetune.tokenizer import ADDED_TOKENS, SMALLEST_VOCABULARY, train_tokenizer

REPOSITORY = Path(__file__).parents[2]
SIZE = 384
CORPUS = [
    *(path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "quantize").glob("*.py"))),
    "<think>\nRead n. Print it.\n</think>\n\nnaïve café 日本語 🚀",
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(CORPUS, SIZE)


def test_vocabulary_is_exactly_as_large_as_asked(tokenizer: Any) -> None:
    assert len(tokenizer) == SIZE
    assert sorted(tokenizer.get_vocab().values()) == list(range(SIZE))


def test_special_tokens_stand_last_in_the_order_of_r1_distill(tokenizer: Any) -> None:
    names = [name for name, _ in ADDED_TOKENS]
    assert tokenizer.convert_ids_to_tokens(range(SIZE - len(names), SIZE)) == names
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    assert special == {"<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"}


def test_bos_eos_and_pad_are_those_of_r1_distill(tokenizer: Any) -> None:
    assert tokenizer.bos_token == "<｜begin▁of▁sentence｜>"
    assert tokenizer.eos_token == tokenizer.pad_token == "<｜end▁of▁sentence｜>"
    assert tokenizer.encode("hi")[0] == tokenizer.bos_token_id
    assert tokenizer.bos_token_id not in tokenizer.encode("hi", add_special_tokens=False)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_decoding_gives_back_the_text_in_nfc(text: str, tokenizer: Any) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == tokenizer.backend_tokenizer.normalizer.normalize_str(text)


def test_every_byte_has_a_token_of_its_own(tokenizer: Any) -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    assert set(ByteLevel.alphabet()) <= set(tokenizer.get_vocab())


def test_digits_are_split_one_by_one(tokenizer: Any) -> None:
    assert tokenizer.tokenize("2024") == ["2", "0", "2", "4"]


def test_think_tags_are_one_token_each_and_survive_skipping_special_tokens(tokenizer: Any) -> None:
    ids = tokenizer.encode("<think>a</think>")
    assert len(ids) == 4
    assert tokenizer.decode(ids, skip_special_tokens=True) == "<think>a</think>"


def test_no_merge_is_learnt_inside_a_marker() -> None:
    spam = train_tokenizer(["<｜Assistant｜><think>"] * 50 + ["ab ab"], SMALLEST_VOCABULARY + 2)
    learnt = set(spam.get_vocab()) - {name for name, _ in ADDED_TOKENS}
    assert {token for token in learnt if len(token) > 1} == {"ab", "Ġab"}


def test_template_ends_in_an_open_think_tag(tokenizer: Any) -> None:
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Print 1."}], add_generation_prompt=True, tokenize=False
    )
    expected = "<｜begin▁of▁sentence｜><｜User｜>Print 1.<｜Assistant｜><think>\n"
    assert text == expected


def test_template_drops_the_reasoning_of_past_turns(tokenizer: Any) -> None:
    turns = [
        {"role": "user", "content": "u1"},
        {"role": "assistant", "content": "<think>\nlong</think>\n\nanswer"},
        {"role": "user", "content": "u2"},
    ]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert "long" not in text
    assert "<｜Assistant｜>\n\nanswer<｜end▁of▁sentence｜><｜User｜>u2" in text


def test_training_is_the_same_for_the_same_texts_in_any_order(
    tokenizer: Any, tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path / "a")
    train_tokenizer(reversed(CORPUS), SIZE).save_pretrained(tmp_path / "b")
    saved = [(tmp_path / side / "tokenizer.json").read_bytes() for side in "ab"]
    assert saved[0] == saved[1]


@pytest.mark.parametrize("beside_model", [False, True], ids=["alone", "beside config.json"])
def test_saved_folder_loads_with_the_same_ids(
    beside_model: bool, tokenizer: Any, tmp_path: Path
) -> None:
    """Beside a config.json, transformers loads its Qwen2 class, which must not add tokens."""
    tokenizer.save_pretrained(tmp_path)
    if beside_model:
        Qwen2Config(architectures=["Qwen2ForCausalLM"], vocab_size=SIZE).save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = CORPUS[0] + CORPUS[-1] + "<｜User｜> It's 2024\r\n\t e\u0301 <|endoftext|>"
    assert len(loaded) == SIZE
    assert loaded.encode(text) == tokenizer.encode(text)
    assert loaded.chat_template == tokenizer.chat_template
    assert (loaded.bos_token_id, loaded.eos_token_id, loaded.pad_token_id) == (
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.pad_token_id,
    )


def test_a_vocabulary_too_small_for_the_bytes_is_refused() -> None:
    with pytest.raises(InputError, match="263"):
        train_tokenizer(["text"], SMALLEST_VOCABULARY - 1)


def test_a_corpus_too_small_for_the_vocabulary_is_refused_with_what_it_fills() -> None:
    with pytest.raises(InputError, match="fills 264"):
        train_tokenizer(["ab"], 512)


def test_nano_tokenizer_is_one_of_these() -> None:
    folder = REPOSITORY / "tests" / "data" / "nano"
    if not (folder / "tokenizer.json").is_file():
        pytest.skip("the built-in model is not here: no tokenizer.json; make it with finetune.nano")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    loaded = AutoTokenizer.from_pretrained(folder)
    assert len(loaded) <= config["vocab_size"]
    assert loaded.convert_ids_to_tokens(loaded.eos_token_id) == "<｜end▁of▁sentence｜>"
    assert [t.content for t in loaded.added_tokens_decoder.values()] == [n for n, _ in ADDED_TOKENS]
