"""What `solve` prints, kept as golden files; output of programs never reaches the terminal raw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.sandbox.runner import RunResult, Status, Tier
from deepcoder_cli.sandbox.verdict import Judgement, TestVerdict, Verdict
from deepcoder_cli.solve.outcome import Outcome
from deepcoder_cli.solve.report import difference, shown_line
from deepcoder_cli.solve.summary import Summary, text
from deepcoder_cli.types import Candidate, Completion, FinishReason, Problem, TestCase, Usage

GOLDEN = Path(__file__).parent / "golden"
FIRST, SECOND = TestCase("1 2\n", "3\n"), TestCase("4\n5\n", "9\nyes\n")
PROBLEM = Problem(id="sum", title="Sum", statement="Add.", examples=(FIRST, SECOND))


def ran(stdout: bytes, status: Status = Status.EXITED, *, stderr: bytes = b"") -> RunResult:
    code = (1 if stderr else 0) if status is Status.EXITED else None
    return RunResult(status, code, None, stdout, stderr, 10.04, 11.0, 9.0, False, Tier.A)


def outcome(
    index: int, *tests: TestVerdict, program: str | None = "print(3)\n", same_as: int | None = None,
    reason: FinishReason = "stop",
) -> Outcome:  # fmt: skip
    completion = Completion("hm", "answer", reason, Usage(90, 1000 + index))
    judgement = None
    if tests:
        bad = next((t.verdict for t in tests if t.verdict is not Verdict.AC), Verdict.AC)
        judgement = Judgement(bad, tests, 2)
    return Outcome(Candidate(index, program, completion), 7 + index, 1.25, judgement, same_as)


AC = TestVerdict(Verdict.AC, FIRST, ran(b"3\n"))
WA = TestVerdict(Verdict.WA, SECOND, ran(b"9\n\x1b[31mno\x07\n"))
TLE = TestVerdict(Verdict.TLE, FIRST, ran(b"", Status.CPU_LIMIT))
RE = TestVerdict(Verdict.RE, FIRST, ran(b"", stderr=b"Traceback\nValueError: x\x1b[2J\n"))
IE = TestVerdict(Verdict.IE, FIRST, ran(b"", Status.INFRASTRUCTURE))
CASES = {
    "passes": Summary(
        PROBLEM, "nano", 7, (outcome(0, TLE, TLE), outcome(1, AC, AC)), path=Path("sum.py")
    ),
    "fails": Summary(
        PROBLEM,
        "nano",
        7,
        (
            outcome(0, RE, RE),
            outcome(1, AC, WA),
            outcome(2, AC, WA, same_as=1),
            outcome(3, program=None, reason="length"),
        ),
    ),
    "runtime-error": Summary(PROBLEM, "nano", 7, (outcome(0, RE, RE),)),
    "no-program": Summary(PROBLEM, "nano", 7, (outcome(0, program=None),)),
    "judge-failed": Summary(PROBLEM, "nano", 7, (outcome(0, IE, IE),)),
    "untested": Summary(
        Problem(id="p", title="P", statement="P"), "m.gguf", 1, (outcome(0),), path=Path("p.py")
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_report_is_the_golden_one(case: str) -> None:
    path = GOLDEN / f"report-{case}.txt"
    shown = text(CASES[case]) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown)

    assert shown == path.read_text()


@pytest.mark.parametrize(
    ("case", "code"),
    [("passes", 0), ("fails", 1), ("no-program", 1), ("judge-failed", 4), ("untested", 3)],
)
def test_exit_codes(case: str, code: int) -> None:
    assert CASES[case].exit_code == code


@given(st.text(max_size=300))
def test_shown_text_is_one_printable_line(raw: str) -> None:
    assert shown_line(raw).isprintable()


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_difference_is_printable_whatever_the_program_wrote(want: str, got: str) -> None:
    assert all(line.isprintable() for line in difference(want, got).split("\n"))


def test_a_long_output_is_elided_around_the_first_difference() -> None:
    want = "".join(f"{n}\n" for n in range(5000))
    shown = difference(want, want.replace("\n1000\n", "\nx\n")).split("\n")

    assert shown[0] == "  ... 997 lines"
    assert shown[4:6] == ["- 1000", "+ x"]
    assert len(shown) < 30
