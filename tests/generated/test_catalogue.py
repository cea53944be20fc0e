"""The catalogue: large, reproducible, and split so that held-out means unseen."""

from __future__ import annotations

import gzip
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.problems.generated import catalogue
from deepcoder_cli.problems.generated.compose import parse
from deepcoder_cli.problems.generated.inputs import DOMAIN

ALL = catalogue.keys("train") + catalogue.keys("heldout")
INPUTS = 200


def outcome_keys(keys: tuple[str, ...] | list[str], seed: int) -> dict[tuple[str, ...], str]:
    """Domain and answers on 200 fresh random inputs -> key; asserts that no two are equal."""
    probes = {name: catalogue.probes(domain, seed, INPUTS) for name, domain in DOMAIN.items()}
    seen: dict[tuple[str, ...], str] = {}
    for key in keys:
        composition = parse(key)
        domain = composition.domain.name
        answers = (domain, *catalogue.outcomes(composition, probes[domain]))
        assert answers not in seen, (key, seen[answers])
        seen[answers] = key
    return seen


def test_there_are_more_than_20000_programs_over_seven_kinds_of_input() -> None:
    assert len(ALL) > 20_000
    assert len(set(ALL)) == len(ALL)
    assert {key.split("|")[0] for key in ALL} == set(DOMAIN)


def test_five_percent_are_held_out_in_every_domain() -> None:
    for domain in DOMAIN:
        held = sum(key.startswith(f"{domain}|") for key in catalogue.keys("heldout"))
        total = sum(key.startswith(f"{domain}|") for key in ALL)

        assert 0.03 < held / total < 0.07


def test_no_held_out_string_problem_retells_a_training_problem_on_words_nor_the_reverse() -> None:
    lines = catalogue.probes(DOMAIN["words"], 99, INPUTS)
    inputs = {"words": lines, "string": [(" ".join(words),) for (words,) in lines]}
    seen: dict[tuple[str, ...], str] = {}
    for key in (k for k in ALL if k.split("|")[0] in inputs):  # training first
        composition = parse(key)
        answers = tuple(catalogue.outcomes(composition, inputs[composition.domain.name]))
        if catalogue.split_of(key) == "train":
            seen[answers] = key

        assert catalogue.split_of(key) == "train" or answers not in seen, (key, seen[answers])


def test_a_sample_of_the_catalogue_computes_different_things_on_200_fresh_inputs() -> None:
    sample = Random(1).sample(list(catalogue.keys("train")), 3000)

    outcome_keys(sample + list(catalogue.keys("heldout")[:500]), seed=11)


@pytest.mark.slow
def test_no_two_of_all_compositions_agree_on_200_fresh_inputs() -> None:
    seen = outcome_keys(ALL, seed=77)

    assert len(ALL) == len(seen)


def test_the_catalogue_file_is_what_the_generator_makes() -> None:
    domain = DOMAIN["pair"]
    stored = [key for key in catalogue._all_keys() if key.startswith("pair|")]

    made = catalogue._build_domain(domain, 150, lambda *_: None)

    assert stored[:150] == made


def test_the_catalogue_file_carries_no_time_stamp() -> None:
    text = gzip.decompress(catalogue.CATALOGUE.read_bytes())

    assert catalogue.CATALOGUE.read_bytes() == gzip.compress(text, mtime=0)


@given(st.sampled_from(ALL))
def test_a_key_reads_back_as_its_composition(key: str) -> None:
    assert key == parse(key).key


@given(st.text().filter(lambda text: text not in ALL))
def test_an_unknown_key_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="unknown composition") as caught:
        parse(text)

    assert repr(text) in str(caught.value)
