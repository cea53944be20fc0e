"""Train the built-in model's tokenizer: small, but of DeepSeek-R1-Distill-Qwen's exact make.

Byte-level BPE with Qwen2's pre-tokenizer (digits one by one) and NFC, then R1-Distill's special
tokens with their real names, order and kinds. `<think>` and `</think>` are ordinary added tokens,
so decoding with `skip_special_tokens=True` keeps them; the end-of-sentence token is also the pad
token, so mask padding by position and never by id.

As in R1-Distill, `encode` prepends the begin-of-sentence token and the chat template writes it
too: encode a rendered template with `add_special_tokens=False`.

Not covered: R1-Distill's tool-call markers (the template writes them as plain text) and Qwen's
vision and fill-in-the-middle tokens.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tokenizers import AddedToken, Tokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

BOS: Final = "<｜begin▁of▁sentence｜>"
EOS: Final = "<｜end▁of▁sentence｜>"
USER: Final = "<｜User｜>"
ASSISTANT: Final = "<｜Assistant｜>"
EOT: Final = "<|EOT|>"
THINK: Final = "<think>"
END_THINK: Final = "</think>"

# In R1-Distill's order (there ids 151643 to 151649), with its `special` flags.
ADDED_TOKENS: Final = (
    (EOS, True),
    (USER, False),
    (ASSISTANT, False),
    (BOS, True),
    (EOT, False),
    (THINK, False),
    (END_THINK, False),
)
BYTE_SYMBOLS: Final = 256
SMALLEST_VOCABULARY: Final = BYTE_SYMBOLS + len(ADDED_TOKENS)
MAX_LENGTH_TOKENS: Final = 16384  # model_max_length, as R1-Distill's tokenizer_config.json says

QWEN2_PRETOKENIZER: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

_MARKERS: Final = re.compile("|".join(re.escape(name) for name, _ in ADDED_TOKENS))


def train_tokenizer(corpus: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """Train on `corpus`; `vocab_size` is the exact number of ids (`len`), special tokens included.

    The same texts give the same tokenizer, whatever their order.

    Raises:
        InputError: `vocab_size` is too small for the bytes and special tokens, or larger than
            the corpus can fill.
    """
    _check_size(vocab_size)
    tokenizer = _untrained()
    _train(tokenizer, corpus, vocab_size - len(ADDED_TOKENS))
    tokenizer.add_tokens(_added_tokens())
    _check_filled(tokenizer.get_vocab_size(), vocab_size)
    tokenizer.post_processor = _bos_first(tokenizer)
    return _as_pretrained(tokenizer)


def chat_template() -> str:
    """DeepSeek-R1-Distill's chat template: Jinja that writes BOS and drops past reasoning."""
    return Path(__file__).with_name("chat_template.jinja").read_text(encoding="utf-8")


def _check_size(vocab_size: int) -> None:
    if vocab_size < SMALLEST_VOCABULARY:
        raise InputError(
            f"vocabulary too small: {vocab_size} (256 bytes and {len(ADDED_TOKENS)} special "
            f"tokens need {SMALLEST_VOCABULARY}). Ask for more."
        )


def _check_filled(found: int, vocab_size: int) -> None:
    if found < vocab_size:
        raise InputError(
            f"corpus too small for a vocabulary of {vocab_size} (it fills {found}). "
            f"Ask for {found} or fewer, or give more text."
        )


def _untrained() -> Tokenizer:
    """The Qwen2 pipeline around an empty BPE: NFC, the regex split, then bytes as symbols."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(QWEN2_PRETOKENIZER), behavior="isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _train(tokenizer: Tokenizer, corpus: Iterable[str], vocab_size: int) -> None:
    from tokenizers import pre_tokenizers, trainers

    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_without_markers(corpus), trainer)


def _without_markers(corpus: Iterable[str]) -> Iterator[str]:
    """The texts between special tokens, so that no merge is learnt inside a token's name."""
    for text in corpus:
        yield from filter(None, _MARKERS.split(text))


def _added_tokens() -> list[AddedToken]:
    from tokenizers import AddedToken

    return [AddedToken(name, special=special, normalized=False) for name, special in ADDED_TOKENS]


def _bos_first(tokenizer: Tokenizer) -> TemplateProcessing:
    from tokenizers import processors

    bos_id = tokenizer.token_to_id(BOS)
    return processors.TemplateProcessing(
        single=[BOS, "$A"], pair=[BOS, "$A", f"{BOS}:1", "$B:1"], special_tokens=[(BOS, bos_id)]
    )


def _as_pretrained(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=EOS,
        unk_token=None,  # said aloud: beside a Qwen2 config.json, loading would add <|endoftext|>
        add_bos_token=True,
        add_eos_token=False,
        chat_template=chat_template(),
        clean_up_tokenization_spaces=False,
        model_max_length=MAX_LENGTH_TOKENS,
    )
