"""The tokens of a Qwen2 or R1-Distill-Qwen `tokenizer.json`, as llama.cpp wants them.

llama.cpp does not normalise text, while these tokenizers apply NFC first: ids agree on text that
is in NFC already, so callers of the GGUF normalise their input (docs/convert.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deepcoder_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

QWEN2_PRETOKENIZER: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
R1_BOS: Final = "<｜begin▁of▁sentence｜>"

# tokenizer.ggml.token_type
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One entry for every row of the embedding.

    Attributes:
        tokens: byte-level symbols for ordinary tokens, plain text for added ones.
        types: `tokenizer.ggml.token_type` of each.
        pre: `tokenizer.ggml.pre`, llama.cpp's name for the pre-tokenizer.
    """

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    pre: str


def read_vocabulary(tokenizer: Mapping[str, Any], vocab_size: int) -> Vocabulary:
    """The contents of tokenizer.json, padded to `vocab_size` rows with unused `[PADi]`.

    Raises:
        ModelError: not a byte-level BPE with Qwen2's pre-tokenizer, or more tokens than rows.
    """
    _check_pipeline(tokenizer)
    try:
        entries = {id_: (token, NORMAL) for token, id_ in tokenizer["model"]["vocab"].items()}
        entries |= {added["id"]: _added(added) for added in tokenizer["added_tokens"]}
        last = max(entries)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"damaged tokenizer.json ({error!r}). Save it again.") from error
    if last >= vocab_size:
        raise ModelError(f"vocabulary: token id {last} (config.json: {vocab_size} rows).")
    rows = [entries.get(id_, (f"[PAD{id_}]", UNUSED)) for id_ in range(vocab_size)]
    names = {token for token, _ in rows}
    return Vocabulary(
        tokens=tuple(token for token, _ in rows),
        types=tuple(kind for _, kind in rows),
        pre="deepseek-r1-qwen" if R1_BOS in names else "qwen2",
    )


def _added(added: Mapping[str, Any]) -> tuple[str, int]:
    """An added token; R1 marks only two as special, but its markers are control tokens too."""
    text: str = added["content"]
    if added["special"] or _looks_special(text):
        return text, CONTROL
    return text.replace("▁", " "), USER_DEFINED


def _looks_special(text: str) -> bool:
    return text.startswith(("<|", "<｜")) and text.endswith(("|>", "｜>"))


def _check_pipeline(tokenizer: Mapping[str, Any]) -> None:
    found = _pipeline(tokenizer)
    if found not in (("BPE", None, "qwen2"), ("BPE", "NFC", "qwen2")):
        raise ModelError(
            f"unknown tokenizer: model {found[0]}, normaliser {found[1]}, pre-tokenizer "
            f"{found[2]} (BPE, NFC, qwen2). Only Qwen2's byte-level BPE is supported."
        )


def _pipeline(tokenizer: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """The kind of model, of normaliser and of pre-tokenizer (`qwen2` or `other`)."""
    model, normalizer = tokenizer.get("model") or {}, tokenizer.get("normalizer") or {}
    match tokenizer.get("pre_tokenizer"):
        case {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated"},
                {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
            ],
        } if regex == QWEN2_PRETOKENIZER:
            pre = "qwen2"
        case _:
            pre = "other"
    return str(model.get("type")), normalizer.get("type"), pre
