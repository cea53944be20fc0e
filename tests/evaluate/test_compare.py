"""Two runs side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.compare import Side, compare
from deepcoder_cli.evaluate.paired import mcnemar
from deepcoder_cli.evaluate.report.comparison import comparison_data
from tests.evaluate.runs import LCB, STRICT, run

if TYPE_CHECKING:
    from tests.evaluate.runs import Run

ONE, OTHER = run(60, 1, seed=1), run(50, 1, seed=2, skill=0.9)


def side(name: str, made: Run, checker: str = STRICT) -> Side:
    return Side(name, made.info, made.samples, made.verdicts[checker], checker)


def solved(made: Run) -> set[str]:
    return {verdict.problem for verdict in made.verdicts[STRICT].values() if verdict.accepted}


def test_only_common_problems_count_and_each_is_in_one_list() -> None:
    made = compare(side("a", ONE), side("b", OTHER))
    common = {about.id for about in OTHER.info.problems}
    a, b = solved(ONE) & common, solved(OTHER) & common

    assert made.difference.problems == 50
    assert {one.problem for one in made.only_a} == a - b
    assert {one.problem for one in made.only_b} == b - a
    assert (made.both, made.neither) == (len(a & b), 50 - len(a | b))
    assert made.difference.value == pytest.approx((len(b) - len(a)) / 50)
    assert made.difference.p_value == pytest.approx(mcnemar(len(a - b), len(b - a)))
    assert made.difference.test == "exact McNemar"
    assert (made.a.problems, made.b.problems) == (60, 50)
    assert sum(part.problems for _, part in made.by_difficulty) == 50


def test_a_run_does_not_differ_from_itself() -> None:
    made = compare(side("a", ONE), side("again", ONE))

    assert (made.difference.value, made.difference.p_value) == (0, 1)
    assert made.only_a == made.only_b == made.differences_asked == ()


def test_different_benchmarks_and_checkers_are_refused_by_name() -> None:
    info = replace(OTHER.info, benchmark="humaneval+:v0.1.10")
    with pytest.raises(InputError, match=r"livecodebench:v5 \(a\) and humaneval\+:v0.1.10 \(b\)"):
        compare(side("a", ONE), side("b", replace(OTHER, info=info)))
    with pytest.raises(InputError, match=r"different checkers .*strict/1 \(a\) and lcb-compat/1"):
        compare(side("a", ONE), side("b", OTHER, LCB))


def test_a_fault_of_the_judge_refuses_the_comparison() -> None:
    key = OTHER.samples[7].key
    verdicts = dict(OTHER.verdicts[STRICT])
    verdicts[key] = replace(verdicts[key], verdict="IE", detail="sandbox lost")
    with pytest.raises(InputError, match=r"b has no score: .*sample 0 of p007 \(sandbox lost\)"):
        compare(side("a", ONE), side("b", replace(OTHER, verdicts={STRICT: verdicts})))


def test_runs_without_a_common_problem_a_budget_or_with_a_sample_twice_are_refused() -> None:
    with pytest.raises(InputError, match="no problem in common"):
        compare(side("a", ONE), side("b", replace(OTHER, samples=())))
    with pytest.raises(InputError, match="no samples of budget 7"):
        compare(replace(side("a", ONE), budget=7), side("b", OTHER))
    twice = replace(OTHER, samples=(*OTHER.samples, OTHER.samples[3]))
    with pytest.raises(InputError, match="b holds sample 0 of p003 twice"):
        compare(side("a", ONE), side("b", twice))


def test_what_was_not_asked_the_same_is_listed() -> None:
    listed = tuple(replace(about, prompt="other words") for about in OTHER.info.problems)
    info = replace(OTHER.info, temperature=0.0, problems=listed)
    made = compare(side("a", ONE), side("b", replace(OTHER, info=info)))

    assert made.differences_asked == (("temperature", "0.6", "0.0"), ("prompts", "", "50 differ"))


def test_the_data_are_json_and_name_every_problem() -> None:
    made = compare(side("a", ONE), side("b", OTHER))
    data = json.loads(json.dumps(comparison_data(made)))

    assert data["difference"]["value"] == made.difference.value
    assert [one["problem"] for one in data["only_b"]] == [one.problem for one in made.only_b]
    assert data["a"]["checker"] == STRICT
    assert set(data["by_difficulty"]) == {"easy", "medium", "hard"}
