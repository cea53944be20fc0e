"""Settings: built-in < the TOML file < DEEPCODER_* environment < flags.

The file is `paths.config_file()`; its keys are the fields of `Settings`, and the tables
`[endpoints.NAME]` that `endpoints` reads. Unknown keys are an error, since a mistyped key that
changes nothing would go unseen.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from deepcoder_cli import paths
from deepcoder_cli.endpoints import did_you_mean, read_endpoints
from deepcoder_cli.errors import InputError
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepcoder_cli.types import EndpointRef

MAX_CANDIDATES = 1000
_CARD = SamplingParams()  # the model card's values


@dataclass(frozen=True, slots=True)
class Settings:
    """What the commands go by where no flag says otherwise.

    Attributes:
        model: name, path or address of a model; None is the built-in one.
        temperature: 0 is greedy; at most 5.
        top_p: above 0, at most 1.
        max_tokens: budget of new tokens of one completion.
        n: candidates that `solve` samples.
        timeout: CPU seconds of one run; None leaves it to the problem.
        seed: of the first candidate; None draws one.
    """

    model: str | None = None
    temperature: float = _CARD.temperature
    top_p: float = _CARD.top_p
    max_tokens: int = _CARD.max_tokens
    n: int = 4
    timeout: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a setting may be."""

    kind: type
    allowed: str
    low: float = 0
    high: float = float("inf")
    low_is_allowed: bool = True

    def accepts(self, value: float) -> bool:
        above = value >= self.low if self.low_is_allowed else value > self.low
        return above and value <= self.high


_RULES = {
    "model": _Rule(str, "a model's name, path or address"),
    "temperature": _Rule(float, "a number from 0 to 5", high=5),
    "top_p": _Rule(float, "a number above 0, up to 1", high=1, low_is_allowed=False),
    "max_tokens": _Rule(int, "a whole number from 1 to 1048576", low=1, high=1 << 20),
    "n": _Rule(int, f"a whole number from 1 to {MAX_CANDIDATES}", low=1, high=MAX_CANDIDATES),
    "timeout": _Rule(float, "seconds above 0, up to 3600", high=3600, low_is_allowed=False),
    "seed": _Rule(int, "a whole number from 0 to 4294967295", high=2**32 - 1),
}


def load_settings(
    *, environment: Mapping[str, str] | None = None, **flags: str | float | None
) -> Settings:
    """The settings in force; a flag that is None was not given.

    Raises:
        InputError: a file, key or value that cannot be used, named in the message.
    """
    values: dict[str, object] = _from_file()
    values |= _from_environment(os.environ if environment is None else environment)
    for key, value in flags.items():
        if value is not None:
            values[key] = _checked(key, value, _flag(key))
    return replace(Settings(), **values)  # type: ignore[arg-type]


def load_endpoints() -> dict[str, EndpointRef]:
    """The endpoints of the settings file, by name.

    Raises:
        InputError: a file, key or value that cannot be used, named in the message.
    """
    return read_endpoints(_file_table().get("endpoints", {}), str(paths.config_file()))


def _flag(key: str) -> str:
    return f"-{key}" if len(key) == 1 else f"--{key.replace('_', '-')}"


def _file_table() -> dict[str, object]:
    """The settings file as TOML; empty where there is none."""
    path = paths.config_file()
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        msg = f"settings file cannot be read: {path} ({error.strerror}). Make it readable."
        raise InputError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"settings file is not TOML: {path} ({error}). Mend or remove it."
        raise InputError(msg) from error


def _from_file() -> dict[str, object]:
    path, table = paths.config_file(), _file_table()
    read_endpoints(table.pop("endpoints", {}), str(path))
    known = {field.name for field in fields(Settings)}
    unknown = sorted(set(table) - known)
    if unknown:
        hint = did_you_mean(unknown[0], [*known, "endpoints"])
        listed = ", ".join(sorted(known))
        msg = (
            f"unknown setting: {unknown[0]!r} in {path} ({hint}known: {listed}, [endpoints.NAME])."
        )
        raise InputError(f"{msg} Rename or remove it.")
    return {key: _checked(key, value, f"{key} in {path}") for key, value in table.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, rule in _RULES.items():
        name = f"DEEPCODER_{key.upper()}"
        text = environment.get(name, "")
        if text:
            found[key] = _checked(key, _number(text, rule.kind), name)
    return found


def _number(text: str, kind: type) -> object:
    try:
        return kind(text)
    except ValueError:
        return text  # refused below, with its name


def _checked(key: str, value: object, where: str) -> object:
    rule = _RULES[key]
    if rule.kind is str:
        fits = isinstance(value, str) and bool(value)
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        number = whole or (rule.kind is float and isinstance(value, float))
        fits = number and isinstance(value, int | float) and rule.accepts(value)
    if not fits:
        msg = f"bad setting: {where}: {value!r} ({rule.allowed}). Change it."
        raise InputError(msg)
    return value
