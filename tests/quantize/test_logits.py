"""The GGUF computes what the checkpoint computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from quantize.convert import convert

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = (
    "def add(a, b):\n    return a + b\n",
    "Read n, then n integers; print their sum.\n\n```python\n",
    "<｜User｜>Print 1234567.<｜Assistant｜><think>\n",
)


def _ids(folder: Path, prompt: str) -> list[int]:
    ids: list[int] = AutoTokenizer.from_pretrained(folder).encode(prompt)
    return ids


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("sharded", [False, True], ids=["one-file", "sharded"])
def test_f32_logits_equal_those_of_the_checkpoint(
    *,
    tied: bool,
    sharded: bool,
    make_checkpoint: Any,
    tmp_path: Path,
    load_gguf: Any,
    hf_logits: Any,
) -> None:
    folder = make_checkpoint(tied=tied, sharded=sharded)
    assert (folder / "model.safetensors.index.json").exists() == sharded
    convert(folder, tmp_path / "m.gguf", "f32")
    model = load_gguf(tmp_path / "m.gguf")
    for prompt in PROMPTS:
        ids = _ids(folder, prompt)
        expected = hf_logits(folder, ids)
        assert expected.std() > 0.5, "logits too flat to tell a right model from a wrong one"
        np.testing.assert_allclose(model.logits(ids), expected, atol=2e-4)


@pytest.mark.parametrize(("outtype", "tolerance"), [("f16", 2e-2), ("bf16", 2e-1)])
def test_sixteen_bit_logits_are_near_those_of_the_checkpoint(
    *,
    outtype: Any,
    tolerance: float,
    tied_checkpoint: Path,
    tmp_path: Path,
    load_gguf: Any,
    hf_logits: Any,
) -> None:
    convert(tied_checkpoint, tmp_path / "m.gguf", outtype)
    ids = _ids(tied_checkpoint, "".join(PROMPTS))
    found, expected = load_gguf(tmp_path / "m.gguf").logits(ids), hf_logits(tied_checkpoint, ids)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert _same_best(found, expected, tolerance)


def test_bf16_checkpoint_converts_without_loss(
    make_checkpoint: Any, tmp_path: Path, load_gguf: Any, hf_logits: Any
) -> None:
    folder = make_checkpoint(tied=False, dtype="bfloat16")
    assert convert(folder, tmp_path / "auto.gguf").outtype == "bf16"
    convert(folder, tmp_path / "wide.gguf", "f32")
    ids = _ids(folder, PROMPTS[0])
    expected = hf_logits(folder, ids)
    np.testing.assert_allclose(load_gguf(tmp_path / "wide.gguf").logits(ids), expected, atol=2e-4)


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "default", "rope_theta": 1_000_000.0},
        {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 2.0},
        {
            "rope_type": "yarn",
            "rope_theta": 10_000.0,
            "factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    ],
    ids=lambda rope: rope["rope_type"],
)
def test_rope_scaling_reaches_the_gguf(
    rope: dict[str, Any], make_checkpoint: Any, tmp_path: Path, load_gguf: Any, hf_logits: Any
) -> None:
    folder = make_checkpoint(tied=True, rope_parameters=rope)
    convert(folder, tmp_path / "m.gguf", "f32")
    ids = [token % 500 for token in range(7, 7 + 31 * 150, 31)]
    found = load_gguf(tmp_path / "m.gguf").logits(ids)
    np.testing.assert_allclose(found, hf_logits(folder, ids), atol=2e-3)


def test_nano_gguf_computes_what_its_checkpoint_computes(
    nano: tuple[Path, Path], load_gguf: Any, hf_logits: Any
) -> None:
    folder, gguf = nano
    model = load_gguf(gguf)
    for prompt in PROMPTS:
        ids = _ids(folder, prompt)
        found, expected = model.logits(ids), hf_logits(folder, ids)
        tolerance = 0.02 * np.abs(expected).max()
        np.testing.assert_allclose(found, expected, atol=tolerance)
        assert _same_best(found, expected, tolerance)


def _same_best(found: Any, expected: Any, tolerance: float) -> bool:
    """The best token agrees wherever its lead is more than rounding can overturn."""
    top = np.sort(expected, axis=-1)[:, -2:]
    clear = top[:, 1] - top[:, 0] > 2 * tolerance
    assert clear.any()
    return bool((found.argmax(-1) == expected.argmax(-1))[clear].all())
