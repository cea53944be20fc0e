"""Output forms: what a program says at the end, on stdout or as a return value.

A *result* (the value itself, or a yes-or-no question about it) is part of a composition.
A *layout* (one line, one a line, ...) is presentation only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.lists import SMALL
from deepcoder_cli.problems.generated.step import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.problems.generated.step import Parameter

YES_NO = '"YES" if {condition} else "NO"'


@dataclass(frozen=True, slots=True)
class Result:
    """What is reported of the last value.

    Attributes:
        name: stable identifier, part of a composition's key.
        kind: of the last value.
        value: expression that a function returns.
        type: its annotation.
        texts: what the statement asks; ``{verb}`` is Print or Return.
        apply: the meaning.
        parameters: values that ``{c}`` may take.
    """

    name: str
    kind: Kind
    value: str
    type: str
    texts: tuple[str, ...]
    apply: Callable[[Any, Any], Any]
    parameters: tuple[Parameter, ...] = ()


def _question(
    name: str,
    condition: str,
    words: str,
    test: Callable[[int, int], bool],
    parameters: tuple[Parameter, ...] = (),
) -> Result:
    texts = (
        f"{{verb}} YES if the result is {words}, otherwise NO",
        f'{{verb}} "YES" when the final number is {words} and "NO" when it is not',
    )
    value = YES_NO.format(condition=condition)
    return Result(
        name,
        Kind.INT,
        value,
        "str",
        texts,
        lambda x, c: ("NO", "YES")[test(x, c)],
        parameters,
    )


def _plain(kind: Kind, type_: str, texts: tuple[str, ...]) -> Result:
    return Result(f"plain_{kind.name.lower()}", kind, str(kind), type_, texts, lambda v, _: v)


RESULTS = (
    _plain(Kind.INT, "int", ("{verb} the result", "{verb} the final number")),
    _question("parity", "x % 2 == 0", "even", lambda x, _: not x & 1),
    _question("exceeds", "x > {c}", "greater than {c}", lambda x, c: not x <= c, SMALL),
    _question(
        "divides", "x % {c} == 0", "divisible by {c}", lambda x, c: x // c * c == x, SMALL[1:]
    ),
    _plain(Kind.LIST, "list[int]", ("{verb} the resulting numbers", "{verb} the final list")),
    _plain(Kind.STRING, "str", ("{verb} the resulting string", "{verb} the final text")),
    _plain(Kind.WORDS, "list[str]", ("{verb} the resulting words", "{verb} the words at the end")),
    _plain(Kind.GRID, "list[list[int]]", ("{verb} the resulting grid", "{verb} the final grid")),
)

RESULT = {result.name: result for result in RESULTS}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a printed value is laid out: words for the statement, code, and the text itself."""

    text: str
    code: str
    write: Callable[[Any], str]


def _spaced(values: list[Any]) -> str:
    return " ".join(map(str, values))


_PLAIN = Layout("", "print({value})", lambda value: f"{value}\n")
_ROW = Layout(
    " on one line, separated by spaces", "print(*{value})", lambda value: _spaced(value) + "\n"
)
_COLUMN = Layout(
    ", one a line",
    'print(*{value}, sep="\\n")',
    lambda value: "".join(f"{item}\n" for item in value),
)
_COUNTED = Layout(
    " on one line, and before it a line with how many there are",
    "print(len({value}))\nprint(*{value})",
    lambda value: f"{len(value)}\n{_spaced(value)}\n",
)
_ROWS = Layout(
    ", one row a line",
    "for r in {value}:\n    print(*r)",
    lambda value: "".join(_spaced(row) + "\n" for row in value),
)

LAYOUTS: dict[Kind, tuple[Layout, ...]] = {
    Kind.INT: (_PLAIN,),
    Kind.STRING: (_PLAIN,),
    Kind.LIST: (_ROW, _COLUMN, _COUNTED),
    Kind.WORDS: (_ROW, _COLUMN, _COUNTED),
    Kind.GRID: (_ROWS,),
}
