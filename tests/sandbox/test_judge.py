"""What a run means: each verdict, by a program that earns it."""

# ruff: noqa: E501 - tables read best with one program a line
from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.judge import KEPT_BYTES, ajudge, judge, verdict_of
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner

DOUBLE = (TestCase("2\n", "4\n"), TestCase("5\n", "10\n"))
SMALL = Limits(cpu_s=0.5, wall_s=20, memory_mib=256, output_kib=64)


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("print(int(input()) * 2)", Verdict.AC),
        ("print(4)", Verdict.WA),
        ("", Verdict.WA),
        ("while True: pass", Verdict.TLE),
        ("x = [0] * (1 << 40)", Verdict.MLE),
        ("while True: print('x' * 99)", Verdict.OLE),
        ("print(4)\nraise SystemExit(1)", Verdict.RE),
        ("print(int(input()) * 2)\n1/0", Verdict.RE),
        ("import os\nos.kill(os.getpid(), 6)", Verdict.RE),
        ("print(4", Verdict.CE),
    ],
)
def test_each_verdict(runner: Runner, program: str, verdict: Verdict) -> None:
    assert judge(program, DOUBLE, runner=runner, limits=SMALL).verdict is verdict


def test_it_stops_at_the_first_failure(runner: Runner) -> None:
    result = judge("print(4)", (*DOUBLE[::-1], *DOUBLE), runner=runner)

    assert (len(result.tests), result.total, result.passed) == (1, 4, 0)


def test_it_runs_all_tests_when_told(runner: Runner) -> None:
    result = judge("print(4)", (*DOUBLE, *DOUBLE), runner=runner, stop_at_first_failure=False)

    assert (result.verdict, len(result.tests), result.passed) == (Verdict.WA, 4, 2)


@pytest.mark.parametrize(
    "program", ["print(", "while True: pass", "x = [0] * (1 << 40)", "while True: print('x' * 99)"]
)
def test_what_costs_a_whole_limit_or_fails_alike_is_run_once(runner: Runner, program: str) -> None:
    result = judge(
        program, (*DOUBLE, *DOUBLE), runner=runner, limits=SMALL, stop_at_first_failure=False
    )

    assert (len(result.tests), result.total, result.passed) == (1, 4, 0)


def test_a_judgement_keeps_the_start_of_the_output_and_says_so(runner: Runner) -> None:
    program = "import sys\nprint('x' * 999_999)\nprint('y' * 999_999, file=sys.stderr)"
    whole = TestCase("", "x" * 999_999)
    result = judge(program, (whole, TestCase("", "z")), runner=runner)
    kept = result.tests[0].result

    assert [test.verdict for test in result.tests] == [Verdict.AC, Verdict.WA]
    assert (kept.stdout, kept.stderr) == (b"x" * KEPT_BYTES, b"y" * KEPT_BYTES)
    assert kept.truncated


def test_a_judgement_keeps_the_start_of_a_value(runner: Runner) -> None:
    test = TestCase("200000", json.dumps("x" * 200_000))
    result = judge("def f(n): return 'x' * n", (test,), runner=runner, function="f")

    assert result.verdict is Verdict.AC
    assert result.tests[0].result.value == test.output[:KEPT_BYTES]
    assert result.tests[0].result.truncated


def test_a_short_output_is_kept_whole(runner: Runner) -> None:
    result = judge("print(4)", DOUBLE[:1], runner=runner).tests[0].result

    assert (result.stdout, result.truncated) == (b"4\n", False)


def test_no_tests_accept_nothing(runner: Runner) -> None:
    assert judge("print(4)", (), runner=runner).verdict is Verdict.IE


def test_the_exact_checker_is_used_when_named(runner: Runner) -> None:
    program = "print('4 ', end='')\nprint(' 5')"
    tests = (TestCase("", "4 5"),)

    assert judge(program, tests, runner=runner).verdict is Verdict.AC
    assert judge(program, tests, runner=runner, checker="exact").verdict is Verdict.WA


def test_an_unknown_checker_is_refused_before_anything_runs(runner: Runner) -> None:
    with pytest.raises(InputError):
        judge("print(4)", DOUBLE, runner=runner, checker="fuzzy")


@pytest.mark.parametrize(
    ("program", "test", "verdict"),
    [
        ("def f(a, b): return a + b", TestCase("[1]\n[2]", "[1, 2]"), Verdict.AC),
        ("def f(a, b): return (a, (b,))", TestCase("1\n2", "[1, [2]]"), Verdict.AC),
        ("class Solution:\n    def f(self, a): return a / 2", TestCase("1", "0.5"), Verdict.AC),
        ("class Solution:\n    def f(self, a: List[int]) -> Optional[int]: return a[0]", TestCase("[1]", "1"), Verdict.AC),
        ("def f(s): return s[::-1]", TestCase('"é\\n"', '"\\né"'), Verdict.AC),
        ("def f(): return None", TestCase("", "null"), Verdict.AC),
        ("def f(a):\n    print('noise', a)\n    return a", TestCase("1", "1"), Verdict.AC),
        ("def f(a): return a\nif __name__ == '__main__':\n    f(int(input()))", TestCase("1", "1"), Verdict.AC),
        ("def f(d): return d", TestCase('{"b": [1.5]}', '{"b": [1.5]}'), Verdict.AC),
        ("def f(a): return a == 1", TestCase("1", "1"), Verdict.WA),
        ("def f(a): return a", TestCase("1", "2"), Verdict.WA),
        ("def f(a): return {a}", TestCase("1", "1"), Verdict.RE),
        ("def f(a): return float('nan')", TestCase("1", "NaN"), Verdict.WA),
        ("def g(a): return a", TestCase("1", "1"), Verdict.RE),
        ("def f(): return 1", TestCase("1", "1"), Verdict.RE),
        ("def f(a): return f(a)", TestCase("1", "1"), Verdict.RE),
        ("def f(a):\n    import os\n    os._exit(0)", TestCase("1", "1"), Verdict.RE),
        ("def f(a)\n    return 1", TestCase("1", "1"), Verdict.CE),
        ("def f(a): return 'x' * (1 << 20)", TestCase("1", "1"), Verdict.OLE),
        ("def f(a): return [a] * (1 << 40)", TestCase("1", "1"), Verdict.MLE),
        ("def f(a):\n    while 1: pass", TestCase("1", "1"), Verdict.TLE),
        ("def f(a): return a", TestCase("1", "not json"), Verdict.IE),
        ("def f(a): return a", TestCase("not json", "1"), Verdict.IE),
    ],
)  # fmt: skip
def test_each_verdict_on_a_function(
    runner: Runner, program: str, test: TestCase, verdict: Verdict
) -> None:
    result = judge(program, (test,), runner=runner, limits=SMALL, function="f")

    assert result.verdict is verdict, result.tests[0].result


def test_a_value_far_longer_than_the_expected_one_is_wrong_unread(runner: Runner) -> None:
    result = judge(
        "def f(a): return [[]] * 10**5", (TestCase("1", "[[]]"),), runner=runner, function="f"
    )

    assert (result.verdict, result.detail) == (
        Verdict.WA,
        "the value is far longer than the expected one",
    )


def test_a_test_that_is_no_json_says_so(runner: Runner) -> None:
    result = judge("def f(a): return a", (TestCase("1", "{"),), runner=runner, function="f")

    assert result.detail.startswith("the test is not JSON: ")
    assert result.tests[0].result.detail == result.detail


def test_a_run_alone_is_judged_by_data_alone(runner: Runner) -> None:
    result = runner.run(RunRequest("print('1.0000001')"))

    assert verdict_of(result, "1.0") is Verdict.AC
    assert verdict_of(result, "1.0", checker="exact") is Verdict.WA
    with pytest.raises(InputError, match="needs a sandbox"):
        verdict_of(result, "1.0", checker=f"program:{__file__}")


class WatchedRunner:
    """The real runner; notes what it is asked, and can lose runs by a fault of its own."""

    def __init__(self, inner: Runner, *, loses: bool = False) -> None:
        self.tier = inner.tier
        self.inner = inner
        self.loses = loses
        self.requests: list[RunRequest] = []

    async def arun(self, request: RunRequest) -> RunResult:
        self.requests.append(request)
        result = await self.inner.arun(request)
        return (
            replace(result, status=Status.INFRASTRUCTURE, detail="lost") if self.loses else result
        )

    def run(self, request: RunRequest) -> RunResult:
        raise NotImplementedError


async def test_a_run_lost_by_the_sandbox_is_an_internal_error_at_once(runner: Runner) -> None:
    watched = WatchedRunner(runner, loses=True)
    result = await ajudge("print(int(input()) * 2)", DOUBLE, runner=watched)

    assert (result.verdict, result.detail, result.passed) == (Verdict.IE, "lost", 0)
    assert len(watched.requests) == 1


async def test_no_request_holds_the_expected_output(runner: Runner) -> None:
    watched = WatchedRunner(runner)
    await ajudge("print(1)", (TestCase("in", "canary-7f3a"),), runner=watched)
    await ajudge("def f(a): 1", (TestCase("1", '"canary-7f3a"'),), runner=watched, function="f")

    assert len(watched.requests) == 2
    assert "canary-7f3a" not in repr(watched.requests)


CPP = "#include <iostream>\nint main() { long n; std::cin >> n; std::cout << n * 2 << std::endl; }"
SCRIPT = "const n = Number(require('fs').readFileSync(0, 'utf8'));\nconsole.log(n * 2);"


@pytest.mark.parametrize(
    ("language", "tool", "program", "verdict"),
    [
        (Language.CPP, "g++", CPP, Verdict.AC),
        (Language.CPP, "g++", CPP.replace("n * 2", "n * n"), Verdict.WA),
        (Language.CPP, "g++", CPP.replace("long n;", ""), Verdict.CE),
        (Language.CPP, "g++", CPP.replace("std::cin", "return 3; std::cin"), Verdict.RE),
        (Language.CPP, "g++", CPP.replace("std::cin", "for (;;) n++; std::cin"), Verdict.TLE),
        (Language.JAVASCRIPT, "node", SCRIPT, Verdict.AC),
        (Language.JAVASCRIPT, "node", SCRIPT.replace("n * 2", "n * n"), Verdict.WA),
        (Language.JAVASCRIPT, "node", "throw 1", Verdict.RE),
    ],
)
def test_each_language_is_judged_alike(
    runner: Runner, language: Language, tool: str, program: str, verdict: Verdict
) -> None:
    if not shutil.which(tool):
        pytest.skip(f"needs {tool}")
    limits = Limits(cpu_s=2, memory_mib=512)
    result = judge(program, DOUBLE[::-1], runner=runner, limits=limits, language=language)

    assert result.verdict is verdict, result.tests


def test_only_python_has_functions_to_call(runner: Runner) -> None:
    with pytest.raises(InputError, match="python only"):
        judge("", DOUBLE, runner=runner, function="f", language=Language.JAVASCRIPT)


def test_a_lone_surrogate_in_a_test_breaks_nothing(runner: Runner) -> None:
    test = TestCase("\ud800", "3")

    assert judge("print(len(open(0, 'rb').read()))", (test,), runner=runner).verdict is Verdict.AC
    function = judge(
        "def f(s): return s", (TestCase('"\ud800"', '"\ud800"'),), runner=runner, function="f"
    )
    assert function.verdict is Verdict.AC
