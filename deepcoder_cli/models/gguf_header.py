"""Reads the header of a GGUF file, and checks that the file is whole, in plain Python.

llama.cpp is native code that trusts much of what it reads; a broken download should end in one
clear line before it starts. The header decides nothing about memory here: every count and length
is held against the bytes that are left in the file, and long values are skipped, not kept.

Not covered: the weights themselves, and whether llama.cpp knows the architecture.
"""

from __future__ import annotations

import math
import os
import stat
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NoReturn, cast

from deepcoder_cli.errors import ModelError
from deepcoder_cli.models.ggml_types import tensor_bytes

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_LONGEST_KEPT = 1 << 20  # bytes; chat templates are the longest strings of interest
_MOST_ENTRIES = 1 << 20  # metadata entries, and tensors: a thousand times what models have
_MOST_STRINGS = 1 << 24  # of one array: vocabularies have up to a million
_MOST_DIMENSIONS = 4
_DEFAULT_ALIGNMENT = 32

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_STRING, _ARRAY = 8, 9

Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says about its model; None or 0 where it does not say.

    `metadata` holds the scalar values and the strings of at most 1 MiB; arrays are left out.
    """

    version: int
    architecture: str
    name: str | None
    context_tokens: int
    chat_template: str | None
    parameters: int
    tensors: int
    file_bytes: int
    metadata: dict[str, Value]


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of `path`.

    Raises:
        ModelError: missing, not a file, unreadable, empty, not GGUF, of another version,
            truncated, malformed, one part of several, or without weights.
    """
    shown = printable(path)
    try:
        kind = path.stat().st_mode  # before opening: a named pipe would wait for its writer
        if stat.S_ISDIR(kind):
            raise ModelError(f"model is a folder: {shown} (a .gguf file). Name the file in it.")
        if not stat.S_ISREG(kind):
            raise ModelError(f"model is not a regular file: {shown} (a .gguf file). Copy it.")
        with path.open("rb") as file:
            return _Reader(shown, file).header()
    except FileNotFoundError as error:
        raise ModelError(f"model not found: {shown} (a .gguf file). Check the path.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        raise ModelError(f"model cannot be read: {shown} ({_reason(error)}).") from error


def printable(path: Path | str) -> str:
    r"""A path for a message: control characters escaped, nothing else.

    >>> printable("é\x1b.gguf")
    'é\\x1b.gguf'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path))


class _Reader:
    """One pass over the header; every read is checked against the file's length."""

    def __init__(self, shown: str, file: BinaryIO) -> None:
        self._path = shown
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._metadata: dict[str, Value] = {}

    def header(self) -> GgufHeader:
        version = self._preamble()
        tensors = self._count(self._unsigned("Q"), 24, "tensors")
        for _ in range(self._count(self._unsigned("Q"), 13, "metadata entries")):
            key = self._string() or ""
            value = self._value(self._unsigned("I"))
            if value is not None:
                self._metadata[key] = value
        self._refuse_part_of_split()
        parameters = self._tensor_table(tensors)
        return self._summary(version, tensors, parameters)

    def _preamble(self) -> int:
        if self._size == 0:
            raise ModelError(f"model is empty: {self._path} (0 bytes). Download it again.")
        magic = self._file.read(4)
        if magic != MAGIC:
            raise ModelError(
                f"model is not a GGUF file: {self._path} (it begins with {magic!r}, "
                "not b'GGUF'). Convert it, or name another file."
            )
        version = self._unsigned("I")
        if version == 3 << 24:
            raise ModelError(
                f"model is big-endian: {self._path} (little-endian). Convert it again."
            )
        if version not in _VERSIONS:
            raise ModelError(
                f"model has GGUF version {version}: {self._path} (2 or 3). Convert it again."
            )
        return version

    def _tensor_table(self, tensors: int) -> int:
        """Check that each tensor lies within the file; returns the number of weights."""
        parameters = end = 0
        for _ in range(tensors):
            self._string()
            dimensions = self._unsigned("I")
            if dimensions > _MOST_DIMENSIONS:
                self._malformed(f"a tensor of {dimensions} dimensions")
            elements = math.prod(self._unsigned("Q") for _ in range(dimensions))
            kind, offset = self._unsigned("I"), self._unsigned("Q")
            parameters += elements
            end = max(end, offset + tensor_bytes(kind, elements))
        if not parameters:
            raise ModelError(
                f"model holds no weights: {self._path} (perhaps a vocabulary). Name another file."
            )
        needed = self._aligned(self._file.tell()) + end
        if needed > self._size:
            self._truncated(needed)
        return parameters

    def _aligned(self, position: int) -> int:
        alignment = self._metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or alignment < 1:
            self._malformed(f"general.alignment is {alignment!r}")
        return -(-position // alignment) * alignment

    def _refuse_part_of_split(self) -> None:
        count = self._metadata.get("split.count", 0)
        if isinstance(count, int) and count > 1:
            number = self._metadata.get("split.no", 0)
            part = number + 1 if isinstance(number, int) else "?"
            raise ModelError(
                f"model is part {part} of {count}: {self._path} (one file). "
                "Join the parts with `llama-gguf-split --merge`."
            )

    def _summary(self, version: int, tensors: int, parameters: int) -> GgufHeader:
        architecture = self._text("general.architecture")
        if not architecture:
            self._malformed("general.architecture is missing")
        context = self._metadata.get(f"{architecture}.context_length", 0)
        return GgufHeader(
            version=version,
            architecture=architecture,
            name=self._text("general.name"),
            context_tokens=context if isinstance(context, int) else 0,
            chat_template=self._text("tokenizer.chat_template"),
            parameters=parameters,
            tensors=tensors,
            file_bytes=self._size,
            metadata=self._metadata,
        )

    def _text(self, key: str) -> str | None:
        value = self._metadata.get(key)
        return value if isinstance(value, str) else None

    def _value(self, kind: int, depth: int = 0) -> Value | None:
        """Read one value; None for what is only skipped."""
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind])
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY or depth > 1:
            self._malformed(f"a metadata value of type {kind}")
        self._skip_array(depth)
        return None

    def _skip_array(self, depth: int) -> None:
        kind, length = self._unsigned("I"), self._unsigned("Q")
        if kind in _SCALARS:
            self._skip(length * struct.calcsize(_SCALARS[kind]))
            return
        if length > _MOST_STRINGS:
            self._malformed(f"an array of {length} values")
        for _ in range(length):
            if kind == _STRING:
                self._skip(self._unsigned("Q"))
            else:
                self._value(kind, depth + 1)

    def _string(self) -> str | None:
        """A string, or None for one that is too long to be of interest."""
        length = self._unsigned("Q")
        if length > _LONGEST_KEPT:
            self._skip(length)
            return None
        return self._bytes(length).decode("utf-8", "replace")

    def _scalar(self, form: str) -> Value:
        return cast("Value", struct.unpack(f"<{form}", self._bytes(struct.calcsize(form)))[0])

    def _unsigned(self, form: str) -> int:
        return int(self._scalar(form))

    def _bytes(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            self._truncated(self._file.tell() + length - len(data))
        return data

    def _skip(self, length: int) -> None:
        position = self._file.tell() + length
        if position > self._size:
            self._truncated(position)
        self._file.seek(position)

    def _count(self, count: int, least_bytes: int, what: str) -> int:
        if count > _MOST_ENTRIES:
            self._malformed(f"{count} {what}")
        if count * least_bytes > self._size:
            self._truncated(count * least_bytes)
        return count

    def _truncated(self, needed: int) -> NoReturn:
        raise ModelError(
            f"model is truncated: {self._path} ({self._size:,} bytes, at least {needed:,} needed). "
            "Download it again."
        )

    def _malformed(self, what: str) -> NoReturn:
        raise ModelError(f"model has a malformed header: {self._path} ({what}). Download it again.")


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
