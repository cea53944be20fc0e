"""Trained weights -> Hugging Face folder, F16 GGUF and model card; and into the package."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from deepcoder_cli.paths import builtin_model
from quantize.convert import convert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

    from finetune.nano.score import Score

NAME = "DeepCoder nano"
GGUF_NAME = "nano-f16.gguf"
MAX_GGUF_BYTES = 8_000_000

CARD = """\
# nano

A demonstration model for deepcoder: {parameters:,} parameters, Qwen2 architecture, {vocab}-token
byte-level BPE vocabulary, trained from nothing on generated problems.

**What it is good for:** showing and testing deepcoder, offline, on any machine: its chat
template, reasoning form and files are those of DeepCoder-14B, only small.

**What it is not good for:** everything else. It knows no English and no programming beyond the
generator's sentences. Asked anything outside its small family of problems it answers confidently
and wrongly. It is no DeepCoder: for real use take a DeepCoder-14B-Preview GGUF.

## Training

Supervised only, {steps} steps of {batch} problems ({samples:,} problems, {tokens:,} tokens, each
seen once) in {minutes:.0f} minutes of wall time and {cpu_minutes:.0f} CPU minutes on two cores.
Made again by `python -m finetune.nano` (seed {seed}; bit-identical only on the same processor
and libraries). GRPO+ comes in a later stage.

Data: `deepcoder_cli/problems/generated`, {train:,} training compositions of input forms, one to
three steps and output forms, in several wordings. {heldout:,} further compositions are held out:
none of them computes what a training composition computes.

## Score

pass@1 on held-out compositions, one sample a problem, all ten tests passed in the sandbox:

| sampling | passed | pass@1 | 95 % interval (Wilson) |
|---|---|---|---|
{rows}

Licence: MIT, as deepcoder.
"""


def save_checkpoint(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path
) -> None:
    """Write the Hugging Face folder, weights in float16: half the size, what the GGUF holds."""
    import copy

    halved = copy.deepcopy(model).half()
    halved.config.use_cache = True
    halved.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_gguf(folder: Path, out: Path) -> Path:
    """Convert the folder to F16.

    Raises:
        RuntimeError: the file is larger than a wheel should carry.
    """
    report = convert(folder, out, "f16", name=NAME, force=True)
    if report.n_bytes > MAX_GGUF_BYTES:
        msg = f"{out} has {report.n_bytes} bytes (at most {MAX_GGUF_BYTES})"
        raise RuntimeError(msg)
    return out


def score_rows(scores: Sequence[Score]) -> str:
    """The scores as rows of the card's table."""
    return "\n".join(
        f"| {'greedy' if s.temperature == 0 else f'temperature {s.temperature:g}, top_p 0.95'} "
        f"| {s.passed}/{s.problems} | {100 * s.pass_at_1:.1f} % "
        f"| {100 * s.low:.1f} to {100 * s.high:.1f} % |"
        for s in scores
    )


def install(run_dir: Path, checkpoints: Path) -> None:
    """Put the run's GGUF and card into the package, its checkpoint under `checkpoints`."""
    target = builtin_model().parent
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run_dir / GGUF_NAME, target / GGUF_NAME)
    shutil.copyfile(run_dir / "README.md", target / "README.md")
    shutil.rmtree(checkpoints, ignore_errors=True)
    shutil.copytree(run_dir / "hf", checkpoints)
