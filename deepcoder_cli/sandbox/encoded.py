"""Reads a value that a program's process wrote: the format of `inside.encoding`, and nothing else.

The bytes come from an untrusted program. This reader makes plain values alone (and numpy's own
numbers), believes no size it has not seen the bytes of, and stops at a depth; `marshal` itself can
be crashed by such bytes, and would make code objects.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcoder_cli.sandbox.inside.encoding import MAX_DEPTH, NUMPY_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INT, DOUBLE, COMPLEX = struct.Struct("<i"), struct.Struct("<d"), struct.Struct("<dd")
LONG_BITS = 15  # of a digit of a long integer
MANY_KEYS, ALIKE = 1000, 100  # of so many keys, so many with one hash are an attack
MAX_NUMBER_CHARS = 4300  # of a Fraction or Decimal
_CONSTANTS = {b"N"[0]: None, b"T"[0]: True, b"F"[0]: False}
_RUNS = {b"i"[0]: struct.Struct("<xi"), b"g"[0]: struct.Struct("<xd")}


class NotEncoded(ValueError):  # noqa: N818 - it says what the bytes are
    """The bytes are no value in this format."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A value, and the name of its type as the program's process gave it."""

    value: Any
    type_name: str


def plain_value(body: bytes) -> object:
    """The value in the body of a VALUE record.

    >>> import marshal
    >>> plain_value(marshal.dumps([1, (2.5, "x"), {3}, 1 << 70], 2))
    [1, (2.5, 'x'), {3}, 1180591620717411303424]

    Raises:
        NotEncoded: it is none.
    """
    reader = _Reader(body)
    try:
        value = reader.value(0)
    except (
        IndexError,
        struct.error,
        TypeError,
        RecursionError,
    ) as error:  # short; unhashable; deep
        raise NotEncoded(f"no value: {error}") from error
    if reader.at != len(body):
        raise NotEncoded("bytes after the value")
    return value


def returned(body: bytes, *, tagged: bool) -> Returned:
    """The value in the body of a VALUE, or a TAGGED, record.

    Raises:
        NotEncoded: it is none.
    """
    value = plain_value(body)
    if not tagged:
        return Returned(value, type(value).__name__)
    try:
        return Returned(_untagged(value), _type_name(value))
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise NotEncoded(f"no value: {error}") from error


class _Reader:
    """Where in the bytes we are."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self._makers: dict[int, Callable[[int], object]] = {
            b"i"[0]: lambda _: self._unpacked(INT)[0],
            b"g"[0]: lambda _: self._unpacked(DOUBLE)[0],
            b"y"[0]: lambda _: complex(*self._unpacked(COMPLEX)),
            b"l"[0]: lambda _: self._long(),
            b"u"[0]: lambda _: self._bytes().decode("utf-8", "surrogatepass"),
            b"s"[0]: lambda _: self._bytes(),
            b"["[0]: self._items,
            b"("[0]: lambda depth: tuple(self._items(depth)),
            b"<"[0]: lambda depth: set(_keys(self._items(depth))),
            b">"[0]: lambda depth: frozenset(_keys(self._items(depth))),
            b"{"[0]: self._dict,
        }

    def value(self, depth: int) -> object:
        """The value that begins here."""
        code = self._data[self.at]
        self.at += 1
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code not in self._makers or depth > 2 * MAX_DEPTH:
            raise NotEncoded(f"no value: code {code} at depth {depth}")
        return self._makers[code](depth)

    def _unpacked(self, form: struct.Struct) -> tuple[Any, ...]:
        found = form.unpack_from(self._data, self.at)
        self.at += form.size
        return found

    def _size(self) -> int:
        """A size, of which at least as many bytes are still to come."""
        size: int = self._unpacked(INT)[0]
        if not 0 <= size <= len(self._data) - self.at:
            raise NotEncoded(f"no size: {size}")
        return size

    def _bytes(self) -> bytes:
        size = self._size()
        self.at += size
        return self._data[self.at - size : self.at]

    def _long(self) -> int:
        """A long integer: a signed count of digits, the lowest first."""
        count: int = self._unpacked(INT)[0]
        size = 2 * abs(count)
        if size > len(self._data) - self.at:
            raise NotEncoded(f"no integer: {count} digits")
        digits = struct.unpack_from(f"<{abs(count)}H", self._data, self.at)
        self.at += size
        if any(digit >> LONG_BITS for digit in digits):
            raise NotEncoded("no digit of an integer")
        bits = "".join(f"{digit:015b}" for digit in reversed(digits)) or "0"
        return int(bits, 2) if count >= 0 else -int(bits, 2)

    def _items(self, depth: int) -> list[Any]:
        """The items of a container; many integers or floats in a row are read at once."""
        size = self._size()
        form = _RUNS.get(self._data[self.at]) if size else None
        if form is not None:
            end = self.at + size * form.size
            run = self._data[self.at : end]
            if len(run) == size * form.size and run[:: form.size] == run[:1] * size:
                self.at = end
                return [item for (item,) in form.iter_unpack(run)]
        return [self.value(depth + 1) for _ in range(size)]

    def _dict(self, depth: int) -> dict[Any, Any]:
        keys, values = [], []
        while self._data[self.at] != b"0"[0]:
            keys.append(self.value(depth + 1))
            values.append(self.value(depth + 1))
        self.at += 1
        return dict(zip(_keys(keys), values, strict=True))


def _keys(keys: list[Any]) -> list[Any]:
    """`keys`, if they do not all have one hash: a set of such takes time by its square."""
    if len(keys) > MANY_KEYS and Counter(map(hash, keys)).most_common(1)[0][1] > ALIKE:
        raise NotEncoded("keys that are made to collide")
    return keys


def _untagged(tree: Any) -> object:  # noqa: ANN401 - whatever was written
    """The value of a tree of `inside.encoding`."""
    if not isinstance(tree, tuple):
        return tree
    tag, content, name = tree
    if not isinstance(tag, str):
        raise NotEncoded("no tag")
    if tag in _CONTAINERS:
        return _CONTAINERS[tag]([_untagged(item) for item in content])
    if tag in _NUMBERS:
        return _NUMBERS[tag](content, name)
    raise NotEncoded(f"no tag: {tag!r}")


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(_keys(items[::2]), items[1::2], strict=True))


def _scalar(content: object, _name: str) -> object:
    if isinstance(content, list | tuple | dict | set | frozenset):
        raise NotEncoded("no scalar")
    return content


def _numpy_scalar(content: object, name: str) -> object:
    return _numpy(_scalar(content, name), name)[()]


def _numpy(content: object, name: str) -> Any:  # noqa: ANN401 - numpy's types
    """An array of one of the known types."""
    import numpy as np

    if name not in NUMPY_TYPES:
        raise NotEncoded(f"no type of numpy: {name!r}")
    return np.array(content, dtype=name)


def _exact(content: str, name: str) -> object:
    from decimal import Decimal
    from fractions import Fraction

    if not isinstance(content, str) or len(content) > MAX_NUMBER_CHARS:
        raise NotEncoded("no number")
    if name == "Decimal":
        return Decimal(content)
    numerator, _, denominator = content.partition("/")  # not `1e9`, which could be huge
    return Fraction(int(numerator), int(denominator or 1))


_CONTAINERS: dict[object, Callable[[list[Any]], Iterable[Any]]] = {
    "l": list,
    "i": list,
    "t": tuple,
    "s": lambda items: set(_keys(items)),
    "f": lambda items: frozenset(_keys(items)),
    "d": _pairs,
}
_NUMBERS: dict[object, Callable[[Any, Any], object]] = {
    "v": _scalar,
    "n": _numpy_scalar,
    "a": _numpy,
    "q": _exact,
    "D": _exact,
}


def _type_name(tree: Any) -> str:  # noqa: ANN401 - whatever was written
    """The name of the type at the top of a tree."""
    return str(tree[2]) if isinstance(tree, tuple) else type(tree).__name__
