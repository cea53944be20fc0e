"""Which tensor becomes which, in which type, and its bytes: as llama.cpp's own converter does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from deepcoder_cli.errors import ModelError
from quantize.checkpoint import ITEM_BYTES, SourceTensor, read_tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from quantize.architecture import ExpectedTensor

OutType = Literal["auto", "f32", "f16", "bf16"]
# Buffers that old checkpoints carry and every engine computes for itself.
_COMPUTED: Final = (".rotary_emb.inv_freq", ".attention.masked_bias")


class FloatType(Enum):
    """A tensor type this converter writes; the value is its name in GGUF and safetensors."""

    F32 = "F32"
    F16 = "F16"
    BF16 = "BF16"


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """One tensor of the output file."""

    name: str
    type: FloatType
    source: SourceTensor

    @property
    def n_bytes(self) -> int:
        """Size in the output file."""
        return self.source.n_bytes // ITEM_BYTES[self.source.dtype] * ITEM_BYTES[self.type.value]


def resolve_outtype(outtype: OutType, sources: Iterable[SourceTensor]) -> FloatType:
    """The type for matrices; `auto` is that of the first 16-bit matrix, else F16."""
    if outtype != "auto":
        return FloatType(outtype.upper())
    matrices = (source.dtype for source in sources if len(source.shape) > 1)
    return FloatType(next((dtype for dtype in matrices if dtype != "F32"), "F16"))


def plan(
    sources: Mapping[str, SourceTensor],
    expected: Mapping[str, ExpectedTensor],
    matrix_type: FloatType,
) -> tuple[PlannedTensor, ...]:
    """Every output tensor in the checkpoint's order; vectors and norms stay F32.

    Raises:
        ModelError: a tensor is missing, unknown, or of another shape than config.json says.
    """
    _check_names(sources, expected)
    planned = []
    for name in (name for name in sources if name in expected):
        source, target = sources[name], expected[name]
        if source.shape != target.shape:
            raise ModelError(f"shape of {name}: {source.shape} (config.json: {target.shape}).")
        kind = matrix_type if len(source.shape) > 1 else FloatType.F32
        planned.append(PlannedTensor(target.gguf_name, kind, source))
    return tuple(planned)


def encode(tensor: PlannedTensor) -> NDArray[np.generic]:
    """The values of `tensor`, rounded to its type.

    Raises:
        ModelError: the checkpoint holds NaN or infinity, or a value too large for F16.
    """
    from gguf import GGMLQuantizationType, quants

    values = read_tensor(tensor.source)
    if not np.isfinite(values).all():
        raise ModelError(f"not a finite number in {tensor.source.name}. The training broke down.")
    with np.errstate(over="ignore"):
        encoded = quants.quantize(values, GGMLQuantizationType[tensor.type.value])
    if tensor.type is FloatType.F16 and not np.isfinite(encoded).all():
        raise ModelError(
            f"too large for f16: {np.abs(values).max():g} in {tensor.source.name} (65504). "
            "Use --outtype bf16 or f32."
        )
    return np.ascontiguousarray(encoded)


def _check_names(
    sources: Mapping[str, SourceTensor], expected: Mapping[str, ExpectedTensor]
) -> None:
    missing = sorted(expected.keys() - sources.keys())
    if missing:
        raise ModelError(f"tensor missing: {missing[0]} ({len(missing)} in all).")
    # A tied model may be saved with its copy of the embedding; the embedding is what counts.
    spare = sources.keys() - expected.keys() - {"lm_head.weight"}
    unknown = sorted(name for name in spare if not name.endswith(_COMPUTED))
    if unknown:
        raise ModelError(f"tensor not of this architecture: {unknown[0]} ({len(unknown)} in all).")
