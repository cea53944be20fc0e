"""Rows through the real sandbox: right programs pass what was read of them, wrong ones do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.problems.datasets.formats import format_of
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.verdict import Verdict
from tests.problems.datasets import records as r

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner

SORT = (
    "for _ in range(int(input())):\n    s = input()\n"
    "    print('NO' if s in ('bca', 'cab') else 'YES')"
)
LARGEST = (
    "class Solution:\n    def findKthLargest(self, nums: List[int], k: int) -> int:\n"
    "        return sorted(nums)[-k]"
)
MIX = "def sum_mix(arr):\n    return sum(map(int, arr))"
BOTH = "def both(a, b):\n    return a // b, a % b"
MAX_OF = "class Solution:\n    def max_of(self, xs):\n        return max(xs)"
REV = "class Solution:\n    def rev(self, s):\n        return s[::-1]"
TWICE = "def twice(w):\n    return w * 2"
LINES = "for _ in range(int(input())):\n    print(sum(map(int, input().split())))"
PLUS = "print(int(input()) + 1)"


@pytest.fixture(scope="module")
def runner() -> Runner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")


@pytest.mark.parametrize(
    ("row", "right", "wrong"),
    [
        (r.LCB_STDIN, SORT, SORT.replace("'cab'", "'abc'")),
        (r.LCB_TWO_ARGUMENTS, LARGEST, LARGEST.replace("sorted(nums)", "nums")),
        (r.TACO_CODEWARS, MIX, MIX.replace("sum(map(int, arr))", "[sum(map(int, arr))]")),
        (r.TACO_LINES, LINES, LINES.replace("sum", "max")),
        (r.SYNTHETIC_FUNCTION, BOTH, BOTH.replace("a // b, ", "")),
        (r.SYNTHETIC_ONE_OUTPUT, MAX_OF, MAX_OF.replace("max(xs)", "[max(xs)]")),
        (r.PREVIEW_LCB, REV, REV.replace("[::-1]", "")),
        (r.PREVIEW_PRIME, TWICE, TWICE.replace("2", "3")),
        (r.CODEFORCES_PLAIN, PLUS, PLUS.replace("1", "2")),
    ],
)
def test_right_programs_pass_and_wrong_ones_do_not(
    runner: Runner, row: r.Row, right: str, wrong: str
) -> None:
    found = format_of(row.keys())
    assert found is not None
    problem = found.read(row).problem

    def verdict(program: str) -> Verdict:
        tests = (*problem.examples, *problem.tests)
        return judge(
            program, tests, runner=runner, limits=problem.limits, function=problem.function,
            checker=problem.checker,
        ).verdict  # fmt: skip

    assert verdict(right) is Verdict.AC
    assert verdict(wrong) is Verdict.WA


@pytest.mark.parametrize("row", [r.SYNTHETIC_FUNCTION, r.SYNTHETIC_ONE_OUTPUT, r.PREVIEW_TACO])
def test_the_rows_own_solutions_pass(runner: Runner, row: r.Row) -> None:
    found = format_of(row.keys())
    assert found is not None
    got = found.read(row)

    for program in got.solutions:
        judged = judge(program, got.problem.tests, runner=runner, function=got.problem.function)
        assert judged.verdict is Verdict.AC
