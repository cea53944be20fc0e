"""Name -> model: what `--model` may say."""

from __future__ import annotations

from pathlib import Path

from deepcoder_cli import paths
from deepcoder_cli.errors import ModelError
from deepcoder_cli.models.gguf_header import read_header
from deepcoder_cli.types import ModelRef

BUILTIN = "nano"
_ALLOWED = "`nano`, or the path of a .gguf file"


def resolve(name: str | None) -> ModelRef:
    """The model that `name` stands for, its file checked. None is the built-in one.

    Raises:
        ModelError: no such model, or a file that cannot be one.
    """
    if name is None or name == BUILTIN:
        return _builtin()
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf" or path.exists():
        read_header(path)
        return ModelRef(name, path)
    raise ModelError(_unknown(name))


def _builtin() -> ModelRef:
    path = paths.builtin_model()
    if not path.exists():
        raise ModelError(f"built-in model is missing: {path} (part of the package). Reinstall.")
    read_header(path)
    return ModelRef(BUILTIN, path, builtin=True)


def _unknown(name: str) -> str:
    kind = _kind(name)
    if kind is not None:
        return f"{kind} cannot be used as a model yet: {name} ({_ALLOWED}). Name one of these."
    return f"model not found: {name} ({_ALLOWED}). Check the name."


def _kind(name: str) -> str | None:
    """What a name of the later grammar is called; None for an ordinary unknown one."""
    if name.startswith(("http://", "https://")):
        return "an endpoint"
    if name.startswith("run:"):
        return "a training run"
    if name == "auto":
        return "automatic choice"
    if ":" in name:
        return "a catalogue model"
    return None
