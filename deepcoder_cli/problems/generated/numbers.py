"""Steps on one integer `x` and on a pair `x, y`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.lists import SMALL
from deepcoder_cli.problems.generated.step import Kind, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.problems.generated.step import Parameter


def _step(
    kinds: tuple[Kind, Kind],
    name: str,
    texts: tuple[str, ...],
    value: str,
    apply: Callable[[Any, Any], Any],
    parameters: tuple[Parameter, ...] = (),
    imports: tuple[str, ...] = (),
    limit: int | None = None,
) -> Step:
    takes, gives = kinds
    code = f"{gives} = {value}"
    return Step(name, takes, gives, texts, code, apply, parameters, imports, limit)


INT_TO_INT = (Kind.INT, Kind.INT)
INT_TO_LIST = (Kind.INT, Kind.LIST)
PAIR_TO_INT = (Kind.PAIR, Kind.INT)
PAIR_TO_LIST = (Kind.PAIR, Kind.LIST)


def _digits(value: int) -> list[int]:
    value, out = abs(value), []
    while True:
        value, digit = divmod(value, 10)
        out.append(digit)
        if not value:
            return out[::-1]


def _reversed(value: int) -> int:
    total = 0
    for digit in reversed(_digits(value)):
        total = total * 10 + digit
    return total


def _bits(value: int) -> list[int]:
    out = [abs(value) % 2]
    value = abs(value) // 2
    while value:
        out.append(value % 2)
        value //= 2
    return out[::-1]


NUMBER_STEPS = (
    _step(
        INT_TO_INT,
        "plus",
        ("add {c} to the number", "increase the value by {c}"),
        "x + {c}",
        lambda x, c: c + x,
        SMALL,
    ),
    _step(
        INT_TO_INT,
        "minus",
        ("subtract {c} from the number", "decrease the value by {c}"),
        "x - {c}",
        lambda x, c: -c + x,
        SMALL,
    ),
    _step(
        INT_TO_INT,
        "times",
        ("multiply the number by {c}", "take {c} times the value"),
        "x * {c}",
        lambda x, c: c * x,
        SMALL,
    ),
    _step(
        INT_TO_INT,
        "squared",
        ("square the number", "multiply the value by itself"),
        "x * x",
        lambda x, _: x**2,
    ),
    _step(
        INT_TO_INT,
        "size",
        ("take the absolute value of the number", "drop the sign of the value"),
        "abs(x)",
        lambda x, _: max(x, -x),
    ),
    _step(
        INT_TO_INT,
        "remainder",
        (
            "take the number modulo {c}",
            "replace the value by its remainder modulo {c}, from 0 on",
        ),
        "x % {c}",
        lambda x, c: x - c * (x // c),
        SMALL[1:],
    ),
    _step(
        INT_TO_INT,
        "quotient",
        ("divide the number by {c}, rounding down", "replace the value by its floor over {c}"),
        "x // {c}",
        lambda x, c: divmod(x, c)[0],
        SMALL,
    ),
    _step(
        INT_TO_INT,
        "digit_sum",
        ("take the sum of the digits of the number", "add up the digits of the value"),
        "sum(map(int, str(abs(x))))",
        lambda x, _: sum(_digits(x)),
    ),
    _step(
        INT_TO_INT,
        "reversed_digits",
        ("reverse the digits of the number", "read the digits of the value backwards, no sign"),
        "int(str(abs(x))[::-1])",
        lambda x, _: _reversed(x),
    ),
    _step(
        INT_TO_INT,
        "largest_digit",
        ("take the largest digit of the number", "find the greatest digit of the value"),
        "int(max(str(abs(x))))",
        lambda x, _: sorted(_digits(x))[-1],
    ),
    _step(
        INT_TO_INT,
        "ones",
        ("count the ones in binary", "find how many bits of the value are set, sign dropped"),
        'bin(abs(x)).count("1")',
        lambda x, _: sum(_bits(x)),
    ),
    _step(
        INT_TO_INT,
        "triangle",
        ("add up all whole numbers from 1 to the number's size", "take the triangular number"),
        "abs(x) * (abs(x) + 1) // 2",
        lambda x, _: math.comb(abs(x) + 1, 2),
    ),
    _step(
        INT_TO_INT,
        "collatz",
        (
            "halve the number if it is even, else triple it and add 1",
            "do one Collatz step on the value",
        ),
        "x // 2 if x % 2 == 0 else 3 * x + 1",
        lambda x, _: 3 * x + 1 if x & 1 else x >> 1,
    ),
    _step(
        INT_TO_INT,
        "gap",
        ("take the distance of the number to {c}", "find how far the value is from {c}"),
        "abs(x - {c})",
        lambda x, c: max(x - c, c - x),
        SMALL,
    ),
    _step(
        INT_TO_LIST,
        "digits",
        ("list the digits of the number", "split the value into its digits, sign dropped"),
        "[int(d) for d in str(abs(x))]",
        lambda x, _: _digits(x),
    ),
    _step(
        INT_TO_LIST,
        "bits",
        ("list the binary digits of the number", "split the value into its bits, sign dropped"),
        "[int(d) for d in bin(abs(x))[2:]]",
        lambda x, _: _bits(x),
    ),
    _step(
        INT_TO_LIST,
        "up_to",
        ("list the whole numbers from 1 to the number", "count from 1 up to the value"),
        "list(range(1, x + 1))",
        lambda x, _: [i + 1 for i in range(x)],
        limit=999,
    ),
    _step(
        INT_TO_LIST,
        "divisors",
        ("list the positive divisors of the number", "list in order all that divide the value"),
        "[d for d in range(1, abs(x) + 1) if x % d == 0]",
        lambda x, _: [d for d in range(1, abs(x) + 1) if math.gcd(d, x) == d],
        limit=999,
    ),
    _step(
        INT_TO_LIST,
        "first_multiples",
        ("list the first {c} positive multiples of the number", "list the value times 1 to {c}"),
        "[x * i for i in range(1, {c} + 1)]",
        lambda x, c: [sum([x] * (i + 1)) for i in range(c)],
        SMALL[1:],
    ),
    _step(
        INT_TO_LIST,
        "remainders",
        (
            "list the remainders of the number modulo 2 to {c}",
            "list the value modulo each of 2 up to {c}",
        ),
        "[x % i for i in range(2, {c} + 1)]",
        lambda x, c: [x - i * (x // i) for i in range(2, c + 1)],
        SMALL[2:],
    ),
)

PAIR_STEPS = (
    _step(
        PAIR_TO_INT,
        "pair_sum",
        ("add the two numbers", "take the sum of x and y"),
        "x + y",
        lambda p, _: sum(p),
    ),
    _step(
        PAIR_TO_INT,
        "pair_product",
        ("multiply the two numbers", "take the product of x and y"),
        "x * y",
        lambda p, _: math.prod(p),
    ),
    _step(
        PAIR_TO_INT,
        "pair_difference",
        ("subtract the second number from the first", "take x minus y"),
        "x - y",
        lambda p, _: -p[1] + p[0],
    ),
    _step(
        PAIR_TO_INT,
        "pair_gap",
        ("take the distance between the two numbers", "find how far x and y are apart"),
        "abs(x - y)",
        lambda p, _: max(p) - min(p),
    ),
    _step(
        PAIR_TO_INT,
        "pair_max",
        ("take the larger of the two numbers", "find the maximum of x and y"),
        "max(x, y)",
        lambda p, _: sorted(p)[1],
    ),
    _step(
        PAIR_TO_INT,
        "pair_min",
        ("take the smaller of the two numbers", "find the minimum of x and y"),
        "min(x, y)",
        lambda p, _: sorted(p)[0],
    ),
    _step(
        PAIR_TO_INT,
        "pair_gcd",
        ("take the greatest common divisor of the two numbers", "find the gcd of x and y"),
        "gcd(x, y)",
        lambda p, _: max(d for d in range(1, max(*p) + 1) if not p[0] % d and not p[1] % d),
        (),
        ("from math import gcd",),
    ),
    _step(
        PAIR_TO_INT,
        "pair_squares",
        ("add the squares of the two numbers", "take x squared plus y squared"),
        "x * x + y * y",
        lambda p, _: p[0] ** 2 + p[1] ** 2,
    ),
    _step(
        PAIR_TO_LIST,
        "between",
        (
            "list the whole numbers from the smaller to the larger of the two",
            "list all whole numbers between x and y, both included, in increasing order",
        ),
        "list(range(min(x, y), max(x, y) + 1))",
        lambda p, _: [min(p) + i for i in range(max(p) - min(p) + 1)],
    ),
    _step(
        PAIR_TO_LIST,
        "multiples_table",
        ("list the first number times 1 up to the second", "list the first y multiples of x"),
        "[x * i for i in range(1, y + 1)]",
        lambda p, _: [sum([p[0]] * (i + 1)) for i in range(p[1])],
    ),
    _step(
        PAIR_TO_LIST,
        "joined_digits",
        ("list the digits of the first number, then of the second", "list the digits of x and y"),
        "[int(d) for d in str(x) + str(y)]",
        lambda p, _: _digits(p[0]) + _digits(p[1]),
    ),
    _step(
        PAIR_TO_LIST,
        "common_divisors",
        ("list the common divisors of the two numbers", "list in order all that divide x and y"),
        "[d for d in range(1, min(x, y) + 1) if x % d == 0 and y % d == 0]",
        lambda p, _: [d for d in range(1, min(p) + 1) if math.gcd(*p) % d == 0],
    ),
)
