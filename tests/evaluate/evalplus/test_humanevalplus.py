"""The real data set: canonical solutions pass, broken variants fail where they change an output."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.evaluate.evalplus.expected import expected_outputs, key_of
from deepcoder_cli.evaluate.evalplus.judge import EvalplusJob, judge_evalplus_batch
from deepcoder_cli.sandbox.verdict import Verdict
from tests.evaluate.evalplus.mutants import off_by_one, returns_none, swapped_comparison
from tests.evaluate.evalplus.restated import outputs_of, passes

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.evaluate.evalplus.judge import EvalplusVerdict
    from deepcoder_cli.evaluate.evalplus.values import Expected
    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.runner import Runner


def judged(jobs: list[EvalplusJob], runner: Runner) -> list[EvalplusVerdict]:
    async def collect() -> dict[int, EvalplusVerdict]:
        return {index: verdict async for index, verdict in judge_evalplus_batch(jobs, runner)}

    return [verdict for _, verdict in sorted(asyncio.run(collect()).items())]


def test_canonical_solutions_pass_base_and_plus(
    light: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    jobs = [EvalplusJob(p, p.canonical_program, expected[p.task_id]) for p in light]
    verdicts = judged(jobs, runner)
    assert [v.detail for v in verdicts if not v.accepted] == []
    assert len(verdicts) == 157
    assert [v.total for v in verdicts] == [len(p.base_inputs) + len(p.plus_inputs) for p in light]
    assert all(v.passed == v.total and v.first_failure is None for v in verdicts)


@pytest.mark.slow
def test_all_164_canonical_solutions_pass_and_their_outputs_are_kept(
    data: Path, problems: dict[str, EvalplusProblem], runner: Runner, tmp_path: Path
) -> None:
    every = list(problems.values())
    first = expected_outputs(data, every, runner, folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.name == f"{key_of(data)}.json"
    written = kept.stat().st_mtime_ns
    second = expected_outputs(data, every, runner, folder=tmp_path)
    assert second == first
    assert kept.stat().st_mtime_ns == written
    verdicts = judged(
        [EvalplusJob(p, p.canonical_program, first[p.task_id]) for p in every], runner
    )
    assert [v.detail for v in verdicts] == [""] * 164


@pytest.mark.slow
def test_a_long_value_that_is_equal_but_written_otherwise_passes(
    problems: dict[str, EvalplusProblem], data: Path, runner: Runner, tmp_path: Path
) -> None:
    problem = problems["HumanEval/130"]
    expected = expected_outputs(data, [problem], runner, folder=tmp_path)[problem.task_id]
    as_floats = (
        problem.canonical_program + "\n_tri = tri\ndef tri(n): return [*map(float, _tri(n))]"
    )
    wrong = problem.canonical_program + "\n_tri = tri\ndef tri(n): return _tri(n)[:-1] + [0.5]"
    verdicts = judged([EvalplusJob(problem, p, expected) for p in (as_floats, wrong)], runner)
    assert [v.verdict for v in verdicts] == [Verdict.AC, Verdict.WA]


def test_a_function_that_returns_none_fails(
    light: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    assert_none_fails(light[::4], expected, runner)


@pytest.mark.slow
def test_a_function_that_returns_none_fails_for_every_problem(
    light: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    assert_none_fails(light, expected, runner)


def assert_none_fails(
    light: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    jobs = [
        EvalplusJob(p, returns_none(p.canonical_program, p.entry_point), expected[p.task_id])
        for p in light
    ]
    assert [v.task_id for v in judged(jobs, runner) if v.accepted] == []


def mutants_of(problem: EvalplusProblem, count: int | None) -> list[str]:
    makers: Any = (off_by_one, swapped_comparison)
    arguments = problem.canonical_program, problem.entry_point
    return [text for make in makers for text in islice(make(*arguments), count)]


def compare_mutants(
    problems: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner,
    count: int | None,
) -> tuple[int, int]:  # fmt: skip
    """Judge mutants as the restated EvalPlus does; how many fail, and how many pass."""
    jobs, opinions = [], []
    for problem in problems:
        outputs = outputs_of(problem)
        for program in mutants_of(problem, count):
            opinion = passes(problem, program, outputs, limit_s=1)
            if opinion != "hang":  # each would cost the time limit here
                jobs.append(EvalplusJob(problem, program, expected[problem.task_id]))
                opinions.append(opinion)
    verdicts = judged(jobs, runner)
    differing = [
        (verdict.task_id, opinion, verdict.detail, job.program)
        for verdict, opinion, job in zip(verdicts, opinions, jobs, strict=True)
        if verdict.accepted != (opinion == "pass")
    ]
    assert differing == []
    return opinions.count("fail"), opinions.count("pass")


def test_broken_variants_fail_exactly_where_they_change_an_output(
    light: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    failed, _ = compare_mutants(light[::8], expected, runner, 1)
    assert failed > 20


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_broken_variants_of_every_problem(
    part: int, light: list[EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    failed, _ = compare_mutants(light[part::4], expected, runner, 2)
    assert failed > 60


def test_find_zero_is_judged_by_its_polynomial(
    problems: dict[str, EvalplusProblem], expected: dict[str, Expected], runner: Runner
) -> None:
    problem = problems["HumanEval/32"]
    newton = problem.canonical_program + (
        "\n_first = find_zero\n"
        "def find_zero(xs):\n"
        "    x = _first(xs)\n"
        "    for _ in range(5):\n"
        "        slope = sum(i * c * x ** (i - 1) for i, c in enumerate(xs) if i)\n"
        "        if slope: x -= poly(xs, x) / slope\n"
        "    return x\n"
    )
    off = problem.canonical_program + "\n_f = find_zero\ndef find_zero(xs): return _f(xs) + 0.01\n"
    jobs = [EvalplusJob(problem, p, expected[problem.task_id]) for p in (newton, off)]
    right, wrong = judged(jobs, runner)
    assert right.base.accepted
    assert right.plus.passed > 0
    assert wrong.verdict is Verdict.WA
