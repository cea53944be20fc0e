"""Where deepcoder keeps things: the XDG folders. Nothing else in the product computes a path."""

from __future__ import annotations

import os
from pathlib import Path

_APP = "deepcoder"


def _xdg(variable: str, fallback: str) -> Path:
    """The XDG base folder; relative values are ignored, as the specification asks."""
    value = Path(os.environ.get(variable, ""))
    base = value if value.is_absolute() else Path.home() / fallback
    return base / _APP


def config_file() -> Path:
    """The settings file (need not exist)."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "config.toml"


def sessions_db() -> Path:
    """The SQLite file that holds every chat session."""
    return _xdg("XDG_DATA_HOME", ".local/share") / "sessions.sqlite3"


def logs_dir() -> Path:
    """Native and engine logs, which never reach the screen."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "logs"


def cache_dir() -> Path:
    """What can be made again at any time."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def builtin_model() -> Path:
    """The GGUF of `nano`, shipped in the wheel."""
    return Path(__file__).parent / "models" / "nano" / "nano-f16.gguf"
