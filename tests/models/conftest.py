"""A whole GGUF file to damage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inference.tiny_gguf import Shape, random_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def gguf_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen2 model of one layer."""
    shape = Shape(layers=1, width=32, hidden=32, context=512)
    return random_model(tmp_path_factory.mktemp("gguf") / "tiny.gguf", shape=shape)
