"""When a returned value is right: EvalPlus's rules, value by value.

Source: `unsafe_execute` and `_special_oracle` of EvalPlus 0.3. First `==`. Where that fails and the
tolerance is not 0: the same type, the same length, and `numpy.allclose` with rtol 1e-7. A tolerance
of 0 becomes 1e-6 with the first expected value that is a float or a list of floats, and stays so
for the inputs after it. A few functions have oracles of their own. Whatever raises is wrong.

Not as there: a value that is no data (an object of the program's own class) is never `==` to
anything, whatever it says itself; HumanEval/32 can pass (release 0.3.1 fails every program).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.problems.datasets.evalplus import Dataset
    from deepcoder_cli.sandbox.encoded import Returned

RULES_VERSION = 1  # part of the name of kept outputs, and of the checker in verdicts
FLOAT_ATOL, RTOL = 1e-6, 1e-7
MIN_LIMIT_S, LIMIT_FACTOR = 4.0, 4.0
MAX_GROUP_S = 60.0
MEMORY_MIB = 4096
NOT_NONE = frozenset(("check_str", "text_match_three", "text_starta_endb"))
AS_SETS = frozenset((
    "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
    "intersection_array", "find_dissimilar", "Diff",
))  # fmt: skip
WITH_ORACLE = {
    "humaneval": frozenset(("find_zero",)),
    "mbpp": AS_SETS | NOT_NONE | {
        "are_equivalent", "sum_div", "surface_Area", "digit_distance_nums",
    },
}  # fmt: skip
BROADCAST = 4  # how many times as large as its parts a broadcast may be


class _NotData:
    """Stands for a value that was none; equal to itself alone."""

    def __repr__(self) -> str:
        return "(no data)"


NOT_DATA = _NotData()


@dataclass(frozen=True, slots=True)
class Question:
    """One call whose result is compared.

    Attributes:
        dataset: and `entry_point`: they choose the oracle.
        arguments: of the call, as they were before it.
        atol: the tolerance in force before this input, and `atol_after` once its expected value
            has been seen.
    """

    dataset: Dataset
    entry_point: str
    arguments: Sequence[Any]
    atol: float
    atol_after: float


def has_oracle(dataset: Dataset, entry_point: str) -> bool:
    """Whether more than the expected value decides."""
    return entry_point in WITH_ORACLE[dataset]


def is_right(question: Question, out: Returned, expected: Returned) -> bool:
    """Whether `out` is right where the canonical solution returns `expected`.

    >>> from deepcoder_cli.sandbox.encoded import Returned
    >>> Q = Question("humaneval", "f", (), 0, 1e-6)
    >>> is_right(Q, Returned(1.0000000001, "float"), Returned(1.0, "float"))
    True
    """
    try:
        return _is_right(question, out, expected)
    except Exception:  # noqa: BLE001 - the rule: whatever raises is wrong
        return False


def atol_after(atol: float, expected: Returned) -> float:
    """The tolerance from this expected value on."""
    return FLOAT_ATOL if atol == 0 and is_floats(expected.value) else atol


def is_floats(value: object) -> bool:
    """Whether it is a float, or a list, tuple or array of nothing else.

    >>> is_floats([1.0, 2.5]), is_floats([1.0, 2]), is_floats([])
    (True, False, False)
    """
    if isinstance(value, float):
        return True
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, float) for item in value)
    return getattr(value, "ndim", 0) > 0 and str(getattr(value, "dtype", "")) in {
        "float32", "float64",
    }  # fmt: skip


def _is_right(question: Question, out: Returned, expected: Returned) -> bool:
    value, want = out.value, expected.value
    if question.entry_point == "find_zero" and question.dataset == "humaneval":
        return bool(abs(polynomial(question.arguments[0], value)) <= question.atol)
    exact = value == want
    if question.dataset == "mbpp":
        exact = _by_oracle(question, value, want, exact)
    if not exact and question.atol_after != 0:
        return _is_close(out, expected, question.atol_after)
    return bool(exact)


def _by_oracle(  # noqa: PLR0911 - an oracle a line
    question: Question,
    value: Any,  # noqa: ANN401
    want: Any,  # noqa: ANN401
    exact: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """What `==` said, or what is said in its place of some functions of MBPP."""
    name = question.entry_point
    if name == "are_equivalent":
        return bool(exact) or True  # `exact` of an array raises: that is wrong even here
    if name == "sum_div":
        return exact or value == 0
    if name == "surface_Area":
        return exact or abs(value - surface_area(*question.arguments)) <= question.atol
    if name == "digit_distance_nums":
        return exact or value == digit_distance(*question.arguments)
    if name in AS_SETS:
        return set(value) == set(want)
    if name in NOT_NONE:
        return exact if isinstance(value, bool) else want == (value is not None)
    return exact


def _is_close(out: Returned, expected: Returned, atol: float) -> bool:
    """The same type and length, and every number near its own."""
    value, want = out.value, expected.value
    if out.type_name != expected.type_name:
        return False
    if isinstance(want, list | tuple) and len(value) != len(want):
        return False
    if not (_only_numbers(value) and _only_numbers(want)):
        return False  # numpy would raise, or first make room for the longest text in each place
    import numpy as np

    one, other = np.asanyarray(value), np.asanyarray(want)
    shape = np.broadcast_shapes(one.shape, other.shape)
    if math.prod(shape) > BROADCAST * max(one.size, other.size, 1):
        return False
    with np.errstate(all="ignore"):
        return bool(np.allclose(value, want, rtol=RTOL, atol=atol))


def _only_numbers(value: object) -> bool:
    """Whether there are nothing but numbers in lists and tuples."""
    if isinstance(value, list | tuple):
        return all(map(_only_numbers, value))
    return isinstance(value, bool | int | float | complex) or hasattr(value, "dtype")


def polynomial(coefficients: Sequence[float], x: float) -> float:
    """Its value at `x`; the lowest power first."""
    return sum(c * math.pow(x, power) for power, c in enumerate(coefficients))


def surface_area(base_edge: float, height: float) -> int:
    """Of a square pyramid whose `height` is perpendicular, rounded (Mbpp/581)."""
    slant = math.sqrt((base_edge / 2) ** 2 + height**2)
    return round(base_edge**2 + 4 * (base_edge * slant) / 2)


def digit_distance(one: int, other: int) -> int:
    """Sum of the differences of the digits, the shorter number with zeros before it (Mbpp/558)."""
    length = max(len(str(one)), len(str(other)))
    digits = zip(str(one).zfill(length), str(other).zfill(length), strict=True)
    return sum(abs(int(a) - int(b)) for a, b in digits)
