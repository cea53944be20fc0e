"""Two sets of rules on the same runs: ours, and those of LiveCodeBench's grader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.evaluate.tests_judge import LCB, STRICT, TestsJudge
from deepcoder_cli.types import Limits, Problem, TestCase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepcoder_cli.evaluate.benchmark import Finding
    from deepcoder_cli.sandbox.runner import Runner

SUM = Problem(
    id="sum", title="Sum", statement="Print the sum.",
    examples=(TestCase("2\n1 2\n", "3\n"),),
    tests=(TestCase("3\n1 2 3\n", "6\n"), TestCase("1\n5\n", "5\n")),
)  # fmt: skip
HALF = Problem(
    id="half", title="Half", statement="Print the half.",
    tests=(TestCase("1\n", "0.5\n"), TestCase("3\n", "1.5\n")),
)  # fmt: skip
PAIR = Problem(
    id="pair", title="Pair", statement="Return both.", function="pair",
    tests=(TestCase("1\n2", "[1, 2]"), TestCase('"a"\n"b"', '["a", "b"]')),
)  # fmt: skip
PROBLEMS = {problem.id: problem for problem in (SUM, HALF, PAIR)}

# Programs that the official grader is known to call wrong (docs/eval.md): they are right.
MISJUDGED = {
    "iterates stdin": "import sys\nlines = [line for line in sys.stdin]\n"
    "print(sum(map(int, lines[1].split())))",
    "open(0)": "print(sum(map(int, open(0).read().split()[1:])))",
    "reads on after readline": "import sys\nsys.stdin.readline()\n"
    "print(sum(map(int, sys.stdin.read().split())))",
    "os.read": "import os\nprint(sum(map(int, os.read(0, 1 << 20).split()[1:])))",
    "sys.stdout.buffer": "import sys\nn, a = open(0)\n"
    "sys.stdout.buffer.write(b'%d\\n' % sum(map(int, a.split())))",
    "a thread nobody joins": "import sys, threading\ndef main():\n    input()\n"
    "    print(sum(map(int, input().split())))\nthreading.Thread(target=main).start()",
    "globals of the module": "total = 0\ndef add(x):\n    global total\n    total += x\n"
    "input()\nfor x in input().split(): add(int(x))\nprint(total)",
    "a guard that is not last": "def main():\n    input()\n"
    "    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n    main()\nx = 1",
    "stdin.buffer": "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split()[1:])))",
}  # fmt: skip


async def verdicts(runner: Runner, problem: str, program: str) -> Mapping[str, Finding]:
    return await TestsJudge(PROBLEMS).judge(problem, program, (STRICT, LCB), runner)


async def both(runner: Runner, problem: str, program: str) -> tuple[str, str]:
    found = await verdicts(runner, problem, program)
    return str(found[STRICT].verdict), str(found[LCB].verdict)


@pytest.mark.parametrize("name", MISJUDGED)
async def test_what_the_official_grader_misjudges_is_judged_right(
    runner: Runner, name: str
) -> None:
    assert await both(runner, "sum", MISJUDGED[name]) == ("AC", "AC")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print(int(input()) / 2)", ("AC", "AC")),
        ("print(int(input()) / 2 + 1e-9)", ("AC", "WA")),  # no tolerance there
        ("print(f'{int(input()) / 2:e}')", ("AC", "AC")),
        ("print(int(input()) / 2 + 0.01)", ("WA", "WA")),
        ("print(int(input()) / 2, end='\\n\\n\\n')", ("AC", "AC")),
    ],
)
async def test_floats(runner: Runner, program: str, expected: tuple[str, str]) -> None:
    assert await both(runner, "half", program) == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("input()\nprint(reduce(lambda x, y: x + y, map(int, input().split())))", ("RE", "AC")),
        ("input()\nprint(sum(map(int, input().split())))\nexit(1)", ("RE", "AC")),
        ("input()\nprint(sum(map(int, input().split())))\n1 / 0", ("RE", "RE")),
        ("input()\nprint(f'{sum(map(int, input().split()))}.0')", ("WA", "AC")),
        ("input()\nprint(*input().split())", ("WA", "WA")),
        ("print(", ("CE", "CE")),
        ("input()\nwhile True: pass", ("TLE", "TLE")),
        ("", ("WA", "WA")),
    ],
    ids=["imports", "exit", "raises", "3.0", "wrong", "syntax", "loop", "empty"],
)
async def test_where_the_rules_differ(
    runner: Runner, program: str, expected: tuple[str, str]
) -> None:
    limits = Limits(cpu_s=1.0)
    quick = Problem(
        id="sum", title="", statement="", tests=(*SUM.examples, *SUM.tests), limits=limits
    )
    found = await TestsJudge({"sum": quick}).judge("sum", program, (STRICT, LCB), runner)

    assert (str(found[STRICT].verdict), str(found[LCB].verdict)) == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("def pair(a, b): return [a, b]", ("AC", "AC")),
        ("def pair(a, b): return a, b", ("AC", "AC")),
        ("class Solution:\n    def pair(self, a: List[int], b): return [a, b]", ("AC", "AC")),
        ("def pair(a, b): return [b, a]", ("WA", "WA")),
        ("def pair(a, b): return str([a, b])", ("WA", "WA")),
        ("def pair(a, b): print([a, b])", ("WA", "WA")),
        ("def other(a, b): return [a, b]", ("RE", "RE")),
        ("def pair(a, b): return deque([a, b])", ("RE", "RE")),
    ],
)
async def test_functions(runner: Runner, program: str, expected: tuple[str, str]) -> None:
    assert await both(runner, "pair", program) == expected


async def test_how_far_a_program_came_is_told(runner: Runner) -> None:
    program = "n = int(input())\nassert n != 3, 'three'\nprint(sum(map(int, input().split())))"
    found = (await verdicts(runner, "sum", program))[STRICT]

    assert (found.passed, found.total, found.first_failure) == (1, 3, 1)
    assert found.detail == "test 2: AssertionError: three"
    assert found.seconds > 0


async def test_a_slow_program_has_the_limit_of_each_set_of_rules(runner: Runner) -> None:
    spin = "import time\nwhile time.process_time() < 1.2: pass\nprint(7)"
    problem = Problem(
        id="p", title="", statement="", tests=(TestCase("", "7"),), limits=Limits(cpu_s=0.5)
    )
    found = await TestsJudge({"p": problem}).judge("p", spin, (STRICT, LCB), runner)

    assert (str(found[STRICT].verdict), str(found[LCB].verdict)) == ("TLE", "AC")


async def test_a_problem_without_tests_accepts_nothing(runner: Runner) -> None:
    problem = Problem(id="p", title="", statement="")
    found = await TestsJudge({"p": problem}).judge("p", "print(1)", (STRICT, LCB), runner)

    assert {str(finding.verdict) for finding in found.values()} == {"IE"}
