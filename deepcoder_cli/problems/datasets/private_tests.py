"""LiveCodeBench's private tests: JSON, or base64(zlib(pickle(JSON text))), never executed.

A pickle is a program. The text is in one because its makers wrote `pickle.dumps` of a `str`; so the
opcodes which that can produce are allowed, and no other is even begun. What remains is read by an
unpickler that can look up nothing, and has to be one `str`.
"""

from __future__ import annotations

import base64
import binascii
import io
import pickle
import pickletools
import zlib
from typing import NoReturn

from deepcoder_cli.problems.datasets.fields import kind_of
from deepcoder_cli.problems.datasets.literals import MAX_JSON_CHARS, read_json, too_large
from deepcoder_cli.problems.datasets.refusal import RowRefused

MAX_PICKLE_BYTES = MAX_JSON_CHARS + (1 << 10)  # decompressed: 256 MiB of text and its frame
_TEXT = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}
_ALLOWED = _TEXT | _MEMO | {"PROTO", "FRAME", "MEMOIZE", "STOP"}
_MAX_OPCODES = 8  # PROTO FRAME BINUNICODE MEMOIZE STOP is the longest that pickle writes
_MAX_MEMO = 8  # an unpickler makes room for as many entries as an index claims
_WHAT = "private_test_cases"


def read_private_tests(text: str) -> object:
    """The value that a `private_test_cases` field holds.

    Raises:
        RowRefused: neither JSON nor base64(zlib(pickle(JSON text))), over its bound, or a pickle
            of anything but one text.
    """
    start = text[:1000].strip()
    if not start or start[0] in '[{"' or start == "null":  # base64 starts with none of these
        return read_json(text, _WHAT) if start else None
    return read_json(unpickled_text(_decompressed(_decoded(text))), f"{_WHAT}, unpickled")


def unpickled_text(data: bytes) -> str:
    """The text in the pickle of a `str`, of any protocol.

    Raises:
        RowRefused: anything else; the reason names what was found.

    >>> unpickled_text(pickle.dumps("[1]"))
    '[1]'
    """
    _check_opcodes(data)
    try:
        value = _NothingToFind(io.BytesIO(data)).load()
    except RowRefused:
        raise
    except Exception as error:  # noqa: BLE001 - the unpickler raises whatever it likes
        raise _hostile(f"it cannot be read ({type(error).__name__})") from None
    if not isinstance(value, str):
        raise _hostile(f"it holds {kind_of(value)}")
    return value


class _NothingToFind(pickle.Unpickler):
    """An unpickler without classes, functions, persistent objects or buffers."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise _hostile(f"it asks for {module}.{name}")

    def persistent_load(self, pid: object) -> NoReturn:
        raise _hostile("it asks for a persistent object")


def _check_opcodes(data: bytes) -> None:
    try:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if opcode.name not in _ALLOWED:
                raise _hostile(f"it holds the instruction {opcode.name}")
            if isinstance(argument, int) and opcode.name in _MEMO and argument >= _MAX_MEMO:
                raise _hostile("it claims a large memo")
            if number >= _MAX_OPCODES:
                raise _hostile("it holds more than one text")
    except RowRefused:
        raise
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise _hostile(f"it cannot be read ({type(error).__name__})") from None


def _decoded(text: str) -> bytes:
    if any(space in text for space in "\n\r "):
        text = "".join(text.split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        message = f"{_WHAT} is neither JSON nor base64"
        raise RowRefused("unreadable-tests", message) from None


def _decompressed(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, MAX_PICKLE_BYTES)
    except zlib.error as error:
        message = f"{_WHAT} is neither JSON nor base64 of zlib: {error}"
        raise RowRefused("unreadable-tests", message) from None
    if not stream.eof:
        if len(found) >= MAX_PICKLE_BYTES:
            raise too_large(f"{_WHAT}, decompressed", len(found), MAX_PICKLE_BYTES)
        raise RowRefused("unreadable-tests", f"{_WHAT} is cut short")
    return found


def _hostile(why: str) -> RowRefused:
    what = f"{_WHAT} hold a pickle that is not one text"
    return RowRefused("hostile-pickle", f"{what}: {why}; nothing of it was run")
