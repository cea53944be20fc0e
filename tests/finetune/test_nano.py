"""nano's training: exact samples, repeatable batches, resume to the bit, and a whole smoke run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import pytest
import torch

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.models.gguf_header import read_header
from deepcoder_cli.problems.generated import generate, keys, parse
from deepcoder_cli.sandbox.probe import default_runner
from finetune.nano.corpus import batches, encode, make_tokenizer, prompt_text
from finetune.nano.model import make_model
from finetune.nano.recipe import FULL, SEED, SMOKE
from finetune.nano.score import Score, held_out, wilson
from finetune.nano.ship import score_rows
from finetune.nano.train import completion_loss, rate, spent, train
from finetune.nano.verify import verify
from finetune.tokenizer import EOS

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

TINY = replace(SMOKE, steps=4, batch_size=2, save_every=2, warmup_steps=2)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer(SMOKE, SEED)


def test_a_sample_is_the_chat_prompt_then_the_completion_then_the_end(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    generated = generate(parse("list|even,sum|parity"), 1)

    sample = encode(tokenizer, generated)

    prompt, answer = sample.tokens[: sample.prompt], sample.tokens[sample.prompt :]
    assert tokenizer.decode(prompt) == prompt_text(tokenizer, generated)
    assert tokenizer.decode(prompt).endswith("<｜Assistant｜><think>\n")
    assert tokenizer.decode(answer) == generated.completion + EOS


def test_batches_start_anywhere_with_the_same_samples(tokenizer: PreTrainedTokenizerFast) -> None:
    from_start = list(islice(batches(tokenizer, TINY, SEED, 0), 13))

    assert from_start[11:] == list(islice(batches(tokenizer, TINY, SEED, 11), 2))


def test_scored_problems_are_held_out_and_all_different() -> None:
    scored = [generated.key for generated in held_out(200, SEED)]

    assert len(set(scored)) == 200
    assert set(scored) <= set(keys("heldout"))


def test_only_the_tokens_of_completions_are_learnt(tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    model = make_model(TINY, tokenizer)
    samples = next(batches(tokenizer, TINY, SEED, 0))
    parts = []
    for sample in samples:
        ids = torch.tensor([sample.tokens])
        labels = ids.clone()
        labels[0, : sample.prompt] = -100
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(
                (model(input_ids=ids, labels=labels).loss.detach(), ids.numel() - sample.prompt)
            )
    expected = sum(float(loss) * count for loss, count in parts) / sum(n for _, n in parts)

    assert float(completion_loss(model, samples).detach()) == pytest.approx(expected, rel=2e-2)


def test_the_rate_warms_up_then_falls() -> None:
    rates = [rate(step, FULL) for step in range(FULL.steps)]

    assert rates[0] < rates[FULL.warmup_steps - 1] == 1.0
    assert rates[FULL.warmup_steps :] == sorted(rates[FULL.warmup_steps :], reverse=True)


def test_a_resumed_run_ends_with_the_same_weights(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    def run(name: str, stop_after: int | None = None) -> dict[str, torch.Tensor]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)

        def report(step: int, _total: int, _note: str) -> None:
            if step == stop_after:
                raise KeyboardInterrupt

        return train(TINY, tokenizer, SEED, folder, report).state_dict()

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("parts", stop_after=3)
    resumed = run("parts")

    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert spent(tmp_path / "whole").tokens == spent(tmp_path / "parts").tokens


def test_wilsons_interval_matches_known_values() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_the_card_names_the_sampling_and_the_interval() -> None:
    rows = score_rows([Score(0.6, 400, 340, 0.85, 0.812, 0.882)])

    assert rows == "| temperature 0.6, top_p 0.95 | 340/400 | 85.0 % | 81.2 to 88.2 % |"


def test_verify_judges_reference_solutions_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox here: {error}")
    out = tmp_path / "verify.jsonl"

    assert verify(2, 1, out) == 0
    assert verify(4, 1, out) == 0

    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["AC"] * 4
    assert len({row["key"] for row in rows}) == 4
    assert "4 verified" in capsys.readouterr().out


@pytest.mark.slow
def test_the_smoke_run_makes_a_gguf_a_score_and_a_card(tmp_path: Path) -> None:
    try:
        default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox here: {error}")
    command = [sys.executable, "-m", "finetune.nano", "--smoke", "--out", str(tmp_path)]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert read_header(tmp_path / "nano-f16.gguf").architecture == "qwen2"
    score = json.loads((tmp_path / "score.json").read_text())
    assert [part["problems"] for part in score["scores"]] == [4, 4]
    assert len(score["rows"]) == 8
    assert "demonstration model" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
