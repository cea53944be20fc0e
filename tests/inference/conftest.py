"""Tiny real models for the real llama.cpp, and logs in the test's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.types import ModelRef
from tests.inference import tiny_gguf
from tests.inference.tiny_gguf import CLOSE, DASHES_64, EOS, SPACES_40, Shape

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the engine logs in this test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "deepcoder" / "logs"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gguf")


def _ref(path: Path) -> ModelRef:
    return ModelRef(path.stem, path)


@pytest.fixture(scope="session")
def random_model(models: Path) -> ModelRef:
    """Random weights; never ends its turn; 65,536 tokens of context."""
    shape = Shape(context=65536)
    return _ref(tiny_gguf.random_model(models / "random.gguf", shape=shape))


@pytest.fixture(scope="session")
def small_context_model(models: Path) -> ModelRef:
    """Random weights, a context of 64 tokens."""
    return _ref(tiny_gguf.random_model(models / "small.gguf", shape=Shape(context=64)))


@pytest.fixture(scope="session")
def scripted_model(models: Path) -> ModelRef:
    """Reasons with very long tokens, answers with a split and a broken character, and stops."""
    script = ["H", "i", SPACES_40, "x", DASHES_64, CLOSE, b"\xc3", b"\xa9", b"\xff", "!", EOS]
    return _ref(tiny_gguf.scripted_model(models / "scripted.gguf", script))


@pytest.fixture(scope="session")
def endless_model(models: Path) -> ModelRef:
    """Says abcabc... until it is stopped."""
    script = ["a", "b", "c", "a"]
    return _ref(
        tiny_gguf.scripted_model(models / "endless.gguf", script, shape=Shape(context=65536))
    )
