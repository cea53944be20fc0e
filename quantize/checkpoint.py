"""Reads a Hugging Face folder: its JSON files and where each tensor lies in the safetensors.

The safetensors header is parsed here because numpy has no bfloat16 and because a tensor must be
read alone: the 14B checkpoint never has to fit in memory. Not covered: `pytorch_model.bin`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepcoder_cli.errors import InputError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SINGLE_FILE: Final = "model.safetensors"
INDEX_FILE: Final = "model.safetensors.index.json"
ITEM_BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2}
_MAX_HEADER_BYTES: Final = 100_000_000  # the format's own limit


@dataclass(frozen=True, slots=True)
class SourceTensor:
    """One tensor of the checkpoint: its type and shape, and its bytes' place in `file`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    offset: int

    @property
    def n_bytes(self) -> int:
        """Size in the file."""
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object in `folder / name`.

    Raises:
        InputError: there is no such folder or file, or it holds no JSON object.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}. Give the folder of a Hugging Face checkpoint.")
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"checkpoint without {name}: {folder}. Save it with the model.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read {folder / name}: {error}. Save it again.") from error
    if not isinstance(value, dict):
        raise InputError(f"cannot read {folder / name}: not a JSON object. Save it again.")
    return value


def index_tensors(folder: Path) -> dict[str, SourceTensor]:
    """Every tensor of the checkpoint, files sorted by name and names sorted within a file.

    Raises:
        InputError: a weight file is missing.
        ModelError: a weight file is damaged, or the index names tensors that no file holds.
    """
    if not (folder / INDEX_FILE).is_file():
        return _index_file(folder / SINGLE_FILE)
    weight_map = read_json(folder, INDEX_FILE).get("weight_map")
    if not isinstance(weight_map, dict) or not all(_plain(part) for part in weight_map.values()):
        raise ModelError(f"no weight_map in {folder / INDEX_FILE}. Save the checkpoint again.")
    tensors: dict[str, SourceTensor] = {}
    for part in sorted(set(weight_map.values())):
        tensors |= _index_file(folder / part)
    absent = sorted(weight_map.keys() - tensors.keys())
    if absent:
        raise ModelError(f"tensor missing from its file: {absent[0]} ({len(absent)} in all).")
    return tensors


def read_tensor(tensor: SourceTensor) -> NDArray[Any]:
    """The values: F16 and F32 as they are, BF16 widened to F32 (exact)."""
    raw = np.fromfile(tensor.file, np.uint8, tensor.n_bytes, offset=tensor.offset)
    if tensor.dtype == "BF16":
        wide = raw.view("<u2").astype(np.uint32) << np.uint32(16)
        return wide.view(np.float32).reshape(tensor.shape)
    stored = np.float32 if tensor.dtype == "F32" else np.float16
    return raw.view(stored).reshape(tensor.shape)


def _plain(part: object) -> bool:
    """A file name of the same folder: an index must not lead elsewhere."""
    return isinstance(part, str) and part not in {"", ".", ".."} and not {"/", "\\"} & set(part)


def _index_file(path: Path) -> dict[str, SourceTensor]:
    try:
        header, start = _read_header(path)
        tensors = [
            _source_tensor(path, start, name, header[name])
            for name in sorted(header.keys() - {"__metadata__"})
        ]
    except FileNotFoundError:
        raise InputError(f"no such weight file: {path}. Copy the whole checkpoint.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"damaged safetensors file: {path} ({error}). Copy it again.") from error
    return {tensor.name: tensor for tensor in tensors}


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """The header's JSON, and the offset at which the data begins."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 2 <= size <= min(_MAX_HEADER_BYTES, path.stat().st_size - 8):
            raise ValueError(f"header of {size} bytes")
        header = json.loads(file.read(size))
    if not isinstance(header, dict):
        raise TypeError("header is not an object")
    return header, 8 + size


def _source_tensor(path: Path, start: int, name: str, entry: dict[str, Any]) -> SourceTensor:
    if entry["dtype"] not in ITEM_BYTES:
        raise ModelError(
            f"tensor type not supported: {name} is {entry['dtype']} (F32, F16, BF16). "
            "Save the checkpoint in one of these."
        )
    begin, end = entry["data_offsets"]
    tensor = SourceTensor(name, entry["dtype"], tuple(entry["shape"]), path, start + begin)
    if begin < 0 or end - begin != tensor.n_bytes or start + end > path.stat().st_size:
        raise ValueError(f"{name} lies outside the file")
    return tensor
