"""The benchmark that is always there: held out, repeatable, solvable."""

from __future__ import annotations

import itertools

import pytest

from deepcoder_cli.errors import InputError, SandboxUnavailable
from deepcoder_cli.evaluate.generated import COUNT, SEED, benchmark_name, generated_problems
from deepcoder_cli.problems.generated import catalogue, compositions
from deepcoder_cli.problems.generated.render import problem_id
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.verdict import Verdict
from finetune.nano import recipe
from finetune.nano.score import held_out


def test_they_are_the_problems_of_nanos_published_score() -> None:
    assert SEED == recipe.SEED
    assert [one.problem for one in generated_problems()] == [
        made.problem for made in held_out(COUNT, SEED)
    ]


def test_equal_seeds_give_equal_problems_and_others_do_not() -> None:
    assert list(generated_problems(20)) == list(generated_problems(20))
    ids = [one.problem.id for one in generated_problems(20)]
    assert ids != [one.problem.id for one in generated_problems(20, seed=1)]
    assert ids[:5] == [one.problem.id for one in generated_problems(20)][:5]
    assert benchmark_name() != benchmark_name(1)


def test_every_problem_is_a_held_out_one_with_a_name_of_its_own() -> None:
    count = len(catalogue.keys("heldout"))
    expected = {problem_id(one, SEED) for one in compositions("heldout")}

    found = list(generated_problems(count))

    assert len(expected) == count
    assert {one.problem.id for one in found} == expected
    assert all("held out" in one.tags for one in found)


def test_each_has_two_examples_and_eight_further_tests() -> None:
    for one in generated_problems(50):
        assert (len(one.problem.examples), len(one.problem.tests)) == (2, 8)
        assert len({test.input for test in one.problem.examples + one.problem.tests}) == 10
        assert one.difficulty in {"1 step", "2 steps", "3 steps"}
        assert one.source == one.platform == "generated"


@pytest.mark.parametrize("count", [0, -1, 10**6])
def test_more_than_there_are_cannot_be_had(count: int) -> None:
    with pytest.raises(InputError, match=rf"cannot generate {count} problems \(1 to \d+"):
        generated_problems(count)


def test_the_reference_solutions_pass_and_another_problems_does_not() -> None:
    try:
        runner = default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox here: {error}")
    found = [one for one in generated_problems(40) if one.problem.function is None][:6]

    for one, other in itertools.pairwise(found):
        tests = one.problem.examples + one.problem.tests
        right, wrong = (
            judge(program, tests, runner=runner, limits=one.problem.limits).verdict
            for program in (one.solutions[0], other.solutions[0])
        )
        assert right is Verdict.AC
        assert wrong is not Verdict.AC
