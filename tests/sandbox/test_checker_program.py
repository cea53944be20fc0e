"""A user's own checker, run in the real sandbox: its exit codes, its limits, what it is shown."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.markdown import load_problem
from deepcoder_cli.sandbox.checker_program import CheckerProgram, load_checker_program
from deepcoder_cli.sandbox.checkers import checker_named
from deepcoder_cli.sandbox.judge import TOO_LONG, ajudge, judge
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner, RunRequest, RunResult

# Any two numbers whose sum is the one that was given; the answer holds one such pair.
PAIR = """\
import sys
given, output, answer = (open(name).read().split() for name in sys.argv[1:])
if len(output) != 2 or not all(word.lstrip("-").isdigit() for word in output):
    print("two integers are wanted", file=sys.stderr)
    sys.exit(2)
if sum(map(int, output)) != int(given[0]):
    print("the sum is", sum(map(int, output)), file=sys.stderr)
    sys.exit(1)
"""
TESTS = (TestCase("7\n", "3 4\n"), TestCase("-1\n", "0 -1\n"))
needs_cpp = pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")


class WatchedRunner:
    """The real runner; notes what it is asked."""

    def __init__(self, inner: Runner) -> None:
        self.tier = inner.tier
        self.inner = inner
        self.requests: list[RunRequest] = []

    async def arun(self, request: RunRequest) -> RunResult:
        self.requests.append(request)
        return await self.inner.arun(request)

    def run(self, request: RunRequest) -> RunResult:
        raise NotImplementedError


def exits(code: str) -> CheckerProgram:
    return CheckerProgram("check.py", f"import os, sys, time\n{code}\n")


@pytest.mark.parametrize(
    ("program", "verdict", "detail"),
    [
        ("n = int(input())\nprint(n - 2, 2)", Verdict.AC, ""),
        ("n = int(input())\nprint(n, 1)", Verdict.WA, "checker check.py: the sum is 8"),
        ("print('seven')", Verdict.WA, "checker check.py: two integers are wanted"),
        ("", Verdict.WA, "checker check.py: two integers are wanted"),
        ("n = int(input())\nprint(n - 2, 2)\n1 / 0", Verdict.RE, ""),
        ("while True: pass", Verdict.TLE, ""),
    ],
)
def test_a_checker_decides_what_is_right(
    runner: Runner, program: str, verdict: Verdict, detail: str
) -> None:
    result = judge(
        program, TESTS, runner=runner, checker=CheckerProgram("check.py", PAIR),
        limits=Limits(cpu_s=0.5),
    )  # fmt: skip

    assert (result.verdict, result.detail) == (verdict, detail)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, "AC"), (1, "WA"), (2, "WA"), (4, "WA"), (8, "WA"), (3, "IE"), (7, "IE"), (255, "IE")],
)
def test_each_exit_code(runner: Runner, code: int, verdict: str) -> None:
    result = judge("print(1)", TESTS[:1], runner=runner, checker=exits(f"sys.exit({code})"))

    assert result.verdict == verdict


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("sys.exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), 11)", "signaled"),
        ("while True: pass", "cpu-limit"),
        pytest.param("time.sleep(99)", "wall-limit", marks=pytest.mark.slow),
        ("x = [0] * (1 << 40)", "memory-limit"),
        ("while True: print('x' * 9999)", "output-limit"),
        ("this is no Python", "compile-error"),
    ],
)
def test_a_checker_that_fails_is_our_fault_and_is_named(
    runner: Runner, code: str, why: str
) -> None:
    limits = Limits(cpu_s=0.5, wall_s=3, memory_mib=256, output_kib=64)
    checker = CheckerProgram("odd.py", exits(code).source, limits=limits)
    result = judge("print(1)", TESTS[:1], runner=runner, checker=checker)

    assert result.verdict is Verdict.IE
    assert result.detail.startswith(f"checker odd.py failed: {why}")
    assert result.detail == result.tests[0].detail == result.tests[0].result.detail


@pytest.mark.parametrize(
    ("code", "output", "why"),
    [
        ("sys.set_int_max_str_digits(0)\nint(output)", "'9' * 10**6", "cpu-limit"),
        ("x = [0] * int(output)", "1 << 40", "memory-limit"),
        ("print(output * 10)", "'x' * 60000", "output-limit"),
        ("int(output) < 5 or os.abort()", "9", "signaled"),
        ("int(output) < 5 or os._exit(7)", "9", "exit code 7"),
        pytest.param(
            "int(output) < 5 or time.sleep(99)", "9", "wall-limit", marks=pytest.mark.slow
        ),
    ],
)
def test_an_output_that_makes_the_checker_fail_is_wrong(
    runner: Runner, code: str, output: str, why: str
) -> None:
    """Were it IE, a program in training could choose that its answer does not count."""
    limits = Limits(cpu_s=0.5, wall_s=2, memory_mib=256, output_kib=64)
    source = exits(f"output = open('output').read().strip()\n{code}").source
    checker = CheckerProgram("weak.py", source, limits=limits)
    test = TestCase("", "1\n")
    right = judge("print(2)", (test,), runner=runner, checker=checker)
    result = judge(f"print({output})", (test,), runner=runner, checker=checker)

    assert right.verdict is Verdict.AC
    assert result.verdict is Verdict.WA
    assert result.detail.startswith(f"checker weak.py failed: {why}")
    assert result.detail.endswith("the output is at fault.")


def test_a_checker_that_blames_itself_is_believed(runner: Runner) -> None:
    """So testlib's do where a program has found a better answer than the expected one."""
    checker = exits("sys.exit(3 if open('output').read() == '9\\n' else 0)")
    result = judge("print(9)", TESTS[:1], runner=runner, checker=checker)

    assert (result.verdict, result.detail) == (
        Verdict.IE,
        "checker check.py failed: exit code 3",
    )


class LoadedRunner(WatchedRunner):
    """Its machine has no time for the first check, and loses the third run of one."""

    def __init__(self, inner: Runner, *, loses: bool) -> None:
        super().__init__(inner)
        self.loses = loses

    async def arun(self, request: RunRequest) -> RunResult:
        result = await super().arun(request)
        if len(self.requests) == 1 + 1:
            return replace(result, status=Status.WALL_LIMIT, exit_code=None)
        lost = self.loses and len(self.requests) == 1 + 3
        return replace(result, status=Status.INFRASTRUCTURE) if lost else result


@pytest.mark.parametrize(
    ("loses", "verdicts"), [(False, ["AC", "WA"]), (True, ["IE", "IE"])], ids=["late", "lost"]
)
async def test_a_checker_that_a_loaded_machine_broke_off_is_tried_again(
    runner: Runner, loses: bool, verdicts: list[str]
) -> None:
    checker = CheckerProgram("check.py", PAIR)
    judged = [
        (await ajudge(p, TESTS[:1], runner=LoadedRunner(runner, loses=loses), checker=checker))
        for p in ("print(1, 6)", "print(6, 6)")
    ]

    assert [result.verdict for result in judged] == verdicts


async def test_the_expected_output_is_given_to_the_checker_alone(runner: Runner) -> None:
    watched = WatchedRunner(runner)
    test = TestCase("in", "canary-7f3a")
    await ajudge("print(1)", (test,), runner=watched, checker=exits(""))

    program, check = watched.requests
    assert "canary-7f3a" not in repr(program)
    assert dict(check.files) == {"input": b"in", "output": b"1\n", "answer": b"canary-7f3a"}
    assert check.argv == ("input", "output", "answer")
    assert check.stdin == b""


async def test_no_checker_runs_for_a_program_that_failed(runner: Runner) -> None:
    watched = WatchedRunner(runner)
    await ajudge("1 / 0", TESTS, runner=watched, checker=exits(""))

    assert len(watched.requests) == 1


def test_a_checker_reads_every_byte_of_a_large_output(runner: Runner) -> None:
    program = "import sys\nsys.stdout.buffer.write(b'\\xff\\0\\r\\n' * 1_000_000)"
    checker = exits(
        "data = open(sys.argv[2], 'rb').read()\nsys.exit(data != b'\\xff\\0\\r\\n' * 1_000_000)"
    )

    assert judge(program, TESTS[:1], runner=runner, checker=checker).verdict is Verdict.AC


def test_a_checker_is_given_values_of_functions_as_json(runner: Runner) -> None:
    checker = exits(
        "import json\nvalue, answer = (json.load(open(n)) for n in sys.argv[2:])\n"
        "sys.exit(sorted(value) != sorted(answer))"
    )
    tests = (TestCase("[3, 1]", "[1, 3]"),)
    judged = {
        program: judge(program, tests, runner=runner, checker=checker, function="f").verdict
        for program in ("def f(a): return a", "def f(a): return a[:1]", "def f(a): return {1}")
    }

    assert list(judged.values()) == ["AC", "WA", "RE"]


async def test_a_value_far_too_long_is_wrong_before_a_checker_sees_it(runner: Runner) -> None:
    """To read it takes memory and time here, outside."""
    watched = WatchedRunner(runner)
    result = await ajudge(
        "def f(a): return [[]] * 10**5", (TestCase("1", "[[]]"),), runner=watched,
        checker=exits(""), function="f",
    )  # fmt: skip

    assert (result.verdict, result.detail) == (Verdict.WA, TOO_LONG)
    assert len(watched.requests) == 1


def test_what_a_checker_quotes_of_an_output_is_harmless_to_a_terminal(runner: Runner) -> None:
    checker = exits("sys.exit(open(sys.argv[2]).read())")
    result = judge("print('\\x1b[2J\\x07no')", TESTS[:1], runner=runner, checker=checker)

    assert (result.verdict, result.detail) == (Verdict.WA, r"checker check.py: \x1b[2J\x07no")


def test_a_program_cannot_reach_the_files_of_its_checker(runner: Runner) -> None:
    """It has ended when the checker starts, and shares no folder with it."""
    program = """\
import os
for folder in ("", "/tmp/"):
    for name in ("answer", "check.py", "main.py", "sitecustomize.py", "os.py"):
        try: open(folder + name, "w").write("forged")
        except OSError: pass
print(sorted(os.listdir(".")))
"""
    checker = exits("sys.exit(open('answer').read() != 'real')")
    result = judge(program, (TestCase("", "real"),), runner=runner, checker=checker)

    assert result.verdict is Verdict.AC, result


CPP = """\
#include "testlib.h"
#include <fstream>
int main(int, char** names) {
    long long given, a, b;
    std::ifstream(names[1]) >> given;
    std::ifstream output(names[2]);
    if (!(output >> a >> b)) return WRONG_FORM;
    return a + b == given ? 0 : 1;
}
"""


@needs_cpp
def test_a_checker_in_cpp_with_a_header_beside_it(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "testlib.h").write_text("#pragma once\n#define WRONG_FORM 2\n")
    (tmp_path / "check.cpp").write_text(CPP)
    name = f"program:{tmp_path / 'check.cpp'}"
    programs = ("n = int(input())\nprint(n, 0)", "print(1, 1)", "print('x')")

    assert [judge(p, TESTS, runner=runner, checker=name).verdict for p in programs] == [
        "AC", "WA", "WA",
    ]  # fmt: skip


@needs_cpp
def test_a_checker_that_does_not_compile_is_our_fault(runner: Runner) -> None:
    checker = CheckerProgram("check.cpp", "int main() { return x; }", Language.CPP)
    result = judge("print(1)", TESTS[:1], runner=runner, checker=checker)

    assert result.verdict is Verdict.IE
    assert "check.cpp failed: compile-error" in result.detail


def test_a_problem_names_a_checker_beside_it(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text(PAIR)
    (tmp_path / "pair.md").write_text("---\nchecker: program:check.py\n---\n# Pair\n\nSplit n.\n")
    problem = load_problem(str(tmp_path / "pair.md"))

    assert problem.checker == f"program:{tmp_path}/check.py"
    assert judge(
        "n = int(input())\nprint(n - 5, 5)", TESTS, runner=runner, checker=problem.checker
    ).verdict is Verdict.AC  # fmt: skip


def test_other_checkers_of_a_problem_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("---\nchecker: float:1e-9\n---\n# P\n\nAdd.\n")

    assert load_problem(str(tmp_path / "p.md")).checker == "float:1e-9"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("check.rb", b"", "unknown kind"),
        ("check", b"", "unknown kind"),
        ("missing.py", None, "cannot be read"),
        ("check.py", b"\xff\xfe", "cannot be read"),
        ("check.py", b"#" * (1 << 20) + b"#", "too big"),
    ],
    ids=["another language", "no language", "missing", "not UTF-8", "too big"],
)
def test_a_file_that_is_no_checker_is_bad_input(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match=said):
        checker_named(f"program:{tmp_path / name}")


def test_headers_are_put_in_once_and_those_of_the_system_left(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text('#include "b.h"\nint a;\n')
    (tmp_path / "b.h").write_text('#include "a.h"\nint b;\n')
    (tmp_path / "c.cpp").write_text(
        '#include <map>\n #  include "a.h" // own\n#include "b.h"\n#include "none.h"\nint c;\n'
    )
    source = load_checker_program(str(tmp_path / "c.cpp")).source

    assert source.split() == [
        "#include", "<map>", "int", "b;", "int", "a;", "#include", '"none.h"', "int", "c;",
    ]  # fmt: skip
