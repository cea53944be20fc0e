"""Writes tiny Qwen2 GGUF models: one with random weights, one that follows a script."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gguf
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
OPEN, CLOSE = "<think>", "</think>"
CONTROL = (BOS, EOS, USER, ASSISTANT)
SPACES_40, DASHES_64 = " " * 40, "-" * 64

R1_TEMPLATE = (
    "{{bos_token}}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ m['content'] }}{% endif %}"
    "{% if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{% endif %}"
    "{% if m['role'] == 'assistant' %}"
    "{{ '<｜Assistant｜>' + m['content'].split('</think>')[-1] + '<｜end▁of▁sentence｜>' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}"
)


def byte_to_char() -> dict[int, str]:
    """GPT-2's table: each byte as a printable character."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in printable}
    others = (byte for byte in range(256) if byte not in table)
    table.update({byte: chr(256 + n) for n, byte in enumerate(others)})
    return table


_CHARS = byte_to_char()


def spelled(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return "".join(_CHARS[byte] for byte in data)


@dataclass
class Vocabulary:
    """Every byte, a few merges, two very long tokens, and DeepSeek's special tokens."""

    tokens: list[str] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens += [_CHARS[byte] for byte in range(256)]
        for left, right in _merges():
            self.merges.append(f"{spelled(left)} {spelled(right)}")
            self.tokens.append(spelled(left + right))
        self.ordinary = len(self.tokens)
        self.tokens += [*CONTROL, OPEN, CLOSE]

    def id(self, text: str | bytes) -> int:
        if isinstance(text, str) and text in self.tokens[self.ordinary :]:
            return self.tokens.index(text, self.ordinary)
        return self.tokens.index(spelled(text))

    def types(self) -> list[int]:
        kinds = [gguf.TokenType.NORMAL] * self.ordinary
        kinds += [gguf.TokenType.CONTROL] * len(CONTROL)
        return [int(k) for k in [*kinds, *[gguf.TokenType.USER_DEFINED] * 2]]


def _merges() -> list[tuple[str, str]]:
    doubled = [(c * n, c * n) for c in " -" for n in (1, 2, 4, 8, 16)]
    words = [("t", "h"), ("th", "e"), (" ", "the"), ("i", "n"), ("p", "r"), ("pr", "in")]
    return [*doubled, ("-" * 32, "-" * 32), (" " * 32, " " * 8), *words]


VOCABULARY = Vocabulary()


@dataclass(frozen=True)
class Shape:
    layers: int = 2
    width: int = 64
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 128
    context: int = 4096


def random_model(
    path: Path, *, seed: int = 0, shape: Shape = Shape(), architecture: str = "qwen2"
) -> Path:
    """Random weights that never end a turn on their own."""
    rng = np.random.default_rng(seed)
    tensors = _tensors(shape, lambda *size: rng.normal(0, size[-1] ** -0.5, size))
    tensors["token_embd.weight"] = rng.normal(0, 1, (len(VOCABULARY.tokens), shape.width))
    tensors["output.weight"] *= 3.0
    tensors["output.weight"][VOCABULARY.id(EOS)] = 0.0  # logit 0: far below the best
    return write(path, tensors, shape, architecture=architecture)


def scripted_model(
    path: Path,
    script: list[str | bytes],
    *,
    shape: Shape = Shape(),
    template: str | None = R1_TEMPLATE,
) -> Path:
    """A model that says `script`, each token decided by the one before it.

    Attention and feed-forward give nothing, so the logits are a function of the last token:
    the output row of the next one is the embedding of the last. The last token must not occur
    in the script again, unless it is to go round for ever.
    """
    rng = np.random.default_rng(1)
    size = (len(VOCABULARY.tokens), 128)
    shape = Shape(shape.layers, 128, shape.heads, shape.kv_heads, shape.hidden, shape.context)
    tensors = _tensors(shape, lambda *size: np.zeros(size))
    embedding = rng.normal(0, 1, size)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    output = np.zeros(size)
    chain = [VOCABULARY.id("\n"), *(VOCABULARY.id(token) for token in script)]
    for last, following in itertools.pairwise(chain):
        output[following] += 10 * embedding[last]
    tensors |= {"token_embd.weight": embedding, "output.weight": output}
    return write(path, tensors, shape, template=template)


def _tensors(shape: Shape, matrix) -> dict[str, np.ndarray]:  # noqa: ANN001
    kv_width = shape.width // shape.heads * shape.kv_heads
    tensors = {"output_norm.weight": np.ones(shape.width)}
    tensors["output.weight"] = matrix(len(VOCABULARY.tokens), shape.width)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        sizes = {
            "attn_q": (shape.width, shape.width),
            "attn_k": (kv_width, shape.width),
            "attn_v": (kv_width, shape.width),
            "attn_output": (shape.width, shape.width),
            "ffn_gate": (shape.hidden, shape.width),
            "ffn_up": (shape.hidden, shape.width),
            "ffn_down": (shape.width, shape.hidden),
        }
        tensors |= {f"{block}{name}.weight": matrix(*size) for name, size in sizes.items()}
        for name in ("attn_q", "attn_k", "attn_v"):
            tensors[f"{block}{name}.bias"] = np.zeros(sizes[name][0])
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"{block}{name}.weight"] = np.ones(shape.width)
    return tensors


def write(
    path: Path,
    tensors: dict[str, np.ndarray],
    shape: Shape,
    *,
    architecture: str = "qwen2",
    template: str | None = R1_TEMPLATE,
) -> Path:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen")
    writer.add_token_list(VOCABULARY.tokens)
    writer.add_token_types(VOCABULARY.types())
    writer.add_token_merges(VOCABULARY.merges)
    writer.add_bos_token_id(VOCABULARY.id(BOS))
    writer.add_eos_token_id(VOCABULARY.id(EOS))
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
