"""What `config.json` says of a Qwen2 model, checked, and the tensors such a model must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deepcoder_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHITECTURE: Final = "Qwen2ForCausalLM"
ROPE_TYPES: Final = ("default", "linear", "yarn")
_ROPE_NUMBERS: Final = {
    "rope_theta",
    "factor",
    "original_max_position_embeddings",
    "attention_factor",
    "beta_fast",
    "beta_slow",
}


@dataclass(frozen=True, slots=True)
class Qwen2Config:
    """The hyper-parameters of a Qwen2 causal language model.

    Attributes:
        head_dim: width of one attention head.
        explicit_head_dim: config.json names it, so the GGUF does too.
        rope: `rope_type`, `rope_theta`, and the scaling's own parameters.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    explicit_head_dim: bool
    context_length: int
    rms_norm_eps: float
    tied: bool
    rope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectedTensor:
    """A tensor the architecture asks for: its name in GGUF, and its shape."""

    gguf_name: str
    shape: tuple[int, ...]


def parse_config(raw: Mapping[str, Any]) -> Qwen2Config:
    """Read the contents of config.json.

    Raises:
        ModelError: another architecture, a value missing or out of range, or a feature that
            llama.cpp's Qwen2 lacks (sliding windows, activations other than SiLU).
    """
    if raw.get("architectures") != [ARCHITECTURE]:
        raise ModelError(f"architecture: {raw.get('architectures')} (only {ARCHITECTURE}).")
    _check_features(raw)
    hidden, heads = _positive(raw, "hidden_size"), _positive(raw, "num_attention_heads")
    explicit = raw.get("head_dim") is not None
    config = Qwen2Config(
        vocab_size=_positive(raw, "vocab_size"),
        hidden_size=hidden,
        intermediate_size=_positive(raw, "intermediate_size"),
        layers=_positive(raw, "num_hidden_layers"),
        heads=heads,
        kv_heads=_positive(raw, "num_key_value_heads"),
        head_dim=_positive(raw, "head_dim") if explicit else hidden // heads,
        explicit_head_dim=explicit,
        context_length=_positive(raw, "max_position_embeddings"),
        rms_norm_eps=_number(raw, "rms_norm_eps", 1e-6),
        tied=bool(raw.get("tie_word_embeddings", False)),
        rope=_rope(raw),
    )
    if heads % config.kv_heads or (not explicit and hidden % heads):
        raise ModelError(f"attention heads: {heads} of {hidden} over {config.kv_heads} key heads.")
    return config


def expected_tensors(config: Qwen2Config) -> dict[str, ExpectedTensor]:
    """Checkpoint name -> what it becomes; a tied model has no output matrix of its own."""
    matrix = (config.vocab_size, config.hidden_size)
    expected = {
        "model.embed_tokens.weight": ExpectedTensor("token_embd.weight", matrix),
        "model.norm.weight": ExpectedTensor("output_norm.weight", (config.hidden_size,)),
    }
    if not config.tied:
        expected["lm_head.weight"] = ExpectedTensor("output.weight", matrix)
    for layer in range(config.layers):
        for source, name, shape in _block(config):
            full = ExpectedTensor(f"blk.{layer}.{name}", shape)
            expected[f"model.layers.{layer}.{source}"] = full
    return expected


def _block(config: Qwen2Config) -> list[tuple[str, str, tuple[int, ...]]]:
    """One layer: checkpoint name, GGUF name, shape. Qwen2 needs no permutation of q and k."""
    hidden, ffn = config.hidden_size, config.intermediate_size
    query, key = config.heads * config.head_dim, config.kv_heads * config.head_dim
    return [
        ("input_layernorm.weight", "attn_norm.weight", (hidden,)),
        ("self_attn.q_proj.weight", "attn_q.weight", (query, hidden)),
        ("self_attn.q_proj.bias", "attn_q.bias", (query,)),
        ("self_attn.k_proj.weight", "attn_k.weight", (key, hidden)),
        ("self_attn.k_proj.bias", "attn_k.bias", (key,)),
        ("self_attn.v_proj.weight", "attn_v.weight", (key, hidden)),
        ("self_attn.v_proj.bias", "attn_v.bias", (key,)),
        ("self_attn.o_proj.weight", "attn_output.weight", (hidden, query)),
        ("post_attention_layernorm.weight", "ffn_norm.weight", (hidden,)),
        ("mlp.gate_proj.weight", "ffn_gate.weight", (ffn, hidden)),
        ("mlp.up_proj.weight", "ffn_up.weight", (ffn, hidden)),
        ("mlp.down_proj.weight", "ffn_down.weight", (hidden, ffn)),
    ]


def _check_features(raw: Mapping[str, Any]) -> None:
    if raw.get("use_sliding_window"):
        raise ModelError(
            "sliding-window attention: on (llama.cpp runs Qwen2 with full attention only). "
            "Set use_sliding_window to false if the window is never exceeded."
        )
    if raw.get("hidden_act", "silu") != "silu":
        raise ModelError(f"activation: {raw['hidden_act']} (only silu).")
    if raw.get("quantization_config"):
        raise ModelError("checkpoint already quantised. Convert the unquantised one.")


def _positive(raw: Mapping[str, Any], key: str) -> int:
    value = raw.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ModelError(f"config.json: {key} is {value!r} (a whole number from 1 up).")
    return value


def _number(raw: Mapping[str, Any], key: str, default: float) -> float:
    value = raw.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ModelError(f"config.json: {key} is {value!r} (a number).")
    return float(value)


def _rope(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The rotary parameters in transformers 5's form; older files spread them over three keys."""
    saved = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    if not isinstance(saved, dict):
        raise ModelError(f"config.json: rope parameters are {saved!r} (an object).")
    rope = dict(saved)
    rope.setdefault("rope_type", rope.pop("type", "default"))
    if "rope_theta" not in rope and raw.get("rope_theta") is not None:
        rope["rope_theta"] = raw["rope_theta"]
    if rope["rope_type"] not in ROPE_TYPES:
        allowed = ", ".join(ROPE_TYPES)
        raise ModelError(f"rope scaling: {rope['rope_type']} ({allowed} for Qwen2).")
    if rope["rope_type"] != "default" and "factor" not in rope:
        raise ModelError(f"rope scaling: {rope['rope_type']} without a factor.")
    for key in rope.keys() & _ROPE_NUMBERS:
        _number(rope, key, 0.0)
    if rope["rope_type"] == "yarn":
        rope.setdefault("original_max_position_embeddings", raw.get("max_position_embeddings"))
    return rope
