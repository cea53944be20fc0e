"""Each step's code and its independent meaning agree; its wordings are complete."""

from __future__ import annotations

import copy
from random import Random

import pytest

from deepcoder_cli.problems.generated.compose import STEP
from deepcoder_cli.problems.generated.inputs import DOMAIN
from deepcoder_cli.problems.generated.outputs import RESULTS
from deepcoder_cli.problems.generated.solution import filled
from deepcoder_cli.problems.generated.step import Kind, Step, index

SOURCE = {
    Kind.INT: "int",
    Kind.PAIR: "pair",
    Kind.LIST: "list",
    Kind.STRING: "string",
    Kind.WORDS: "words",
    Kind.GRID: "grid",
}


def values(kind: Kind, count: int) -> list[object]:
    """Random values of a kind; also empty lists, words and strings, which steps can make."""
    rng = Random(f"test/{kind}")
    drawn = [DOMAIN[SOURCE[kind]].draw(rng, rng.randint(1, 12)) for _ in range(count)]
    plain = [args if kind is Kind.PAIR else args[0] for args in drawn]
    empty: dict[Kind, list[object]] = {Kind.LIST: [[]], Kind.WORDS: [[]], Kind.STRING: [""]}
    return plain + empty.get(kind, [])


def run_code(step: Step, code: str, value: object) -> object:
    names = dict(zip(str(step.takes).split(", "), [value], strict=False))
    if step.takes is Kind.PAIR:
        assert isinstance(value, tuple)
        names = dict(zip("xy", value, strict=True))
    exec("\n".join([*step.imports, code]), names)
    return names[str(step.gives)]


@pytest.mark.parametrize("name", sorted(STEP))
def test_code_computes_what_the_step_means(name: str) -> None:
    step = STEP[name]
    for parameter in step.parameters or (None,):
        code = filled(step.code, parameter)
        for value in values(step.takes, 40):
            expected = step.apply(copy.deepcopy(value), parameter)

            assert expected == run_code(step, code, copy.deepcopy(value)), (code, value)


@pytest.mark.parametrize("name", sorted(STEP))
def test_every_wording_names_the_parameter_when_there_is_one(name: str) -> None:
    step = STEP[name]

    assert len(step.texts) >= 2
    assert len(set(step.texts)) == len(step.texts)
    assert {bool(step.parameters)} == {"{c}" in text for text in (*step.texts, step.code)}


def test_no_two_steps_share_a_wording_on_the_same_kind() -> None:
    texts = [(step.takes, text) for step in STEP.values() for text in step.texts]

    assert len(set(texts)) == len(texts)


def test_results_mean_what_their_expression_says() -> None:
    for result in RESULTS:
        for parameter in result.parameters or (None,):
            for value in values(result.kind, 20):
                names = {str(result.kind): value}

                assert result.apply(value, parameter) == eval(
                    filled(result.value, parameter), names
                )


def test_two_steps_of_one_name_are_refused() -> None:
    step = next(iter(STEP.values()))

    with pytest.raises(ValueError, match="share a name"):
        index((step, step))
