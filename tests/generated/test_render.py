"""Problems as people write them: complete, repeatable, readable back, solved by their program."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.extract import program
from deepcoder_cli.problems.generated import Generated, generate, keys, parse
from deepcoder_cli.problems.generated.__main__ import main
from deepcoder_cli.problems.generated.markdown import to_markdown
from deepcoder_cli.problems.markdown import load_problem, read_problem
from deepcoder_cli.prompts import user_text
from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

ALL = keys("train") + keys("heldout")
generated = st.builds(
    lambda key, variant: generate(parse(key), variant),
    st.sampled_from(ALL),
    st.integers(0, 1 << 30),
)


@pytest.fixture(scope="module")
def runner() -> Runner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox here: {error}")


@given(generated)
def test_a_problem_has_two_examples_and_eight_more_tests(item: Generated) -> None:
    assert len(item.problem.examples) == 2
    assert len(item.problem.tests) == 8


@given(generated)
def test_no_placeholder_is_left_over(item: Generated) -> None:
    text = item.problem.statement + item.program + item.completion

    assert all(mark not in text for mark in ("{c}", "{verb}", "{value}", "{output}"))


@given(generated)
def test_the_completion_holds_exactly_the_program_after_its_reasoning(item: Generated) -> None:
    reasoning, _, answer = item.completion.partition("</think>")

    assert item.program == program(answer)
    assert "```" not in reasoning


@given(generated)
def test_the_statement_does_not_give_the_program_away(item: Generated) -> None:
    assert item.program not in item.problem.statement


@given(generated)
@settings(max_examples=200)
def test_the_markdown_file_reads_back_as_the_same_prompt_and_examples(item: Generated) -> None:
    read = read_problem(to_markdown(item.problem), "p")

    assert item.problem.function == read.function
    assert user_text(item.problem) == user_text(read)
    assert [(t.input.split(), t.output.split()) for t in item.problem.examples] == [
        (t.input.split(), t.output.split()) for t in read.examples
    ]


@given(st.sampled_from(ALL), st.integers(0, 1 << 30))
def test_equal_numbers_give_equal_problems(key: str, variant: int) -> None:
    assert generate(parse(key), variant) == generate(parse(key), variant)


def test_wordings_forms_and_layouts_vary() -> None:
    statements = {generate(parse("list|even,multiply:3,sum|parity"), i).problem for i in range(60)}

    assert len({p.statement for p in statements}) == 60
    assert {p.function is None for p in statements} == {True, False}


def test_the_judge_accepts_reference_solutions(runner: Runner) -> None:
    for key in Random(3).sample(ALL, 12):
        item = generate(parse(key), 5)
        tests = item.problem.examples + item.problem.tests

        judgement = judge(item.program, tests, runner=runner, function=item.problem.function)

        assert Verdict.AC is judgement.verdict, (key, judgement.first_failure)


def test_the_judge_refuses_a_solution_with_a_changed_step(runner: Runner) -> None:
    right = generate(parse("list|even,sum|plain_int"), 5)
    wrong = generate(parse("list|odd,sum|plain_int"), 5)
    tests = right.problem.examples + right.problem.tests
    assert right.problem.function == wrong.problem.function

    judgement = judge(wrong.program, tests, runner=runner, function=right.problem.function)

    assert judgement.verdict in {Verdict.WA, Verdict.RE}


def test_the_command_writes_problem_files_that_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["write", "--count", "3", "--out", str(tmp_path)])

    assert status == 0
    assert "wrote 3 heldout problems" in capsys.readouterr().out
    files = sorted(tmp_path.glob("*.md"))
    assert len(files) == 3
    assert all(len(load_problem(str(file)).examples) == 2 for file in files)


def test_the_command_says_in_one_line_that_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("taken")

    status = main(["write", "--count", "1", "--out", str(tmp_path / "file")])

    assert status == 6
    assert capsys.readouterr().err.count("\n") == 1
