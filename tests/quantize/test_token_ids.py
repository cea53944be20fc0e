"""The GGUF's tokenizer gives the ids of the Hugging Face tokenizer it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from quantize.convert import convert

if TYPE_CHECKING:
    from collections.abc import Callable

MARKERS = (
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<|EOT|>",
    "<think>",
    "</think>",
)
CORPUS = {
    "code": Path(__file__).read_text(encoding="utf-8"),
    "json": '{"a": [1, 2.50, -3e10], "b\\n": null}\t# 100%\r\n',
    "digits": "1234567890 3.14159 1_000_000 ٣٤٥ ५६७ ¼ Ⅷ x2y3",
    "spaces": "a  b   c\t\td\n\n\n  e \n \n\r\n\r f" + " " * 70 + "g\u3000h\u00a0i\u2028j",
    "dashes": "-" * 64 + "=" * 65 + "\n" + "#" * 40,
    "contractions": "it's I'VE don't we'LL he'd 'sup 's'S 're'Re y'all",
    "cjk": "请用Python写一个程序。日本語のテキスト、ひらがなカタカナ。한국어 문장",
    "emoji": "🚀🦙👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ✅😶‍🌫️",
    "combining, composed": "é å ñ 각 Ω",
    "combining, decomposed": "e\u0301 a\u030a n\u0303 \u1100\u1161\u11a8 \u2126",
    "marks without a composed form": "x\u0301\u0323 \u0331b ก็ हिन्दी",
    "right to left": "مرحبا بالعالم שלום \u200fabc\u200e",
    "beyond the first plane": "𝔘𝔫𝔦 𐍈 𠜎𠜱 \U0010ffff",
    "controls": "\x00\x01\x1f\x7f\x85",
    "markers": "<｜User｜>hi<｜Assistant｜><think>\nyes</think>\n\nok<｜end▁of▁sentence｜>",
    "almost markers": "<think <｜User |> </think><|EOT|><thinking> <｜end of sentence｜>",
    "mark after a marker": "<think>\u0338</think>\u0338",
    "llama.cpp's own check": (
        "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) 😶‍🌫️ (multiple emojis "
        "concatenated) ✅ 🦙🦙 3 33 333 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 "
        "កាន់តែពិសេសអាច😁 ?我想在apple工作1314151天～ ------======= нещо на Български "
        "''''''```````\"\"\"\"......!!!!!!?????? I've been 'told he's there, 'RE you sure? "
        "'M not sure I'll make it, 'D you like some tea? We'Ve a'lL"
    ),
}


@pytest.fixture(scope="module")
def pair(tied_checkpoint: Path, tmp_path_factory: Any, load_gguf: Any) -> tuple[Any, Any]:
    """The HF tokenizer, and the GGUF made from the same folder, in llama.cpp."""
    gguf = tmp_path_factory.mktemp("gguf") / "m.gguf"
    convert(tied_checkpoint, gguf, "f16")
    return AutoTokenizer.from_pretrained(tied_checkpoint), load_gguf(gguf)


def _encode(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    return ids


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_ids_agree(text: str, pair: tuple[Any, Any], normalized: Callable[..., str]) -> None:
    tokenizer, model = pair
    assert model.tokenize(normalized(text, tokenizer)) == _encode(tokenizer, text)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(
        st.one_of(
            st.text(max_size=12),
            st.text(alphabet=" \t\r\n\u00a0\u3000", max_size=8),
            st.text(alphabet="abcXYZ012'_(){}:=#\n ", max_size=20),
            st.sampled_from(MARKERS),
        ),
        max_size=8,
    )
)
def test_ids_agree_on_any_text(
    pieces: list[str], pair: tuple[Any, Any], normalized: Callable[..., str]
) -> None:
    tokenizer, model = pair
    text = "".join(pieces)
    assert model.tokenize(normalized(text, tokenizer)) == _encode(tokenizer, text)


def test_llama_cpp_does_not_normalise_so_decomposed_text_needs_nfc(pair: tuple[Any, Any]) -> None:
    """Documented in docs/convert.md: if this fails, llama.cpp has learnt NFC; drop that section."""
    tokenizer, model = pair
    assert model.tokenize("e\u0301") != _encode(tokenizer, "e\u0301")
    assert model.tokenize("\u00e9") == _encode(tokenizer, "e\u0301")


def test_every_id_has_the_same_name_in_both(pair: tuple[Any, Any]) -> None:
    tokenizer, model = pair
    names = [model.C.llama_vocab_get_text(model.vocab, row).decode() for row in range(model.rows)]
    assert names[: len(tokenizer)] == tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert names[len(tokenizer) :] == [f"[PAD{row}]" for row in range(len(tokenizer), model.rows)]


def test_markers_keep_their_kinds(pair: tuple[Any, Any]) -> None:
    tokenizer, model = pair
    kinds = {
        name: model.C.llama_vocab_get_attr(model.vocab, tokenizer.convert_tokens_to_ids(name))
        for name in MARKERS
    }
    user_defined = {"<think>", "</think>"}
    assert {n for n in MARKERS if kinds[n] & model.C.LLAMA_TOKEN_ATTR_USER_DEFINED} == user_defined
    assert {n for n in MARKERS if kinds[n] & model.C.LLAMA_TOKEN_ATTR_CONTROL} == (
        set(MARKERS) - user_defined
    )
    unused = model.C.llama_vocab_get_attr(model.vocab, model.rows - 1)
    assert unused & model.C.LLAMA_TOKEN_ATTR_UNUSED


def test_bos_is_added_by_both_or_written_by_the_template(pair: tuple[Any, Any]) -> None:
    tokenizer, model = pair
    assert model.tokenize("hi", add_special=True) == tokenizer.encode("hi")
    conversation = [{"role": "user", "content": "Print 1."}]
    rendered = tokenizer.apply_chat_template(
        conversation, add_generation_prompt=True, tokenize=False
    )
    ids = tokenizer.apply_chat_template(conversation, add_generation_prompt=True)["input_ids"]
    assert model.tokenize(rendered) == ids
    assert ids.count(tokenizer.bos_token_id) == 1
    template = model.C.llama_model_chat_template(model.model, None).decode()
    assert template == tokenizer.chat_template


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_nano_ids_agree(
    text: str, nano: tuple[Path, Path], load_gguf: Any, normalized: Callable[..., str]
) -> None:
    folder, gguf = nano
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load_gguf(gguf)
    assert model.tokenize(normalized(text, tokenizer)) == _encode(tokenizer, text)
