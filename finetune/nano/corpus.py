"""Generated problems as token ids: what the model is shown and what it must say.

A sample is exactly what `prompts.messages` and the chat template make of the problem, then the
reference completion and the end-of-sentence token. Only training compositions are drawn, each
time in a new wording.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from deepcoder_cli.problems.generated import generate, keys, parse
from deepcoder_cli.prompts import messages
from finetune.tokenizer import EOS, train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedTokenizerFast

    from deepcoder_cli.problems.generated import Generated
    from finetune.nano.recipe import NanoRecipe

POOL_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids of one problem: `tokens[:prompt]` is the prompt, the rest is learnt."""

    tokens: list[int]
    prompt: int


def make_tokenizer(recipe: NanoRecipe, seed: int) -> PreTrainedTokenizerFast:
    """The tokenizer, trained on prompts and completions of training compositions."""
    tokens = (f"{_user(g)}{g.completion}" for g in _draw(seed, recipe.tokenizer_samples))
    return train_tokenizer(tokens, recipe.vocab_size)


def batches(
    tokenizer: PreTrainedTokenizerFast, recipe: NanoRecipe, seed: int, first_step: int
) -> Iterator[list[Sample]]:
    """Batches from `first_step` on; within a pool, samples of like length go together.

    Each pool draws from a seed of its own, so a resumed run sees the same batches.
    """
    pool = first_step // POOL_BATCHES
    skip = first_step % POOL_BATCHES
    while True:
        yield from _pool(tokenizer, recipe, f"{seed}/{pool}")[skip:]
        pool, skip = pool + 1, 0


def _pool(tokenizer: PreTrainedTokenizerFast, recipe: NanoRecipe, seed: str) -> list[list[Sample]]:
    wanted = recipe.batch_size * POOL_BATCHES
    samples: list[Sample] = []
    for generated in _draw(seed, None):
        sample = encode(tokenizer, generated)
        if len(sample.tokens) <= recipe.max_tokens:
            samples.append(sample)
        if len(samples) == wanted:
            break
    samples.sort(key=lambda sample: len(sample.tokens))
    size = recipe.batch_size
    grouped = [samples[i : i + size] for i in range(0, wanted, size)]
    Random(seed).shuffle(grouped)
    return grouped


def encode(tokenizer: PreTrainedTokenizerFast, generated: Generated) -> Sample:
    """The sample of a generated problem."""
    prompt = tokenizer.encode(prompt_text(tokenizer, generated), add_special_tokens=False)
    answer = tokenizer.encode(generated.completion + EOS, add_special_tokens=False)
    return Sample(prompt + answer, len(prompt))


def prompt_text(tokenizer: PreTrainedTokenizerFast, generated: Generated) -> str:
    """The rendered prompt, up to and with ``<think>`` and a newline."""
    turns = [{"role": m.role, "content": m.content} for m in messages(generated.problem)]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


def _user(generated: Generated) -> str:
    return messages(generated.problem)[0].content


def _draw(seed: object, count: int | None) -> Iterator[Generated]:
    """Random training problems: `count` of them, or without end."""
    rng = Random(f"corpus/{seed}")
    train = keys("train")
    drawn = 0
    while count is None or drawn < count:
        yield generate(parse(rng.choice(train)), rng.randrange(1 << 30))
        drawn += 1
