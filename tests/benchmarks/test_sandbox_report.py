"""The arithmetic of the sandbox's benchmark, and that its arms run what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.sandbox import problems, rows, statistics_of
from benchmarks.sandbox.arms import Case, Exec, InProcess, all_right, case_of
from benchmarks.sandbox.cpu import ProcMeter, descendants
from benchmarks.sandbox.markdown import document
from benchmarks.sandbox.report import summary, throughput
from benchmarks.sandbox.rows import Row
from deepcoder_cli.types import TestCase

EVERY_PROGRAM = (*problems.TYPICAL, *problems.HEAVY, problems.matrix_numpy)


def row(arm: str, wall_s: float, *, program: str = "p", number: int = 0, **more: object) -> Row:
    values: dict[str, object] = {"section": "typical", "runs": 15, "cpu_s": wall_s, "others_s": 0.0}
    return Row(program=program, arm=arm, round=number, wall_s=wall_s, **{**values, **more})  # type: ignore[arg-type]


def hosted(case: Case) -> list[bool]:
    arm = InProcess("in-process grader")
    try:
        return arm.run(case)
    finally:
        arm.close()


def test_a_ratio_pairs_rows_of_one_program_and_round() -> None:
    taken = [row("a", 1.0), row("b", 4.0), row("a", 3.0, number=1), row("b", 4.0, number=1)]
    taken.append(row("a", 9.0, number=2))  # the peer has no such round
    assert statistics_of.paired(taken, "a", "b", lambda r: r.wall_s) == [0.25, 0.75]


def test_the_interval_of_a_ratio_holds_its_median() -> None:
    found = statistics_of.ratio([0.1, 0.2, 0.3, 0.25, 0.15])
    assert found is not None
    assert found.low <= found.median == 0.2 <= found.high


def test_without_pairs_there_is_no_ratio() -> None:
    assert statistics_of.ratio([]) is None


def test_the_sum_weighs_programs_by_their_time() -> None:
    taken = [row("a", 1.0), row("b", 2.0)]
    taken += [row("a", 8.0, program="q"), row("b", 8.0, program="q")]
    assert statistics_of.total_ratio(taken, "a", "b", lambda r: r.wall_s) == pytest.approx(0.9)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert statistics_of.percentile(range(100, 0, -1), share) == expected


def test_scaling_is_one_when_two_workers_do_twice_as_much() -> None:
    taken = [row("1 workers", 2.0), row("2 workers", 1.0)]
    assert throughput(taken)["scaling_1_to_2"] == 1.0


def test_a_busy_round_is_left_out_of_the_throughput_where_enough_are_left() -> None:
    taken = []
    for number in range(4):
        busy = {"others_s": 1.0} if number == 0 else {}
        taken.append(row("1 workers", 2.0, number=number))
        taken.append(row("2 workers", 2.0 if busy else 1.0, number=number, **busy))
    assert throughput(taken)["scaling_1_to_2"] == 1.0
    assert throughput(taken)["left_out"]
    assert not throughput(taken[:4])["left_out"]


def test_rows_survive_their_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    taken = [row("a", 0.125), row("b", 2.5, number=3)]
    rows.write(path, {"python": "3"}, taken)
    assert rows.read(path) == ({"python": "3"}, taken)


def test_a_missed_bound_is_said_in_the_report() -> None:
    taken = [
        row("ours: judge", 0.9),
        row("bare: plain", 1.0),
        row("in-process grader", 9.0),
    ]  # CPU alike
    facts = dict.fromkeys(
        ("date", "commit", "cpu", "cores", "memory_gib", "kernel", "python", "bubblewrap", "tier",
         "root", "cpu_meter", "pth_files"), "x",
    )  # fmt: skip
    text = document({**facts, "proc_over_group": 1.0}, summary(taken, []))
    assert "(bound 0.20, missed)" in text
    assert "(bound 0.60)" in text


@pytest.mark.parametrize("make", EVERY_PROGRAM, ids=lambda make: make.__name__)
def test_a_program_has_fifteen_tests_that_never_change(make: object) -> None:
    first, second = problems.benchmark_of(make), problems.benchmark_of(make)  # type: ignore[arg-type]
    assert len(first.inputs) == 15
    assert first == second


def test_the_bare_and_the_in_process_arm_agree_with_the_expected_outputs() -> None:
    for make in (problems.words, problems.calculator):
        case = case_of(problems.benchmark_of(make, tests=3))
        assert all_right(case, Exec("bare", [sys.executable]).run(case))
        assert all_right(case, hosted(case))


def test_the_in_process_arm_sees_a_wrong_answer_and_a_crash() -> None:
    tests = (TestCase("1\n", "1\n"), TestCase("2\n", "3\n"))
    assert hosted(Case("p", Path(), "print(input())", tests)) == [True, False]
    assert hosted(Case("p", Path(), "1 / 0", tests)) == [False]


def test_an_arm_that_fails_is_not_all_right(tmp_path: Path) -> None:
    file = tmp_path / "main.py"
    file.write_text("raise SystemExit(3)")
    case = Case("p", file, "", (TestCase("", "x"),))
    assert not all_right(case, Exec("bare", [sys.executable]).run(case))


def test_the_meter_counts_a_child_that_nobody_has_waited_for() -> None:
    meter = ProcMeter()
    before = meter.used_s()
    program = "import time; sum(range(10**7)); print(time.process_time(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        said_s = float(child.stdout.readline())
        assert child.pid in descendants(os.getpid())
        assert meter.used_s() - before > said_s / 2  # the kernel may book its last tick later
        child.communicate(b"\n")
