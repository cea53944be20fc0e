"""Name -> model: what `--model` may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli import paths
from deepcoder_cli.config import load_endpoints
from deepcoder_cli.endpoints import endpoint_at, is_address, without_user
from deepcoder_cli.errors import EndpointError, ModelError
from deepcoder_cli.models.gguf_header import printable, read_header
from deepcoder_cli.types import EndpointRef, ModelRef

if TYPE_CHECKING:
    from deepcoder_cli.types import AnyModelRef

BUILTIN = "nano"
_ALLOWED = (
    "`nano`, the path of a .gguf file, http(s)://host:port/v1#model, or the name of an endpoint in "
    "the settings file"
)


def resolve(name: str | None) -> AnyModelRef:
    """The model that `name` stands for. None is the built-in one.

    A file is checked; an endpoint is only asked when it is opened. A configured endpoint goes
    before a file of that name (`./name` is the file); `NAME#model` names another of its models.

    Raises:
        ModelError: no such model, or a file that cannot be one.
        EndpointError: an endpoint's address that cannot be used.
        InputError: the settings file, where endpoints are named, cannot be used.
    """
    if name is None or name == BUILTIN:
        return _builtin()
    if is_address(name):
        return endpoint_at(name)
    endpoint = _configured(name)
    if endpoint is not None:
        return endpoint
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


def _configured(name: str) -> EndpointRef | None:
    """The endpoint of the settings file that `name` or `name#model` stands for."""
    own, mark, model = name.partition("#")
    endpoint = load_endpoints().get(own)
    if endpoint is None or not mark:
        return endpoint
    if not model or not model.isprintable():
        raise EndpointError(f"endpoint names no model: {printable(name)} (NAME#model). Name one.")
    return replace(endpoint, name=name, model=model)


def _path(name: str) -> Path | None:
    """The path that `name` is meant to be; None when it reads like another kind of name."""
    try:
        path = Path(name).expanduser()
        is_path = path.suffix.lower() == ".gguf" or (name != "" and path.exists())
    except (OSError, RuntimeError):  # too long a name, or the home of nobody
        return None
    return path if is_path else None


def _unknown(name: str) -> str:
    shown, kind = printable(without_user(name)), _kind(name)
    if kind is not None:
        return f"{kind} cannot be used as a model yet: {shown} ({_ALLOWED}). Name one of these."
    configured = ", ".join(sorted(load_endpoints()))
    listed = f"{_ALLOWED}: {configured}" if configured else _ALLOWED
    return f"model not found: {shown} ({listed}). Check the name."


def _kind(name: str) -> str | None:
    """What a name of the later grammar is called; None for an ordinary unknown one."""
    if name.startswith("run:"):
        return "a training run"
    if name == "auto":
        return "automatic choice"
    if ":" in name:
        return "a catalogue model"
    return None
