"""What a function returned, as bytes that say its exact types; and the records that hold them.

A value of the built-in types, by `type(value) is ...` and not by what it says of itself, is written
by `marshal` in its version 2: the types are told apart, no reference is shared, nothing of the
program runs meanwhile. It is only ever written here: outside, `sandbox.encoded` reads the format
with code of its own, never with `marshal`.

Other values that people return are written as a tree of plain values with tags: subclasses of the
built-in types by what their base class holds (whatever their methods say), numpy scalars and
arrays, Fraction, Decimal. All else is no data.
"""

from __future__ import annotations

import itertools
import marshal
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# A record: its kind, the seconds the call took, the size of the body that follows.
RECORD = struct.Struct("=cfQ")
GROUP, VALUE, TAGGED, NOT_DATA = b"G", b"V", b"X", b"N"
RAISED, TIMED_OUT, NOT_IMPORTED = b"E", b"T", b"I"
FORMAT = 2
MAX_DEPTH = 100
MAX_ITEMS = 1_000_000
MAX_NAME_CHARS = 100
SCALARS = (type(None), bool, int, float, complex, str, bytes)
NUMPY_TYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
_dumps: Callable[[Any, int], bytes] = marshal.dumps
# How to have the plain value out of an instance of a subclass, past all it may have redefined.
_BARE: tuple[tuple[type, str, Callable[[Any], object]], ...] = (
    (int, "v", int.__int__),
    (float, "v", float.__float__),
    (complex, "v", complex.__pos__),
    (str, "v", str.__str__),
    (bytes, "v", lambda value: bytes.__getitem__(value, slice(None))),
    (list, "l", list.__iter__),
    (tuple, "t", tuple.__iter__),
    (set, "s", set.__iter__),
    (frozenset, "f", frozenset.__iter__),
    (dict, "d", lambda value: itertools.chain.from_iterable(dict.items(value))),
)


class NotData(Exception):  # noqa: N818 - it says what the value is
    """The value is none that could be compared."""


def encoded(value: object, *, iterate: bool) -> tuple[bytes, bytes]:
    """Kind and body of the record of `value`; with `iterate` any iterable counts as its elements.

    Where numpy is loaded `marshal` is not asked: it would write an array as bytes.
    """
    if "numpy" not in sys.modules:
        try:
            return VALUE, _dumps(value, FORMAT)
        except ValueError:  # of another type, or too deep
            pass
    try:
        return TAGGED, _dumps(_tree(value, 0, iterate), FORMAT)
    except (NotData, ValueError):
        return NOT_DATA, name_of(type(value)).encode("utf-8", "replace")


def name_of(kind: type) -> str:
    """The name of a type, past a metaclass that would say another."""
    return str.__str__(type.__dict__["__name__"].__get__(kind))[:MAX_NAME_CHARS]


def _tree(value: object, depth: int, iterate: bool = False) -> object:
    """`value` as plain values: scalars as they are, all else as (tag, content, type's name)."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if depth > MAX_DEPTH:
        raise NotData
    if (numpy := sys.modules.get("numpy")) is not None and isinstance(
        value, numpy.generic | numpy.ndarray
    ):
        return _of_numpy(value, numpy)
    for base, tag, content in _BARE:
        if isinstance(value, base):
            return tag, _content(tag, content(value), depth), name_of(kind)
    return _of_library(value, depth, iterate)


def _content(tag: str, content: Any, depth: int) -> object:  # noqa: ANN401
    """A scalar, or the trees of a container's items."""
    return content if tag == "v" else [_tree(item, depth + 1) for item in content]


def _of_numpy(value: Any, numpy: Any) -> object:  # noqa: ANN401 - numpy is not known here
    """A scalar or an array of numbers."""
    name = value.dtype.name
    if isinstance(value, numpy.str_):
        return "v", str.__str__(value), "str_"
    if name not in NUMPY_TYPES:
        raise NotData
    tag = "a" if isinstance(value, numpy.ndarray) else "n"
    return tag, value.tolist(), name


def _of_library(value: Any, depth: int, iterate: bool) -> object:  # noqa: ANN401
    """Exact numbers of the library, and what can be iterated over where that is asked for."""
    for module, name in (("fractions", "Fraction"), ("decimal", "Decimal")):
        if module in sys.modules and type(value) is getattr(sys.modules[module], name, None):
            return "q" if name == "Fraction" else "D", str(value), name
    if not iterate:
        raise NotData
    try:
        items = list(itertools.islice(iter(value), MAX_ITEMS))
    except TypeError:
        raise NotData from None
    return "i", [_tree(item, depth + 1) for item in items], name_of(type(value))
