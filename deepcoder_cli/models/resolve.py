"""Name -> model: what `--model` may say."""

from __future__ import annotations

from pathlib import Path

from deepcoder_cli import paths
from deepcoder_cli.errors import ModelError
from deepcoder_cli.models.gguf_header import printable, read_header
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
    path = _path(name)
    if path is None:
        raise ModelError(_unknown(name))
    read_header(path)
    return ModelRef(name, path)


def _builtin() -> ModelRef:
    path = paths.builtin_model()
    if not path.exists():
        raise ModelError(f"built-in model is missing: {path} (part of the package). Reinstall.")
    read_header(path)
    return ModelRef(BUILTIN, path, builtin=True)


def _path(name: str) -> Path | None:
    """The path that `name` is meant to be; None when it reads like another kind of name."""
    try:
        path = Path(name).expanduser()
        is_path = path.suffix.lower() == ".gguf" or (name != "" and path.exists())
    except (OSError, RuntimeError):  # too long a name, or the home of nobody
        return None
    return path if is_path else None


def _unknown(name: str) -> str:
    shown, kind = printable(name), _kind(name)
    if kind is not None:
        return f"{kind} cannot be used as a model yet: {shown} ({_ALLOWED}). Name one of these."
    return f"model not found: {shown} ({_ALLOWED}). Check the name."


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
