"""Fields of a row, each asked for as what it has to be. Rows are data of strangers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

from deepcoder_cli.problems.datasets.literals import read_json_or_literal
from deepcoder_cli.problems.datasets.refusal import RowRefused

Row = Mapping[str, object]
MAX_TITLE = 80
MAX_ID = 200
_KINDS = {
    "NoneType": "null", "bool": "a boolean", "int": "a number", "float": "a number",
    "str": "text", "list": "a list", "tuple": "a list",
}  # fmt: skip
_BOILERPLATE = "Solve the following coding problem"


def text(row: Row, *names: str) -> str:
    """The first of the fields `names` that holds text which is more than white space.

    Raises:
        RowRefused: none does, or it is not text that can be written as UTF-8.
    """
    found = optional_text(row, *names)
    if found is None:
        raise RowRefused("missing-field", f"field {' or '.join(names)} is absent or empty")
    return found


def optional_text(row: Row, *names: str) -> str | None:
    """As `text`; None where there is none. Numbers and dates are written out.

    Raises:
        RowRefused: a field that is neither text nor a number, or not to be written as UTF-8.
    """
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float | date | None):
            raise RowRefused("bad-field", f"field {name} is {kind_of(value)} (text is needed)")
        found = value.isoformat() if isinstance(value, date) else _written(value)
        if found.strip():
            return _encodable(found, name)
    return None


def known_text(row: Row, *names: str) -> str | None:
    """As `optional_text`, for fields a problem can do without: what is no text is None."""
    for name in names:
        try:
            found = optional_text(row, name)
        except RowRefused:
            continue
        if found is not None:
            return found
    return None


def mapping(value: object, what: str, kind: str = "bad-field") -> Row:
    """`value` as an object; text is read as JSON or a Python literal, None as an empty one.

    Args:
        value: of the field.
        what: its name in the refusal.
        kind: of the refusal.

    Raises:
        RowRefused: it is none.
    """
    if isinstance(value, str) and value.strip():
        value = read_json_or_literal(value, what, kind)
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise RowRefused(kind, f"{what} is {kind_of(value)} (an object is needed)")
    return value


def sequence(value: object, what: str) -> Sequence[object]:
    """`value` as a list; text is read as JSON or a Python literal, None and "" as empty.

    Raises:
        RowRefused: it is none.
    """
    if isinstance(value, str) and value.strip():
        value = read_json_or_literal(value, what)
    if value is None or (isinstance(value, str) and not value.strip()):
        return ()
    if not isinstance(value, list | tuple):
        raise RowRefused("bad-field", f"{what} is {kind_of(value)} (a list is needed)")
    return value


def words(value: object) -> tuple[str, ...]:
    """Tags: a list, or the text of one; what cannot be read is no tag."""
    try:
        items = sequence(value, "tags")
    except RowRefused:
        return (value.strip(),) if isinstance(value, str) and len(value) < 200 else ()
    return tuple(item for item in items if isinstance(item, str) and item)


def title_of(statement: str) -> str:
    r"""The first line of a statement that says something, without Markdown's marks.

    >>> title_of("Solve the following coding problem using Python:\n\n## Sum it\nAdd.")
    'Sum it'
    """
    lines = (line.strip().strip("#*").strip() for line in statement[:20_000].split("\n"))
    said = (line for line in lines if line and not line.startswith(_BOILERPLATE))
    return next(said, "untitled")[:MAX_TITLE]


def identity(row: Row, source: str, statement: str, *names: str) -> str:
    """The row's own id, from the first of the fields `names`; else one made of its statement."""
    own = known_text(row, *names)
    if own is not None and own.isprintable() and len(own) <= MAX_ID:
        return own.strip()
    digest = hashlib.sha256(" ".join(statement.split()).encode()).hexdigest()
    return f"{source}-{digest[:12]}"


def kind_of(value: object) -> str:
    """What a value is, in the words of JSON."""
    if isinstance(value, Mapping):
        return "an object"
    name = type(value).__name__
    return _KINDS.get(name, f"of type {name}")


def _written(value: str | int | float | None) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:
        return ""  # no id or rating is that long, and writing it out may be refused
    return "" if value is None else str(value)


def _encodable(found: str, name: str) -> str:
    try:
        if not found.isascii():
            found.encode()
    except UnicodeEncodeError:
        raise RowRefused("bad-field", f"field {name} holds half a surrogate pair") from None
    return found
