"""Input forms: how a problem hands over its data, on stdin or as arguments of a function.

A *domain* fixes the kind of the data and how random data is drawn; it is part of a composition.
A *form* is one way to write that data down; it is presentation only, so the same composition
in another form counts as the same problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.step import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Arguments = tuple[Any, ...]

WORDS = [
    "apple",
    "bat",
    "cat",
    "dog",
    "eagle",
    "fig",
    "goat",
    "hat",
    "ink",
    "jam",
    "kite",
    "lemon",
    "moon",
    "nut",
    "otter",
    "pear",
    "queen",
    "rose",
    "sun",
    "tree",
    "urn",
    "van",
    "wolf",
    "box",
    "yarn",
    "zebra",
    "level",
    "noon",
    "radar",
    "stone",
    "river",
    "answer",
    "tiger",
    "onion",
    "art",
    "inner",
]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write the arguments down.

    Attributes:
        note: what solutions say about the input.
        text: the statement's input section.
        read: code that reads stdin into the variables.
        write: arguments to stdin text.
    """

    note: str
    text: str
    read: str
    write: Callable[[Arguments], str]


@dataclass(frozen=True, slots=True)
class Domain:
    """The data of a composition.

    Attributes:
        name: stable identifier, part of a composition's key.
        kind: of the value the first step gets.
        intros: opening sentences of a statement.
        parameters: name and type of each argument of the function form.
        forms: the stdin forms.
        draw: random arguments; the size goes from 1 (an edge) to about 12.
    """

    name: str
    kind: Kind
    intros: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    forms: tuple[Form, ...]
    draw: Callable[[Random, int], Arguments]

    @property
    def has_k(self) -> bool:
        """Whether an input ``k`` comes with the data."""
        return any(name == "k" for name, _ in self.parameters)


def _number(rng: Random, size: int) -> int:
    return rng.randint(-9 if size < 3 else 1, (9, 60, 99, 500)[min(size // 4, 3)])


def _numbers(rng: Random, size: int) -> list[int]:
    low, high = rng.choice(((-9, 9), (-20, 50), (0, 30), (-99, 99), (1, 6)))
    return [rng.randint(low, high) for _ in range(size)]


def _word(rng: Random) -> str:
    if rng.random() < 0.7:
        word = rng.choice(WORDS)
    else:
        word = "".join(rng.choice("aaeeioubcdlnorrsstt") for _ in range(rng.randint(1, 6)))
    return rng.choice((word, word, word.capitalize(), word.upper()))


def _text(rng: Random, size: int) -> str:
    words = [_word(rng) for _ in range(max(1, size // 2))]
    if rng.random() < 0.3:
        words.append(str(rng.randint(1, 2024)))
    return " ".join(words)


def _word_list(rng: Random, size: int) -> list[str]:
    words = [_word(rng) for _ in range(size)]
    if size > 2 and rng.random() < 0.6:
        words[-1] = words[0]
    return words


def _grid(rng: Random, size: int) -> list[list[int]]:
    rows, columns = rng.randint(1, 2 + size // 4), rng.randint(1, 2 + size // 4)
    return [[rng.randint(-9, 20) for _ in range(columns)] for _ in range(rows)]


def _spaced(values: list[Any]) -> str:
    return " ".join(map(str, values))


def _lines(*lines: object) -> str:
    return "".join(f"{line}\n" for line in lines)


DOMAINS = (
    Domain(
        "int",
        Kind.INT,
        ("You are given an integer x.", "A whole number x is given.", "Take an integer x."),
        (("x", "int"),),
        (
            Form(
                "one integer x",
                "The only line contains an integer x.",
                "x = int(input())",
                lambda args: _lines(args[0]),
            ),
        ),
        lambda rng, size: (
            rng.randint(-9 if size < 3 else 1, (9, 60, 99, 500)[min(size // 4, 3)]),
        ),
    ),
    Domain(
        "pair",
        Kind.PAIR,
        (
            "You are given two positive integers x and y.",
            "Two positive whole numbers x and y are given.",
        ),
        (("x", "int"), ("y", "int")),
        (
            Form(
                "two integers on one line",
                "The only line contains two integers x and y.",
                "x, y = map(int, input().split())",
                lambda args: _lines(_spaced(list(args))),
            ),
            Form(
                "two integers on two lines",
                "The first line contains an integer x. The second line contains an integer y.",
                "x = int(input())\ny = int(input())",
                lambda args: _lines(*args),
            ),
        ),
        lambda rng, size: (rng.randint(1, 4 + 2 * size), rng.randint(1, 4 + 2 * size)),
    ),
    Domain(
        "list",
        Kind.LIST,
        ("You are given a list of integers.", "A list a of integers is given.", "Take a list a."),
        (("a", "list[int]"),),
        (
            Form(
                "one line with the list a",
                "The only line contains the integers of the list a, separated by spaces.",
                "a = list(map(int, input().split()))",
                lambda args: _lines(_spaced(args[0])),
            ),
            Form(
                "n and then a line with the list a",
                "The first line contains n. The second line contains n integers, the list a.",
                "n = int(input())\na = list(map(int, input().split()))",
                lambda args: _lines(len(args[0]), _spaced(args[0])),
            ),
            Form(
                "n and then n lines with a number each",
                "The first line contains n. Each of the next n lines contains one integer.",
                "n = int(input())\na = [int(input()) for _ in range(n)]",
                lambda args: _lines(len(args[0]), *args[0]),
            ),
        ),
        lambda rng, size: (_numbers(rng, size),),
    ),
    Domain(
        "list_k",
        Kind.LIST,
        ("You are given a list of integers and a number k.", "A list a and a number k are given."),
        (("a", "list[int]"), ("k", "int")),
        (
            Form(
                "n and k and then a line with the list a",
                "The first line contains n and k. The second line contains n integers.",
                "n, k = map(int, input().split())\na = list(map(int, input().split()))",
                lambda args: _lines(f"{len(args[0])} {args[1]}", _spaced(args[0])),
            ),
            Form(
                "k and then a line with the list a",
                "The first line contains k. The second line contains the integers of the list a.",
                "k = int(input())\na = list(map(int, input().split()))",
                lambda args: _lines(args[1], _spaced(args[0])),
            ),
        ),
        lambda rng, size: (_numbers(rng, size), rng.randint(2, 9)),
    ),
    Domain(
        "string",
        Kind.STRING,
        ("You are given a string s.", "A line of text s is given.", "Take a string s."),
        (("s", "str"),),
        (
            Form(
                "one line with the string s",
                "The only line contains the string s.",
                "s = input()",
                lambda args: _lines(args[0]),
            ),
        ),
        lambda rng, size: (_text(rng, size),),
    ),
    Domain(
        "words",
        Kind.WORDS,
        ("You are given a list of words.", "Some words are given.", "Take a list w of words."),
        (("w", "list[str]"),),
        (
            Form(
                "one line with the words",
                "The only line contains the words, separated by spaces.",
                "w = input().split()",
                lambda args: _lines(_spaced(args[0])),
            ),
            Form(
                "n and then n lines with a word each",
                "The first line contains n. Each of the next n lines contains one word.",
                "n = int(input())\nw = [input() for _ in range(n)]",
                lambda args: _lines(len(args[0]), *args[0]),
            ),
        ),
        lambda rng, size: (_word_list(rng, size),),
    ),
    Domain(
        "grid",
        Kind.GRID,
        ("You are given a grid of integers.", "A grid g of whole numbers is given."),
        (("g", "list[list[int]]"),),
        (
            Form(
                "the numbers of rows and columns and then the rows of the grid g",
                "The first line contains the numbers of rows and columns. Each of the next lines "
                "contains one row.",
                "r, c = map(int, input().split())\n"
                "g = [list(map(int, input().split())) for _ in range(r)]",
                lambda args: _lines(
                    f"{len(args[0])} {len(args[0][0])}", *(_spaced(row) for row in args[0])
                ),
            ),
        ),
        lambda rng, size: (_grid(rng, size),),
    ),
)

DOMAIN = {domain.name: domain for domain in DOMAINS}
