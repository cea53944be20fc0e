"""Where deepcoder keeps things: the XDG folders. Nothing else in the product computes a path."""

from __future__ import annotations

import os
from pathlib import Path

from deepcoder_cli.errors import InputError

_APP = "deepcoder"


def _xdg(variable: str, fallback: str) -> Path:
    """Our folder in an XDG one; relative values are ignored, as the specification asks.

    Raises:
        InputError: the user has no home folder, and `variable` names no other.
    """
    value = Path(os.environ.get(variable, ""))
    base = value if value.is_absolute() else _home(variable) / fallback
    return base / _APP


def _home(variable: str) -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        msg = f"no home folder: HOME is not set (a folder for this user). Set HOME or {variable}."
        raise InputError(msg) from error


def config_file() -> Path:
    """The settings file (need not exist)."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "config.toml"


def sessions_db() -> Path:
    """The SQLite file that holds every chat session."""
    return _xdg("XDG_DATA_HOME", ".local/share") / "sessions.sqlite3"


def logs_dir() -> Path:
    """Native and engine logs, which never reach the screen."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "logs"


def expected_outputs_dir() -> Path:
    """Outputs of data sets' canonical solutions; made again where they are missing."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "expected"


def builtin_model() -> Path:
    """The GGUF of `nano`, shipped in the wheel."""
    return Path(__file__).parent / "models" / "nano" / "nano-f16.gguf"
