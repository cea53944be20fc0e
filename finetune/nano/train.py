"""The supervised loop: next-token loss on completions, with checkpoints and resume.

A run can be interrupted at any time; started again with the same recipe it goes on from its
last checkpoint with the same batches. Not covered: bit-identity across machines, since
bfloat16 kernels differ between processors.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from finetune.nano.corpus import batches
from finetune.nano.model import make_model, make_optimizers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch
    from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

    from finetune.nano.corpus import Sample
    from finetune.nano.recipe import NanoRecipe

IGNORED = -100
CLIP_NORM = 1.0
LOG = "train.jsonl"
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # <malloc.h>


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run took so far, summed over its parts when it was interrupted."""

    tokens: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


def train(
    recipe: NanoRecipe,
    tokenizer: PreTrainedTokenizerFast,
    seed: int,
    run_dir: Path,
    report: Callable[[int, int, str], None],
) -> Qwen2ForCausalLM:
    """Train from nothing, or from the run's last checkpoint; logs a JSON line a step.

    `report` gets the step, the number of steps and a note with the loss.
    """
    import torch

    torch.manual_seed(seed)
    model = make_model(recipe, tokenizer)
    optimizers = make_optimizers(model, recipe)
    step, before = _resume(run_dir, recipe, model, optimizers)
    clock = _Clock(before)
    with (run_dir / LOG).open("a", encoding="utf-8") as log:
        for batch in batches(tokenizer, recipe, seed, step):
            if step >= recipe.steps:
                break
            _set_rates(optimizers, recipe, step)
            loss = _update(model, optimizers, batch)
            step, spent_so_far = step + 1, clock.add(sum(len(s.tokens) for s in batch))
            row = {"step": step, "loss": round(loss, 5), **asdict(spent_so_far)}
            log.write(json.dumps(row) + "\n")
            log.flush()
            report(step, recipe.steps, f"loss {loss:.4f}")
            if step % recipe.save_every == 0:
                _save(run_dir, recipe, model, optimizers, step, spent_so_far)
    return model


def keep_freed_memory() -> None:
    """Have glibc keep freed blocks: returning them to the kernel costs a seventh of the CPU time.

    Without effect on other C libraries.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
            mallopt(option, 2**31 - 1)


def spent(run_dir: Path) -> Spent:
    """What the run in `run_dir` took up to its last logged step."""
    row = json.loads((run_dir / LOG).read_text(encoding="utf-8").splitlines()[-1])
    return Spent(row["tokens"], row["wall_s"], row["cpu_s"])


class _Clock:
    """Adds tokens, wall and CPU time to what an earlier part of the run had spent."""

    def __init__(self, before: Spent) -> None:
        self._before = before
        self._tokens = before.tokens
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def add(self, tokens: int) -> Spent:
        self._tokens += tokens
        wall = self._before.wall_s + time.monotonic() - self._wall
        cpu = self._before.cpu_s + time.process_time() - self._cpu
        return Spent(self._tokens, round(wall, 2), round(cpu, 2))


def rate(step: int, recipe: NanoRecipe) -> float:
    """Share of the full learning rate: linear warm-up, then a cosine down to 2 %.

    >>> from finetune.nano.recipe import FULL
    >>> rate(FULL.warmup_steps, FULL), round(rate(FULL.steps, FULL), 2)
    (1.0, 0.02)
    """
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, recipe.steps - recipe.warmup_steps)
    return 0.02 + 0.98 * (1 + math.cos(math.pi * min(1.0, done))) / 2


def _set_rates(
    optimizers: tuple[torch.optim.Optimizer, ...], recipe: NanoRecipe, step: int
) -> None:
    for optimizer, full in zip(optimizers, (recipe.muon_lr, recipe.adamw_lr), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = full * rate(step, recipe)


def _update(
    model: Qwen2ForCausalLM, optimizers: tuple[torch.optim.Optimizer, ...], batch: list[Sample]
) -> float:
    import torch

    loss = completion_loss(model, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.detach())


def completion_loss(model: Qwen2ForCausalLM, batch: list[Sample]) -> torch.Tensor:
    """Mean next-token loss over the completions' tokens; prompts and padding do not count.

    Only the learnt positions reach the vocabulary, which saves the logits of the prompts.
    Padding stands on the right, so the causal mask alone keeps it out of sight.
    """
    import torch

    ids, labels = _padded(batch)
    with torch.autocast("cpu", torch.bfloat16):
        states = model.model(input_ids=ids).last_hidden_state
        learnt = labels[:, 1:] != IGNORED
        logits = model.lm_head(states[:, :-1][learnt])
    return torch.nn.functional.cross_entropy(logits.float(), labels[:, 1:][learnt])


def _padded(batch: list[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, both [batch, longest]."""
    import torch

    width = max(len(sample.tokens) for sample in batch)
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    labels = torch.full((len(batch), width), IGNORED)
    for row, sample in enumerate(batch):
        tokens = torch.tensor(sample.tokens)
        ids[row, : len(tokens)] = tokens
        labels[row, sample.prompt : len(tokens)] = tokens[sample.prompt :]
    return ids, labels


def _save(
    run_dir: Path,
    recipe: NanoRecipe,
    model: Qwen2ForCausalLM,
    optimizers: tuple[torch.optim.Optimizer, ...],
    step: int,
    spent_so_far: Spent,
) -> None:
    import torch

    state: dict[str, Any] = {
        "recipe": asdict(recipe),
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "step": step,
        "spent": asdict(spent_so_far),
    }
    partial = run_dir / "checkpoint.pt.partial"
    torch.save(state, partial)
    partial.replace(run_dir / "checkpoint.pt")


def _resume(
    run_dir: Path,
    recipe: NanoRecipe,
    model: Qwen2ForCausalLM,
    optimizers: tuple[torch.optim.Optimizer, ...],
) -> tuple[int, Spent]:
    import torch

    path = run_dir / "checkpoint.pt"
    if not path.exists():
        return 0, Spent()
    state = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe):
        return 0, Spent()
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return int(state["step"]), Spent(**state["spent"])
