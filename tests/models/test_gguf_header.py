"""Reading GGUF headers: what a good file says, and one clear line for every bad one."""

from __future__ import annotations

import os
import re
import resource
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import ModelError
from deepcoder_cli.models.ggml_types import GGML_TYPES
from deepcoder_cli.models.gguf_header import read_header
from tests.inference.tiny_gguf import R1_TEMPLATE


def test_says_what_the_model_is(gguf_path: Path) -> None:
    header = read_header(gguf_path)
    assert header.architecture == "qwen2"
    assert header.name == "tiny"
    assert header.context_tokens == 512
    assert header.chat_template == R1_TEMPLATE
    assert header.file_bytes == gguf_path.stat().st_size
    assert header.metadata["qwen2.embedding_length"] == 32
    assert header.metadata["tokenizer.ggml.add_bos_token"] is False


def test_agrees_with_the_gguf_package(gguf_path: Path) -> None:
    reader = gguf.GGUFReader(gguf_path)
    header = read_header(gguf_path)
    assert header.tensors == len(reader.tensors)
    assert header.parameters == sum(int(tensor.n_elements) for tensor in reader.tensors)


def test_knows_the_size_of_every_type_the_gguf_package_knows() -> None:
    sizes = {int(k): (k.name, *size) for k, size in gguf.GGML_QUANT_SIZES.items()}
    assert {number: tuple(kind) for number, kind in GGML_TYPES.items()} == sizes


def error_of(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_header(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def test_a_missing_file(tmp_path: Path) -> None:
    assert "not found" in error_of(tmp_path / "no.gguf")


def test_a_folder(tmp_path: Path) -> None:
    assert "folder" in error_of(tmp_path)


def test_a_path_through_a_file(gguf_path: Path) -> None:
    assert "cannot be read" in error_of(gguf_path / "model.gguf")


def test_an_unreadable_file(gguf_path: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every file: the permission cannot be tested")
    path = tmp_path / "secret.gguf"
    path.write_bytes(gguf_path.read_bytes())
    path.chmod(0)
    assert "Permission denied" in error_of(path)


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "not a regular file" in error_of(tmp_path / "pipe.gguf")


def test_a_device() -> None:
    assert "not a regular file" in error_of(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"GG", "not a GGUF file"),
        (b"PK\x03\x04" + bytes(100), "not a GGUF file"),
        (b"<html>Not found</html>", "not a GGUF file"),
        (b"GGUF", "truncated"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(100), "version 1"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(100), "big-endian"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "no weights"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0), "malformed"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1000, 0), "truncated"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**64 - 1), "malformed"),
    ],
)
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    assert reason in error_of(path)


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value


HOSTILE = {
    "a string longer than the file": entry(b"a", 8, struct.pack("<Q", 2**62)),
    "an array longer than the file": entry(b"a", 9, struct.pack("<IQ", 10, 2**62)),
    "an array of 2**60 strings": entry(b"a", 9, struct.pack("<IQ", 8, 2**60)),
    "an array of empty arrays": entry(b"a", 9, struct.pack("<IQ", 9, 2**60)),
    "arrays nested without end": entry(b"a", 9, struct.pack("<IQ", 9, 1) * 200),
    "a type that does not exist": entry(b"a", 77, b""),
    "an empty alignment": entry(b"general.alignment", 4, struct.pack("<I", 0)),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_header_costs_no_memory(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "hostile.gguf"
    tensor = struct.pack("<Q1sIQIQ", 1, b"t", 1, 32, 0, 0)
    padding = bytes(1 << 16)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + body + tensor + padding)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error_of(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB


def test_a_vocabulary_without_weights(tmp_path: Path) -> None:
    path = tmp_path / "vocab.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_token_list(["a", "b"])
    close(writer)
    assert "no weights" in error_of(path)


def test_one_part_of_several(tmp_path: Path) -> None:
    path = tmp_path / "m-00002-of-00005.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_uint16("split.no", 1)
    writer.add_uint16("split.count", 5)
    writer.add_tensor("t", np.zeros(32, dtype=np.float32))
    close(writer)
    message = error_of(path)
    assert "part 2 of 5" in message
    assert "--merge" in message


def test_an_unknown_architecture_is_left_to_llama_cpp(tmp_path: Path) -> None:
    path = tmp_path / "mystery.gguf"
    writer = gguf.GGUFWriter(path, "mystery")
    writer.add_tensor("t", np.zeros(32, dtype=np.float32))
    close(writer)
    assert read_header(path).architecture == "mystery"


def close(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_control_character_in_the_path_stays_on_one_line(tmp_path: Path) -> None:
    error_of(tmp_path / "a\nb\x1b[31m.gguf")


def test_one_missing_byte_is_noticed_and_both_sizes_told(gguf_path: Path, tmp_path: Path) -> None:
    data = gguf_path.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(data[:-1])
    message = error_of(path)
    assert re.search(rf"truncated: .*\({len(data) - 1:,} bytes, at least {len(data):,}", message)


FILES = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@given(data=st.data())
def test_every_truncation_is_a_model_error(
    gguf_path: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = gguf_path.read_bytes()
    length = data.draw(st.integers(0, len(whole) - 1) | st.integers(0, 200))
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[:length])
    error_of(path)


@FILES
@given(data=st.data())
def test_a_corrupted_header_is_read_or_a_model_error(
    gguf_path: Path, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(gguf_path.read_bytes())
    places = st.integers(0, 600) | st.integers(0, len(content) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=6)):
        patch = data.draw(st.binary(min_size=1, max_size=8) | st.just(b"\xff" * 8))
        content[place : place + len(patch)] = patch
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    try:
        read_header(path)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are fine


@FILES
@given(tail=st.binary(max_size=300), version=st.sampled_from([2, 3]))
def test_random_bytes_after_the_magic_are_a_model_error(
    tmp_path: Path, tail: bytes, version: int
) -> None:
    path = tmp_path / "random.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<I", version) + tail)
    error_of(path)
