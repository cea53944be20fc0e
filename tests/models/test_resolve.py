"""What `--model` may say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deepcoder_cli import paths
from deepcoder_cli.errors import ModelError
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.types import ModelRef


def test_a_path_is_that_file(gguf_path: Path) -> None:
    assert resolve(str(gguf_path)) == ModelRef(str(gguf_path), gguf_path)


def test_a_relative_path_and_another_suffix(
    gguf_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(gguf_path, tmp_path / "model.bin")
    monkeypatch.chdir(tmp_path)
    assert resolve("model.bin").path == Path("model.bin")


def test_the_home_folder_is_expanded(
    gguf_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(gguf_path, tmp_path / "m.gguf")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("~/m.gguf").path == tmp_path / "m.gguf"


@pytest.mark.parametrize("name", [None, "nano"])
def test_nano_is_the_builtin_model(
    name: str | None, gguf_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "builtin_model", lambda: gguf_path)
    assert resolve(name) == ModelRef("nano", gguf_path, builtin=True)


def test_a_missing_builtin_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "builtin_model", lambda: tmp_path / "nano.gguf")
    with pytest.raises(ModelError, match="built-in model is missing"):
        resolve(None)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a GGUF file"):
        resolve(str(tmp_path / "m.gguf"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nanoo", "not found"),
        ("", "not found"),
        ("missing.gguf", "not found"),
        ("~nobody-of-this-name/m.gguf", "not found"),
        ("a\0b", "not found"),
        ("x" * 5000, "not found"),
        ("auto", "yet"),
        ("run:mine", "yet"),
        ("deepcoder-14b:Q4_K_M", "yet"),
    ],
)
def test_other_names_are_refused_in_one_line_that_names_what_works(name: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        resolve(name)
    assert "\n" not in str(caught.value)
    assert ".gguf" in str(caught.value)
