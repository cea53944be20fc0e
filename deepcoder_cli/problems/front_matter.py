"""The optional front matter of a problem file: `key: value` lines between two `---` lines.

Read: title, id, time_limit, memory_limit, checker, function, interactive. Other keys belong to
other tools (tags, url) and are ignored. Nested YAML is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deepcoder_cli.errors import InputError

_KEY = re.compile(r"[A-Za-z][\w -]*")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPENING, _CLOSING = "---", {"---", "..."}
_MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys of a problem's front matter, lower case with underscores, and their text."""

    values: dict[str, str] = field(default_factory=dict)

    def get(self, *names: str) -> str | None:
        """The first of the keys `names` that has a value."""
        return next((self.values[n] for n in names if self.values.get(n)), None)

    def flag(self, name: str) -> bool:
        """Whether the key `name` is set to true.

        Raises:
            InputError: neither true nor false.
        """
        value = self.values.get(name, "").lower()
        if value in {"true", "yes", "1"}:
            return True
        if value in {"", "false", "no", "0"}:
            return False
        msg = f"front matter: {name}: {value} (true or false)."
        raise InputError(msg)


def split(text: str) -> tuple[FrontMatter, str]:
    r"""Front matter and the rest of `text`; without a front matter the text is unchanged.

    A leading `---` that opens no list of keys is a Markdown rule, not front matter.

    >>> split("---\ntitle: Sum\n---\nAdd.")
    (FrontMatter(values={'title': 'Sum'}), 'Add.')
    """
    lines = text.split("\n", _MAX_LINES + 2)
    if lines[0].rstrip() != _OPENING:
        return FrontMatter(), text
    end = next((i for i, s in enumerate(lines[1:-1], 1) if s.rstrip() in _CLOSING), None)
    if end is None and lines[-1].rstrip() in _CLOSING:
        end = len(lines) - 1
    if end is None:
        return FrontMatter(), text
    values = _values(lines[1:end])
    if values is None:
        return FrontMatter(), text
    return FrontMatter(values), "\n".join(lines[end + 1 :])


def _values(lines: list[str]) -> dict[str, str] | None:
    """The keys of the lines; None when they are no front matter at all."""
    values: dict[str, str] = {}
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#") or line[0] in " \t-":
            continue  # blank, comment, or the inside of a nested value that is not ours
        key, colon, value = line.partition(":")
        if not colon or not _KEY.fullmatch(key.rstrip()) or value.strip() == value != "":
            return None  # `a:b` is no key with a value
        values[key.rstrip().lower().replace(" ", "_").replace("-", "_")] = _unquoted(value)
    return values or None


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return _COMMENT.sub("", value, count=1).rstrip()
