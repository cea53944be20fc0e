"""pass@1 of a nano GGUF on held-out compositions: real llama.cpp, real sandbox, real judge.

One sample a problem, so the 95 % interval is Wilson's for a proportion (Wilson, 1927). An
internal error of the judge refuses the score, since it says nothing about the model.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict, dataclass
from random import Random
from typing import TYPE_CHECKING

from deepcoder_cli.errors import DeepcoderError
from deepcoder_cli.extract import program
from deepcoder_cli.inference.backend import complete
from deepcoder_cli.inference.open import open_backend
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.problems.generated import generate, keys, parse
from deepcoder_cli.prompts import messages
from deepcoder_cli.sandbox.judge import ajudge
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.problems.generated import Generated
    from deepcoder_cli.sandbox.runner import Runner

MAX_TOKENS = 768
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Row:
    """One scored completion; `verdict` is ``none`` when it held no program."""

    key: str
    variant: int
    temperature: float
    verdict: str
    tokens: int
    program: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """pass@1 over `problems` with its 95 % interval, all as shares from 0 to 1."""

    temperature: float
    problems: int
    passed: int
    pass_at_1: float
    low: float
    high: float


def wilson(passed: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a proportion.

    >>> [round(bound, 3) for bound in wilson(8, 10)]
    [0.49, 0.943]
    """
    share, z2 = passed / count, Z_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def held_out(count: int, seed: int) -> list[Generated]:
    """`count` problems of held-out compositions, a different composition each."""
    chosen = Random(f"score/{seed}").sample(keys("heldout"), count)
    return [generate(parse(key), seed) for key in chosen]


def score(
    gguf: Path,
    problems: list[Generated],
    temperature: float,
    seed: int,
    report: Callable[[int, int, str], None],
) -> tuple[Score, list[dict[str, object]]]:
    """Sample once for each problem and judge: the score and the raw rows.

    Raises:
        DeepcoderError: the judge failed on a program, so there is no honest score.
    """
    rows = asyncio.run(_rows(gguf, problems, temperature, seed, report))
    faults = [row.key for row in rows if row.verdict == "IE"]
    if faults:
        raise DeepcoderError(f"no score: the judge failed on {len(faults)} programs. Run again.")
    passed = sum(row.verdict == "AC" for row in rows)
    low, high = wilson(passed, len(rows))
    result = Score(temperature, len(rows), passed, passed / len(rows), low, high)
    return result, [asdict(row) for row in rows]


async def _rows(
    gguf: Path,
    problems: list[Generated],
    temperature: float,
    seed: int,
    report: Callable[[int, int, str], None],
) -> list[Row]:
    runner = default_runner(Tier.B)
    rows: list[Row] = []
    async with open_backend(resolve(str(gguf)), context_tokens=4096) as backend:
        for i, generated in enumerate(problems):
            params = SamplingParams(temperature, max_tokens=MAX_TOKENS, seed=seed + i)
            rows.append(await _row(backend, runner, generated, seed, params))
            passed = sum(row.verdict == "AC" for row in rows)
            report(i + 1, len(problems), f"{passed} pass")
    return rows


async def _row(
    backend: Backend, runner: Runner, generated: Generated, variant: int, params: SamplingParams
) -> Row:
    problem = generated.problem
    completion = await complete(backend, messages(problem), params)
    code = program(completion.answer)
    verdict = "none"
    if code is not None:
        tests = problem.examples + problem.tests
        judgement = await ajudge(
            code, tests, runner=runner, limits=problem.limits, function=problem.function
        )
        verdict = judgement.verdict.value
    tokens = completion.usage.completion_tokens
    return Row(generated.key, variant, params.temperature, verdict, tokens, code)
