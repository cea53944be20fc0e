"""Steps on a list of integers `a`: filters, maps, scans, orders and groups."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from deepcoder_cli.problems.generated.step import Kind, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.problems.generated.step import Parameter

Ints = list[int]
SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
FEW = (2, 3, 4)
ACCUMULATE = "from itertools import accumulate"


def _step(
    name: str,
    texts: tuple[str, ...],
    code: str,
    apply: Callable[[Ints, int], Ints],
    parameters: tuple[Parameter, ...] = (),
    imports: tuple[str, ...] = (),
) -> Step:
    return Step(name, Kind.LIST, Kind.LIST, texts, code, apply, parameters, imports)


def _keep(
    name: str,
    texts: tuple[str, ...],
    condition: str,
    keep: Callable[[int, int], bool],
    parameters: tuple[Parameter, ...] = (),
) -> Step:
    code = f"a = [x for x in a if {condition}]"
    return _step(name, texts, code, lambda a, c: [v for v in a if keep(v, c)], parameters)


def _map(
    name: str,
    texts: tuple[str, ...],
    value: str,
    change: Callable[[int, int], int],
    parameters: tuple[Parameter, ...] = (),
) -> Step:
    code = f"a = [{value} for x in a]"
    return _step(name, texts, code, lambda a, c: [change(v, c) for v in a], parameters)


def _digit_sum(value: int, _: int) -> int:
    value, total = abs(value), 0
    while value:
        value, digit = divmod(value, 10)
        total += digit
    return total


def _scan(values: Ints, join: Callable[[int, int], int]) -> Ints:
    out: Ints = []
    for value in values:
        out.append(join(out[-1], value) if out else value)
    return out


def _pairs(values: Ints, join: Callable[[int, int], int]) -> Ints:
    return [join(values[i - 1], values[i]) for i in range(1, len(values))]


def _chunks(values: Ints, size: int) -> list[Ints]:
    out: list[Ints] = []
    for i, value in enumerate(values):
        if i % size == 0:
            out.append([])
        out[-1].append(value)
    return out


def _run_lengths(values: Ints) -> Ints:
    out: Ints = []
    for i, value in enumerate(values):
        if i and values[i - 1] == value:
            out[-1] += 1
        else:
            out.append(1)
    return out


def _swap_ends(values: Ints) -> Ints:
    return values if len(values) < 2 else [values[-1], *values[1:-1], values[0]]


FILTERS = (
    _keep(
        "even",
        ("keep only the even numbers", "remove every odd number", "discard the odd numbers"),
        "x % 2 == 0",
        lambda v, _: not v & 1,
    ),
    _keep(
        "odd",
        ("keep only the odd numbers", "remove every even number", "discard the even numbers"),
        "x % 2 != 0",
        lambda v, _: bool(v & 1),
    ),
    _keep(
        "positive",
        ("keep only the positive numbers", "remove every number that is not positive"),
        "x > 0",
        lambda v, _: v >= 1,
    ),
    _keep(
        "negative",
        ("keep only the negative numbers", "remove every number that is not negative"),
        "x < 0",
        lambda v, _: v <= -1,
    ),
    _keep(
        "above",
        ("keep only the numbers greater than {c}", "remove every number that is at most {c}"),
        "x > {c}",
        lambda v, c: not v <= c,
        SMALL,
    ),
    _keep(
        "below",
        ("keep only the numbers less than {c}", "remove every number that is at least {c}"),
        "x < {c}",
        lambda v, c: not v >= c,
        SMALL,
    ),
    _keep(
        "multiples",
        ("keep only the multiples of {c}", "remove every number that is not divisible by {c}"),
        "x % {c} == 0",
        lambda v, c: v // c * c == v,
        SMALL[1:],
    ),
    _keep(
        "non_multiples",
        ("remove every multiple of {c}", "keep only the numbers not divisible by {c}"),
        "x % {c} != 0",
        lambda v, c: v // c * c != v,
        SMALL[1:],
    ),
    _keep(
        "two_digits",
        (
            "keep only the numbers with at least two digits",
            "remove every number with a single digit",
        ),
        "abs(x) >= 10",
        lambda v, _: v >= 10 or v <= -10,
    ),
    _step(
        "odd_places",
        (
            "keep the numbers at odd positions, counting from 1",
            "take every second number, starting with the first",
        ),
        "a = a[::2]",
        lambda a, _: [v for i, v in enumerate(a, 1) if i % 2],
    ),
    _step(
        "even_places",
        (
            "keep the numbers at even positions, counting from 1",
            "take every second number, starting with the second",
        ),
        "a = a[1::2]",
        lambda a, _: [v for i, v in enumerate(a, 1) if i % 2 == 0],
    ),
    _step(
        "take",
        ("keep only the first {c} numbers", "cut the list after the first {c} numbers"),
        "a = a[:{c}]",
        lambda a, c: [v for i, v in enumerate(a) if i < c],
        FEW,
    ),
    _step(
        "drop",
        ("remove the first {c} numbers", "skip the first {c} numbers"),
        "a = a[{c}:]",
        lambda a, c: [v for i, v in enumerate(a) if i >= c],
        FEW,
    ),
    _step(
        "take_last",
        ("keep only the last {c} numbers", "remove all but the last {c} numbers"),
        "a = a[-{c}:]",
        lambda a, c: [v for i, v in enumerate(a) if i >= len(a) - c],
        FEW,
    ),
    _step(
        "drop_maxima",
        ("remove every copy of the largest number", "delete all numbers equal to the maximum"),
        "a = [x for x in a if x != max(a)]",
        lambda a, _: [v for v in a if any(u > v for u in a)],
    ),
    _step(
        "drop_minima",
        ("remove every copy of the smallest number", "delete all numbers equal to the minimum"),
        "a = [x for x in a if x != min(a)]",
        lambda a, _: [v for v in a if any(u < v for u in a)],
    ),
    _step(
        "above_mean",
        ("keep only the numbers above the average", "remove every number that is at most the mean"),
        "a = [x for x in a if x * len(a) > sum(a)]",
        lambda a, _: [v for v in a if sum(v - u for u in a) > 0],
    ),
    _step(
        "distinct",
        (
            "keep only the first copy of each number",
            "remove repeated numbers, keeping first occurrences",
        ),
        "a = list(dict.fromkeys(a))",
        lambda a, _: [v for i, v in enumerate(a) if v not in a[:i]],
    ),
    _step(
        "once",
        ("keep only the numbers that occur exactly once", "remove every number that is repeated"),
        "a = [x for x in a if a.count(x) == 1]",
        lambda a, _: [v for v in a if Counter(a)[v] < 2],
    ),
)

MAPS = (
    _map(
        "add",
        ("add {c} to each number", "increase every number by {c}"),
        "x + {c}",
        lambda v, c: c + v,
        SMALL,
    ),
    _map(
        "subtract",
        ("subtract {c} from each number", "decrease every number by {c}"),
        "x - {c}",
        lambda v, c: -c + v,
        SMALL,
    ),
    _map(
        "multiply",
        ("multiply each number by {c}", "replace every number by {c} times itself"),
        "x * {c}",
        lambda v, c: c * v,
        SMALL,
    ),
    _map(
        "square",
        ("square each number", "replace every number by its square"),
        "x * x",
        lambda v, _: v**2,
    ),
    _map(
        "absolute",
        ("replace each number by its absolute value", "drop the sign of every number"),
        "abs(x)",
        lambda v, _: max(v, -v),
    ),
    _map(
        "negate",
        ("negate each number", "flip the sign of every number"),
        "-x",
        lambda v, _: 0 - v,
    ),
    _map(
        "modulo",
        (
            "replace each number by its remainder modulo {c}",
            "take every number modulo {c}, a result from 0 on",
        ),
        "x % {c}",
        lambda v, c: v - c * (v // c),
        SMALL[1:],
    ),
    _map(
        "divide",
        ("divide each number by {c}, rounding down", "replace every number by its floor over {c}"),
        "x // {c}",
        lambda v, c: divmod(v, c)[0],
        SMALL,
    ),
    _map(
        "digit_sums",
        ("replace each number by the sum of its digits", "turn every number into its digit sum"),
        "sum(map(int, str(abs(x))))",
        _digit_sum,
    ),
    _map(
        "last_digits",
        ("replace each number by its last digit", "keep only the final digit of every number"),
        "abs(x) % 10",
        lambda v, _: int(str(v)[-1]),
    ),
    _map(
        "double_evens",
        ("double each even number", "multiply every even number by 2, leaving odd ones"),
        "x * 2 if x % 2 == 0 else x",
        lambda v, _: v if v & 1 else v + v,
    ),
    _map(
        "negate_odds",
        ("negate each odd number", "flip the sign of every odd number, leaving even ones"),
        "-x if x % 2 else x",
        lambda v, _: -v if v & 1 else v,
    ),
    _map(
        "at_most",
        ("lower each number above {c} to {c}", "cap every number at {c}"),
        "min(x, {c})",
        lambda v, c: c if v > c else v,
        SMALL,
    ),
    _map(
        "at_least",
        ("raise each number below {c} to {c}", "replace every number less than {c} by {c}"),
        "max(x, {c})",
        lambda v, c: c if v < c else v,
        SMALL,
    ),
    _map(
        "distance",
        ("replace each number by its distance to {c}", "turn every number into its gap from {c}"),
        "abs(x - {c})",
        lambda v, c: max(v - c, c - v),
        SMALL,
    ),
    _step(
        "times_place",
        ("multiply each number by its position, counting from 1", "weigh every number by its rank"),
        "a = [i * x for i, x in enumerate(a, 1)]",
        lambda a, _: [a[i] * (i + 1) for i in range(len(a))],
    ),
    _step(
        "plus_place",
        ("add to each number its position, counting from 1", "increase every number by its rank"),
        "a = [i + x for i, x in enumerate(a, 1)]",
        lambda a, _: [a[i] + i + 1 for i in range(len(a))],
    ),
)

SCANS = (
    _step(
        "prefix_sums",
        ("replace the list by its prefix sums", "take running totals from left to right"),
        "a = list(accumulate(a))",
        lambda a, _: [sum(a[: i + 1]) for i in range(len(a))],
        (),
        (ACCUMULATE,),
    ),
    _step(
        "prefix_maxima",
        ("replace the list by its prefix maxima", "take the running maximum from left to right"),
        "a = list(accumulate(a, max))",
        lambda a, _: _scan(a, lambda u, v: v if v > u else u),
        (),
        (ACCUMULATE,),
    ),
    _step(
        "prefix_minima",
        ("replace the list by its prefix minima", "take the running minimum from left to right"),
        "a = list(accumulate(a, min))",
        lambda a, _: _scan(a, lambda u, v: v if v < u else u),
        (),
        (ACCUMULATE,),
    ),
    _step(
        "differences",
        (
            "replace the list by the differences of neighbours, each minus the one before",
            "subtract from each number the one before it, dropping the first",
        ),
        "a = [y - x for x, y in zip(a, a[1:])]",
        lambda a, _: _pairs(a, lambda u, v: v - u),
    ),
    _step(
        "neighbour_sums",
        ("replace the list by the sums of neighbours", "add up every two adjacent numbers"),
        "a = [x + y for x, y in zip(a, a[1:])]",
        lambda a, _: _pairs(a, lambda u, v: u + v),
    ),
    _step(
        "neighbour_maxima",
        (
            "replace the list by the maxima of neighbours",
            "take the larger of every two adjacent numbers",
        ),
        "a = [max(x, y) for x, y in zip(a, a[1:])]",
        lambda a, _: _pairs(a, lambda u, v: u if u > v else v),
    ),
)

ORDERS = (
    _step(
        "ascending",
        ("sort the numbers in increasing order", "arrange the list from smallest to largest"),
        "a.sort()",
        lambda a, _: sorted(a),
    ),
    _step(
        "descending",
        ("sort the numbers in decreasing order", "arrange the list from largest to smallest"),
        "a.sort(reverse=True)",
        lambda a, _: sorted(a)[::-1],
    ),
    _step(
        "reverse",
        ("reverse the list", "put the numbers in the opposite order"),
        "a = a[::-1]",
        lambda a, _: list(reversed(a)),
    ),
    _step(
        "rotate",
        ("move the first {c} numbers to the end", "rotate the list left by {c} places at most"),
        "a = a[{c}:] + a[:{c}]",
        lambda a, c: [*a[c:], *(v for i, v in enumerate(a) if i < c)],
        FEW,
    ),
    _step(
        "by_size",
        (
            "sort the numbers by absolute value, ties in their old order",
            "order the list by distance from zero, equal ones as they were",
        ),
        "a.sort(key=abs)",
        lambda a, _: [v for size in sorted({abs(u) for u in a}) for v in a if abs(v) == size],
    ),
    _step(
        "swap_ends",
        ("swap the first and the last number", "exchange the two ends of the list"),
        "if a:\n    a[0], a[-1] = a[-1], a[0]",
        lambda a, _: _swap_ends(a),
    ),
    _step(
        "mirror",
        ("append the reversed list to the list", "follow the list by its own mirror image"),
        "a = a + a[::-1]",
        lambda a, _: [*a, *reversed(a)],
    ),
)

GROUPS = (
    _step(
        "group_sums",
        (
            "split the list into groups of {c} in order and take the sum of each group",
            "replace every block of {c} consecutive numbers by its sum, the last may be short",
        ),
        "a = [sum(a[i:i + {c}]) for i in range(0, len(a), {c})]",
        lambda a, c: [sum(group) for group in _chunks(a, c)],
        FEW,
    ),
    _step(
        "group_maxima",
        (
            "split the list into groups of {c} in order and take the maximum of each group",
            "replace every block of {c} consecutive numbers by its largest, the last may be short",
        ),
        "a = [max(a[i:i + {c}]) for i in range(0, len(a), {c})]",
        lambda a, c: [sorted(group)[-1] for group in _chunks(a, c)],
        FEW,
    ),
    _step(
        "window_sums",
        (
            "take the sum of each window of {c} neighbours",
            "replace the list by the totals of all {c} consecutive numbers",
        ),
        "a = [sum(a[i:i + {c}]) for i in range(len(a) - {c} + 1)]",
        lambda a, c: [sum(a[i - c : i]) for i in range(c, len(a) + 1)],
        (3, 4),
    ),
    _step(
        "run_lengths",
        ("replace each run of equal numbers by its length", "take the lengths of all equal runs"),
        "a = [len(list(g)) for _, g in groupby(a)]",
        lambda a, _: _run_lengths(a),
        (),
        ("from itertools import groupby",),
    ),
    _step(
        "tallies",
        (
            "count the copies of each distinct number, from the smallest number up",
            "list how often every value occurs, in increasing order of value",
        ),
        "a = [a.count(x) for x in sorted(set(a))]",
        lambda a, _: [n for _, n in sorted(Counter(a).items())],
    ),
)

LIST_STEPS = FILTERS + MAPS + SCANS + ORDERS + GROUPS
