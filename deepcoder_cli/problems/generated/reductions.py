"""Steps that turn a list `a`, words `w`, a string `s` or a grid `g` into one integer `x`."""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.lists import FEW, SMALL
from deepcoder_cli.problems.generated.step import Kind, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.problems.generated.step import Parameter

VOWELS = "aeiou"


def _step(
    takes: Kind,
    name: str,
    texts: tuple[str, ...],
    value: str,
    apply: Callable[[Any, Any], int],
    parameters: tuple[Parameter, ...] = (),
    imports: tuple[str, ...] = (),
) -> Step:
    return Step(name, takes, Kind.INT, texts, f"x = {value}", apply, parameters, imports)


def _tally(items: Any, test: Callable[[Any], bool]) -> int:
    return len([item for item in items if test(item)])


def _longest_run(text: str) -> int:
    best = run = 0
    for i, char in enumerate(text):
        run = run + 1 if i and text[i - 1] == char else 1
        best = max(best, run)
    return best


OF_LIST = (
    _step(
        Kind.LIST,
        "sum",
        ("take the sum of the numbers", "add up all the numbers"),
        "sum(a)",
        lambda a, _: reduce(lambda u, v: u + v, a, 0),
    ),
    _step(
        Kind.LIST,
        "max",
        ("take the largest number, or 0 if there is none", "find the maximum, 0 for no numbers"),
        "max(a, default=0)",
        lambda a, _: sorted(a)[-1] if a else 0,
    ),
    _step(
        Kind.LIST,
        "min",
        ("take the smallest number, or 0 if there is none", "find the minimum, 0 for no numbers"),
        "min(a, default=0)",
        lambda a, _: sorted(a)[0] if a else 0,
    ),
    _step(
        Kind.LIST,
        "count",
        ("count the numbers", "find how many numbers there are"),
        "len(a)",
        lambda a, _: sum(1 for _ in a),
    ),
    _step(
        Kind.LIST,
        "spread",
        (
            "take the largest minus the smallest number, or 0 if there is none",
            "find the range of the numbers, 0 for no numbers",
        ),
        "max(a, default=0) - min(a, default=0)",
        lambda a, _: sorted(a)[-1] - sorted(a)[0] if a else 0,
    ),
    _step(
        Kind.LIST,
        "count_distinct",
        ("count the distinct numbers", "find how many different numbers there are"),
        "len(set(a))",
        lambda a, _: len(dict.fromkeys(a)),
    ),
    _step(
        Kind.LIST,
        "count_even",
        ("count the even numbers", "find how many numbers are even"),
        "sum(x % 2 == 0 for x in a)",
        lambda a, _: _tally(a, lambda v: not v & 1),
    ),
    _step(
        Kind.LIST,
        "count_negative",
        ("count the negative numbers", "find how many numbers are below zero"),
        "sum(x < 0 for x in a)",
        lambda a, _: _tally(a, lambda v: v <= -1),
    ),
    _step(
        Kind.LIST,
        "count_above",
        ("count the numbers greater than {c}", "find how many numbers exceed {c}"),
        "sum(x > {c} for x in a)",
        lambda a, c: _tally(a, lambda v: not v <= c),
        SMALL,
    ),
    _step(
        Kind.LIST,
        "count_multiples",
        ("count the multiples of {c}", "find how many numbers are divisible by {c}"),
        "sum(x % {c} == 0 for x in a)",
        lambda a, c: _tally(a, lambda v: v // c * c == v),
        SMALL[1:],
    ),
    _step(
        Kind.LIST,
        "alternating",
        (
            "take the alternating sum, starting with plus",
            "add the first number, subtract the second, add the third, and so on",
        ),
        "sum(a[::2]) - sum(a[1::2])",
        lambda a, _: sum(-v if i % 2 else v for i, v in enumerate(a)),
    ),
    _step(
        Kind.LIST,
        "sum_squares",
        ("take the sum of the squares", "add up the squares of all the numbers"),
        "sum(x * x for x in a)",
        lambda a, _: sum(v**2 for v in a),
    ),
    _step(
        Kind.LIST,
        "first",
        ("take the first number, or 0 if there is none", "pick the number in front, 0 for none"),
        "a[0] if a else 0",
        lambda a, _: next(iter(a), 0),
    ),
    _step(
        Kind.LIST,
        "last",
        ("take the last number, or 0 if there is none", "pick the number at the end, 0 for none"),
        "a[-1] if a else 0",
        lambda a, _: next(reversed(a), 0),
    ),
    _step(
        Kind.LIST,
        "median",
        (
            "take the lower median, or 0 if there is none",
            "find the middle number of the sorted list, the lower of two, 0 for no numbers",
        ),
        "sorted(a)[(len(a) - 1) // 2] if a else 0",
        lambda a, _: next((v for i, v in enumerate(sorted(a)) if 2 * i >= len(a) - 2), 0),
    ),
    _step(
        Kind.LIST,
        "runner_up",
        (
            "take the second largest number, or 0 if there are fewer than two",
            "find the number next to the top, copies counted, 0 for fewer than two",
        ),
        "sorted(a)[-2] if len(a) > 1 else 0",
        lambda a, _: min(sorted(a, reverse=True)[:2]) if len(a) > 1 else 0,
    ),
    _step(
        Kind.LIST,
        "gcd_all",
        ("take the greatest common divisor of the numbers", "find the gcd of all the numbers"),
        "gcd(*a)",
        lambda a, _: reduce(math.gcd, a, 0),
        (),
        ("from math import gcd",),
    ),
    _step(
        Kind.LIST,
        "rises",
        (
            "count the numbers greater than the one before",
            "find how often the next number is larger",
        ),
        "sum(x < y for x, y in zip(a, a[1:]))",
        lambda a, _: _tally(range(1, len(a)), lambda i: a[i] > a[i - 1]),
    ),
)

OF_STRING = (
    _step(
        Kind.STRING,
        "length",
        ("take the length of the string", "count the characters, spaces included"),
        "len(s)",
        lambda s, _: sum(1 for _ in s),
    ),
    _step(
        Kind.STRING,
        "count_vowels",
        ("count the vowels", "find how many characters are one of a, e, i, o, u in either case"),
        'sum(ch in "aeiouAEIOU" for ch in s)',
        lambda s, _: _tally(s, lambda ch: ch.lower() in VOWELS),
    ),
    _step(
        Kind.STRING,
        "count_letter",
        ("count the letter '{c}'", "find how many times '{c}' occurs"),
        's.count("{c}")',
        lambda s, c: _tally(s, lambda ch: ch == c),
        tuple("aeinorst"),
    ),
    _step(
        Kind.STRING,
        "count_upper",
        ("count the uppercase letters", "find how many letters are capitals"),
        "sum(ch.isupper() for ch in s)",
        lambda s, _: _tally(s, lambda ch: "A" <= ch <= "Z"),
    ),
    _step(
        Kind.STRING,
        "count_chars",
        ("count the distinct characters", "find how many different characters there are"),
        "len(set(s))",
        lambda s, _: len(dict.fromkeys(s)),
    ),
    _step(
        Kind.STRING,
        "longest_run",
        (
            "take the length of the longest run of equal characters",
            "find the most times one character repeats in a row",
        ),
        "max((len(list(g)) for _, g in groupby(s)), default=0)",
        lambda s, _: _longest_run(s),
        (),
        ("from itertools import groupby",),
    ),
)

OF_WORDS = (
    _step(
        Kind.WORDS,
        "count_words",
        ("count the words", "find how many words there are"),
        "len(w)",
        lambda w, _: sum(1 for _ in w),
    ),
    _step(
        Kind.WORDS,
        "total_length",
        ("take the total length of the words", "add up the lengths of all words"),
        "sum(len(t) for t in w)",
        lambda w, _: len("".join(w)),
    ),
    _step(
        Kind.WORDS,
        "count_distinct_words",
        ("count the distinct words", "find how many different words there are"),
        "len(set(w))",
        lambda w, _: len(dict.fromkeys(w)),
    ),
    _step(
        Kind.WORDS,
        "max_length",
        (
            "take the length of the longest word, or 0 if there is none",
            "find the greatest word length, 0 for no words",
        ),
        "max((len(t) for t in w), default=0)",
        lambda w, _: sorted(map(len, w))[-1] if w else 0,
    ),
    _step(
        Kind.WORDS,
        "count_long",
        ("count the words longer than {c}", "find how many words have more than {c} letters"),
        "sum(len(t) > {c} for t in w)",
        lambda w, c: _tally(w, lambda t: len(t[c:]) > 0),
        FEW,
    ),
)

OF_GRID = (
    _step(
        Kind.GRID,
        "grid_sum",
        ("take the sum of all cells", "add up every cell of the grid"),
        "sum(map(sum, g))",
        lambda g, _: sum(v for row in g for v in row),
    ),
    _step(
        Kind.GRID,
        "grid_max",
        ("take the largest cell", "find the maximum over the whole grid"),
        "max(map(max, g))",
        lambda g, _: sorted(v for row in g for v in row)[-1],
    ),
    _step(
        Kind.GRID,
        "grid_min",
        ("take the smallest cell", "find the minimum over the whole grid"),
        "min(map(min, g))",
        lambda g, _: sorted(v for row in g for v in row)[0],
    ),
    _step(
        Kind.GRID,
        "grid_above",
        ("count the cells greater than {c}", "find how many cells exceed {c}"),
        "sum(v > {c} for r in g for v in r)",
        lambda g, c: sum(_tally(row, lambda v: not v <= c) for row in g),
        SMALL,
    ),
    _step(
        Kind.GRID,
        "grid_multiples",
        ("count the cells divisible by {c}", "find how many cells are multiples of {c}"),
        "sum(v % {c} == 0 for r in g for v in r)",
        lambda g, c: sum(_tally(row, lambda v: v // c * c == v) for row in g),
        SMALL,
    ),
)

REDUCTIONS = OF_LIST + OF_STRING + OF_WORDS + OF_GRID
