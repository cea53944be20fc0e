"""`python -m finetune.nano`: train, convert, score and describe the built-in model.

Everything lands in one run folder; an interrupted run goes on where it stopped. `--install`
puts a finished run's model into the package and its checkpoint under tests/data/nano.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import DeepcoderError
from finetune.nano.recipe import FULL, SEED, SMOKE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finetune.nano.recipe import NanoRecipe
    from finetune.nano.score import Score

THREADS = 2
TEMPERATURES = (0.6, 0.0)
CHECKPOINTS = Path("tests/data/nano")


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 0, an error's exit code, or 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        _run(arguments)
    except DeepcoderError as error:
        sys.stderr.write(f"finetune.nano: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write(
            f"\nfinetune.nano: interrupted; the same command goes on from "
            f"the last checkpoint in {arguments.out}\n"
        )
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m finetune.nano", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a tiny run of under two minutes")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, help="run folder (default: runs/nano[-smoke])")
    parser.add_argument("--problems", type=int, help="held-out problems to score (default: 400)")
    parser.add_argument("--install", action="store_true", help="put the model into the package")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    recipe = SMOKE if arguments.smoke else FULL
    arguments.out = arguments.out or Path("runs/nano-smoke" if arguments.smoke else "runs/nano")
    problems = arguments.problems or (4 if arguments.smoke else 400)
    run_dir: Path = arguments.out
    run_dir.mkdir(parents=True, exist_ok=True)
    _train(recipe, arguments.seed, run_dir)
    scores = _score(run_dir, problems, arguments.seed)
    _describe(recipe, arguments.seed, run_dir, scores)
    if arguments.install:
        from finetune.nano.ship import install

        install(run_dir, CHECKPOINTS)


def _train(recipe: NanoRecipe, seed: int, run_dir: Path) -> None:
    """Train unless the run has finished training already, then convert."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch

    from finetune.nano.corpus import make_tokenizer
    from finetune.nano.ship import GGUF_NAME, save_checkpoint, write_gguf
    from finetune.nano.train import keep_freed_memory, train

    done = run_dir / "recipe.json"
    wanted = {"seed": seed, **asdict(recipe)}
    if done.exists() and json.loads(done.read_text()) == wanted:
        return
    torch.set_num_threads(THREADS)
    keep_freed_memory()
    tokenizer = make_tokenizer(recipe, seed)
    model = train(recipe, tokenizer, seed, run_dir, _bar("training", "step"))
    save_checkpoint(model, tokenizer, run_dir / "hf")
    write_gguf(run_dir / "hf", run_dir / GGUF_NAME)
    done.write_text(json.dumps(wanted, indent=1) + "\n")


def _score(run_dir: Path, count: int, seed: int) -> list[Score]:
    from finetune.nano.score import held_out, score
    from finetune.nano.ship import GGUF_NAME

    problems = held_out(count, seed)
    scores, rows = [], []
    for temperature in TEMPERATURES:
        report = _bar(f"scoring at temperature {temperature:g}", "problem")
        result, part = score(run_dir / GGUF_NAME, problems, temperature, seed, report)
        scores.append(result)
        rows += part
    summary = {"scores": [asdict(s) for s in scores], "rows": rows}
    (run_dir / "score.json").write_text(json.dumps(summary, indent=1) + "\n")
    return scores


def _describe(recipe: NanoRecipe, seed: int, run_dir: Path, scores: Sequence[Score]) -> None:
    from deepcoder_cli.models.gguf_header import read_header
    from deepcoder_cli.problems.generated import keys
    from finetune.nano.plot import plot_loss
    from finetune.nano.ship import CARD, GGUF_NAME, score_rows
    from finetune.nano.train import LOG, spent

    times = spent(run_dir)
    card = CARD.format(
        parameters=read_header(run_dir / GGUF_NAME).parameters,
        vocab=recipe.vocab_size,
        steps=recipe.steps,
        batch=recipe.batch_size,
        samples=recipe.steps * recipe.batch_size,
        tokens=times.tokens,
        minutes=times.wall_s / 60,
        cpu_minutes=times.cpu_s / 60,
        seed=seed,
        train=len(keys("train")),
        heldout=len(keys("heldout")),
        rows=score_rows(scores),
    )
    plot_loss(run_dir / LOG, run_dir / "loss.png")
    (run_dir / "README.md").write_text(card, encoding="utf-8")
    sys.stdout.write(f"{card}\nwrote {run_dir / GGUF_NAME}\n")


def _bar(what: str, unit: str) -> Callable[[int, int, str], None]:
    """Progress with ETA on stderr: a bar on a terminal, a line now and then elsewhere."""
    from tqdm import tqdm

    often = 0.2 if sys.stderr.isatty() else 30.0
    bar = tqdm(desc=what, unit=unit, mininterval=often, maxinterval=2 * often, smoothing=0.05)

    def report(done: int, total: int, note: str = "") -> None:
        if bar.total is None:
            bar.initial, bar.total = done - 1, total
            bar.n = bar.last_print_n = done - 1
        bar.set_postfix_str(note, refresh=False)
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return report


if __name__ == "__main__":
    sys.exit(main())
