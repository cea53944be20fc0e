"""`python -m finetune.nano.verify`: reference solutions of generated problems, by the judge.

Expected outputs come from the steps' independent meanings, programs from their code: an AC on
all ten tests says that both agree and that the program reads and prints as the statement says.
Rows are appended as they come; started again, the run goes on with what is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from deepcoder_cli.problems.generated import generate, keys, parse
from deepcoder_cli.sandbox.judge import ajudge
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepcoder_cli.sandbox.runner import Runner

AT_ONCE = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Verify `--count` problems; 1 when one of them is not accepted."""
    parser = argparse.ArgumentParser(prog="python -m finetune.nano.verify", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/verify.jsonl"))
    arguments = parser.parse_args(argv)
    return verify(arguments.count, arguments.seed, arguments.out)


def verify(count: int, seed: int, out: Path) -> int:
    """Judge the reference solutions of `count` random compositions, all held-out ones first."""
    from tqdm import tqdm

    out.parent.mkdir(parents=True, exist_ok=True)
    done = _rows(out)
    left = [key for key in _chosen(count, seed) if key not in done]
    often = 0.5 if sys.stderr.isatty() else 30.0
    with out.open("a", encoding="utf-8") as log, tqdm(total=len(left), mininterval=often) as bar:

        def keep(key: str, verdict: str) -> None:
            log.write(json.dumps({"key": key, "variant": seed, "verdict": verdict}) + "\n")
            log.flush()
            bar.update()

        asyncio.run(_judge_all(left, seed, keep))
    verdicts = Counter(_rows(out).values())
    sys.stdout.write(f"{sum(verdicts.values())} verified: {dict(verdicts)}\n")
    return 0 if set(verdicts) == {"AC"} else 1


def _chosen(count: int, seed: int) -> list[str]:
    train = Random(f"verify/{seed}").sample(keys("train"), len(keys("train")))
    return [*keys("heldout"), *train][:count]


def _rows(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["key"]: row["verdict"] for row in rows}


async def _judge_all(left: Sequence[str], seed: int, keep: Callable[[str, str], None]) -> None:
    runner = default_runner(Tier.B)
    queue = iter(left)

    async def work() -> None:
        for key in queue:
            keep(key, await _verdict(runner, key, seed))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def _verdict(runner: Runner, key: str, seed: int) -> str:
    generated = generate(parse(key), seed)
    problem = generated.problem
    judgement = await ajudge(
        generated.program,
        problem.examples + problem.tests,
        runner=runner,
        limits=problem.limits,
        function=problem.function,
    )
    return judgement.verdict.value


if __name__ == "__main__":
    sys.exit(main())
