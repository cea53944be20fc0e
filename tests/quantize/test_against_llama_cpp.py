"""The converter writes what llama.cpp's own converter writes, byte for byte.

By default against golden descriptions of that converter's files (llama.cpp as vendored in
llama-cpp-python 0.3.36). With LLAMA_CPP_SOURCE set to a llama.cpp tree the converter itself is
run; DEEPCODER_UPDATE_GOLDEN=1 then rewrites the golden files from its output.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader
from safetensors.numpy import save_file

from quantize.architecture import expected_tensors, parse_config
from quantize.convert import convert

GOLDEN = Path(__file__).parent / "golden"
CASES = [("tied", "f32"), ("tied", "f16"), ("untied", "bf16"), ("untied", "auto")]
each_case = pytest.mark.parametrize(("kind", "outtype"), CASES, ids=["-".join(c) for c in CASES])


@pytest.fixture
def folder(kind: str, tmp_path: Path) -> Path:
    """The golden checkpoint with weights from arithmetic: the same everywhere, for ever."""
    folder = tmp_path / "tiny-r1"
    shutil.copytree(GOLDEN / "checkpoint", folder)
    config = json.loads((folder / "config.json").read_text())
    config["tie_word_embeddings"] = kind == "tied"
    (folder / "config.json").write_text(json.dumps(config))
    expected = expected_tensors(parse_config(config))
    weights = {
        name: _values(number, expected[name].shape) for number, name in enumerate(sorted(expected))
    }
    save_file(weights, folder / "model.safetensors")
    return folder


def _values(seed: int, shape: tuple[int, ...]) -> Any:
    steps = np.arange(np.prod(shape), dtype=np.uint64) + np.uint64(7919 * seed)
    scrambled = (steps * np.uint64(2654435761)) % np.uint64(2**32)
    return (scrambled.astype(np.float64) / 2**32 - 0.5).astype(np.float32).reshape(shape)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _describe(path: Path) -> dict[str, Any]:
    """Keys and tensors in file order; long values by hash. `sha256` is the whole file's."""
    reader = GGUFReader(path)
    keys = {}
    for field in reader.fields.values():
        kinds, value = "/".join(kind.name for kind in field.types), field.contents()
        text = json.dumps(value, ensure_ascii=False)
        keys[field.name] = [kinds, value if len(text) < 100 else _digest(text.encode())]
    tensors = {
        tensor.name: [
            tensor.tensor_type.name,
            [int(n) for n in tensor.shape],
            _digest(tensor.data.tobytes()),
        ]
        for tensor in reader.tensors
    }
    return {"keys": keys, "tensors": tensors, "sha256": _digest(path.read_bytes())}


@each_case
def test_file_is_the_golden_one(kind: str, outtype: Any, folder: Path, tmp_path: Path) -> None:
    convert(folder, tmp_path / "ours.gguf", outtype)
    golden = json.loads((GOLDEN / f"{kind}-{outtype}.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(_describe(tmp_path / "ours.gguf")))
    assert list(found["keys"].items()) == list(golden["keys"].items())
    assert list(found["tensors"].items()) == list(golden["tensors"].items())
    assert found["sha256"] == golden["sha256"]


@each_case
def test_file_is_the_one_llama_cpp_writes(
    kind: str, outtype: Any, folder: Path, tmp_path: Path
) -> None:
    source = os.environ.get("LLAMA_CPP_SOURCE")
    if not source:
        pytest.skip("LLAMA_CPP_SOURCE is not set: compared with golden descriptions only")
    theirs = tmp_path / "theirs.gguf"
    script = str(GOLDEN / "reference.py")
    subprocess.run([sys.executable, script, source, str(folder), str(theirs), outtype], check=True)
    if os.environ.get("DEEPCODER_UPDATE_GOLDEN"):
        text = json.dumps(_describe(theirs), ensure_ascii=False, indent=1) + "\n"
        (GOLDEN / f"{kind}-{outtype}.json").write_text(text, encoding="utf-8")
    convert(folder, tmp_path / "ours.gguf", outtype)
    assert (tmp_path / "ours.gguf").read_bytes() == theirs.read_bytes()
