"""The model that ships: its size and form, its card, and that it solves what it never saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.paths import builtin_model
from deepcoder_cli.problems.generated import keys
from deepcoder_cli.sandbox.probe import default_runner
from finetune.nano.recipe import FULL, SEED
from finetune.nano.score import held_out, score

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "nano"


@pytest.fixture(scope="module")
def fields() -> dict[str, Any]:
    return {name: f.contents() for name, f in GGUFReader(builtin_model()).fields.items()}


def test_the_file_is_small_enough_to_ship() -> None:
    tensors = GGUFReader(builtin_model()).tensors

    assert builtin_model().stat().st_size <= 8_000_000
    assert sum(int(tensor.n_elements) for tensor in tensors) <= 4_000_000


def test_it_is_of_deepcoders_family(fields: dict[str, Any]) -> None:
    tokens = fields["tokenizer.ggml.tokens"]

    assert fields["general.architecture"] == "qwen2"
    assert fields["tokenizer.ggml.pre"] == "deepseek-r1-qwen"
    assert {"<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"} <= set(tokens)
    assert "<｜Assistant｜><think>\\n" in fields["tokenizer.chat_template"]


def test_the_card_says_what_it_is_and_gives_the_measured_score() -> None:
    card = (builtin_model().parent / "README.md").read_text(encoding="utf-8")
    measured = json.loads((RESULTS / "score.json").read_text())

    assert "demonstration model" in card
    assert "not good for" in card
    for part in measured["scores"]:
        assert f"{part['passed']}/{part['problems']} | {100 * part['pass_at_1']:.1f} %" in card


def test_the_score_counts_each_held_out_composition_once() -> None:
    measured = json.loads((RESULTS / "score.json").read_text())
    scored = [(row["temperature"], row["key"]) for row in measured["rows"]]

    assert len(set(scored)) == len(scored) == 800
    assert {key for _, key in scored} <= set(keys("heldout"))


def test_the_recipe_is_the_one_it_was_trained_with() -> None:
    trained = json.loads((RESULTS / "recipe.json").read_text())

    assert trained["steps"] == FULL.steps
    assert trained["seed"] == SEED
    assert trained["hidden_size"] == FULL.hidden_size


def test_it_solves_most_of_twenty_compositions_it_never_saw() -> None:
    try:
        default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox here: {error}")

    result, rows = score(builtin_model(), held_out(20, 5), 0.0, 5, lambda *_: None)

    assert result.pass_at_1 >= 0.7, [row["key"] for row in rows if row["verdict"] != "AC"]
