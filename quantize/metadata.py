"""The key-value part of a GGUF, in the order in which llama.cpp's own converter writes it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from deepcoder_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantize.architecture import Qwen2Config
    from quantize.tensors import FloatType
    from quantize.vocabulary import Vocabulary

_FILE_TYPE: Final = {"F32": "ALL_F32", "F16": "MOSTLY_F16", "BF16": "MOSTLY_BF16"}


def add_metadata(
    writer: Any,  # noqa: ANN401 - gguf.GGUFWriter; gguf is untyped
    folder: Path,
    config: Qwen2Config,
    vocabulary: Vocabulary,
    *,
    matrix_type: FloatType,
    name: str | None,
) -> None:
    """Add every key to `writer`, whose tensors must be known already (they give the size label)."""
    import gguf

    _add_general(writer, folder, name)
    _add_architecture(writer, config)
    _add_rope(writer, config)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if config.explicit_head_dim:
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_file_type(gguf.LlamaFileType[_FILE_TYPE[matrix_type.value]])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_tokenizer(writer, folder, vocabulary)


def _add_general(writer: Any, folder: Path, name: str | None) -> None:  # noqa: ANN401 - gguf
    """general.*: from README.md's front matter, generation_config.json and the folder's name."""
    import gguf
    import yaml  # type: ignore[import-untyped]  # gguf's own dependency, without stubs

    total, shared, expert, experts = writer.get_total_parameter_count()
    try:
        known = gguf.Metadata.load(None, folder, name, total)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        line = " ".join(str(error).split())
        raise ModelError(
            f"cannot read the metadata in {folder}: {line}. Mend README.md."
        ) from error
    known.name = known.name or folder.name
    known.size_label = known.size_label or gguf.size_label(total, shared, expert, experts)
    writer.add_type(gguf.GGUFType.MODEL)
    known.set_gguf_meta_model(writer)


def _add_architecture(writer: Any, config: Qwen2Config) -> None:  # noqa: ANN401 - gguf
    writer.add_block_count(config.layers)
    writer.add_context_length(config.context_length)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)


def _add_rope(writer: Any, config: Qwen2Config) -> None:  # noqa: ANN401 - gguf
    import gguf

    rope = config.rope
    if rope["rope_type"] != "default":
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        _add_yarn(writer, config)
    if rope.get("rope_theta") is not None:
        writer.add_rope_freq_base(rope["rope_theta"])


def _add_yarn(writer: Any, config: Qwen2Config) -> None:  # noqa: ANN401 - gguf
    rope = config.rope
    writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    attention = rope.get("attention_factor", rope.get("attn_factor"))
    if rope.get("extrapolation_factor") is not None:
        writer.add_rope_scaling_yarn_ext_factor(rope["extrapolation_factor"])
    if attention is not None:
        writer.add_rope_scaling_yarn_attn_factor(attention)
    if rope.get("beta_fast") is not None:
        writer.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
    if rope.get("beta_slow") is not None:
        writer.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])


def _add_tokenizer(writer: Any, folder: Path, vocabulary: Vocabulary) -> None:  # noqa: ANN401 - gguf
    """tokenizer.*: the tokens, then merges, special ids and the chat template from the folder."""
    import gguf

    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(list(vocabulary.tokens))
    writer.add_token_types(list(vocabulary.types))
    try:
        with _without_warnings("gguf.vocab"):
            special = gguf.SpecialVocab(folder, load_merges=True, n_vocab=len(vocabulary.tokens))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        line = " ".join(str(error).split())
        raise ModelError(
            f"damaged tokenizer files in {folder}: {line}. Save them again."
        ) from error
    if not special.merges:
        raise ModelError(f"tokenizer without merges: {folder}. Save the tokenizer again.")
    special.add_to_gguf(writer, quiet=True)


@contextlib.contextmanager
def _without_warnings(logger_name: str) -> Iterator[None]:
    """The reader warns of R1's own BOS-before-each-text template, which it does read correctly."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
