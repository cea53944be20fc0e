"""JSON files that people give us: read, unpacked where they are gzip, each field checked."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, NoReturn, TypeGuard, cast

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"


def load(path: Path, what: str) -> object:
    """The JSON value that the file holds.

    Args:
        path: a JSON file, or one packed with gzip (told by its first bytes, not by its name).
        what: names the file in messages, such as `rating table`.

    Raises:
        InputError: missing, unreadable, damaged, or not JSON.
    """
    try:
        with _opened(path) as file:
            return parse(file.read(), f"{what} {path}")
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, what, error) from error


def load_lines(path: Path, what: str) -> Iterator[tuple[int, object]]:
    """The JSON value of each line with its number from 1, one at a time; empty lines are left out.

    Raises:
        InputError: as `load`; the message names the line.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, parse(line, f"{what} {path} line {number}")
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, what, error) from error


def parse(data: bytes, place: str) -> object:
    """The JSON value in `data`; NaN and Infinity, which are no JSON, are refused.

    Raises:
        InputError: not UTF-8, or not JSON.
    """
    if data.lstrip()[:1] == b"<":
        msg = f"{place} is not JSON: it begins with '<' (an error page in HTML?). Fetch it again."
        raise InputError(msg)
    try:
        return cast(object, json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place} is not JSON: {error}. Mend or fetch it again.") from error


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


def _opened(path: Path) -> BinaryIO:
    file = path.open("rb")
    packed = file.read(2) == GZIP_MAGIC
    file.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file


def _unreadable(path: Path, what: str, error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"{what} not found: {path}. Check the path.")
    why = getattr(error, "strerror", None) or str(error)
    return InputError(f"{what} cannot be read: {path} ({why}). Check or fetch the file again.")


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object whose fields are taken with a check of each.

    Attributes:
        values: the object.
        place: file, line and so on, for messages.
    """

    values: dict[str, object]
    place: str

    @classmethod
    def of(cls, value: object, place: str) -> Fields:
        """The fields of `value`.

        Raises:
            InputError: it is no object.
        """
        if not isinstance(value, dict):
            raise InputError(f"{place} is {_shown(value)} (an object is wanted). Mend the file.")
        return cls(value, place)

    def refuse(self, key: str, allowed: str) -> InputError:
        """The error that the value of `key` is not what is allowed."""
        value = _shown(self.values[key]) if key in self.values else "missing"
        return InputError(f"{self.place}: {key} is {value} ({allowed}). Mend the file.")

    def text(self, key: str, default: str | None = None) -> str:
        """A string; `default` where the field is missing or null."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self.refuse(key, "a text")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self.optional_number(key)
        if value is None:
            raise self.refuse(key, "a number")
        return value

    def optional_number(self, key: str) -> float | None:
        """A finite number, or None where the field is missing or null."""
        value = self.values.get(key)
        if value is None:
            return None
        if not is_number(value):
            raise self.refuse(key, "a number")
        return value

    def integer(self, key: str) -> int:
        """A whole number, however it is written."""
        value = self.number(key)
        if value != int(value):
            raise self.refuse(key, "a whole number")
        return int(value)

    def items(self, key: str, default: list[object] | None = None) -> list[object]:
        """A list; `default` where the field is missing or null."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, list):
            raise self.refuse(key, "a list")
        return value

    def date(self, key: str) -> str:
        """A date or time in ISO 8601, as it is written; "" where there is none."""
        value = self.text(key, "")
        try:
            if value:
                datetime.fromisoformat(value)
        except ValueError:
            raise self.refuse(key, "a date in ISO 8601, such as 2024-07-17") from None
        return value


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite JSON number (True and False are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is a JSON number written as a whole one."""
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."
