"""Runs made by hand, for tests of what is said of them: every number follows from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.records import Sample, SampleVerdict, sample_key
from deepcoder_cli.evaluate.run_info import ProblemInfo, RunInfo
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Sequence

STRICT, LCB = "strict/1", "lcb-compat/1"
WORDS = [
    "so",
    "the",
    "sum",
    "of",
    "two",
    "numbers",
    "wait",
    "check",
    "this",
    "case",
    "again",
    "n",
    "is",
]
PROGRAM = """import sys


def main():
    n = int(input())  # read
    print("sum", n + {})


main()
"""
WAYS_TO_FAIL = ("WA", "WA", "WA", "TLE", "RE", "CE", "MLE")


@dataclass(frozen=True)
class Run:
    """A run as the store gives it."""

    info: RunInfo
    samples: tuple[Sample, ...]
    verdicts: dict[str, dict[str, SampleVerdict]]


def problem(number: int) -> ProblemInfo:
    difficulty = ("easy", "medium", "hard", "hard")[number % 4]
    platform = ("atcoder", "leetcode")[number % 2]
    return ProblemInfo(
        id=f"p{number:03}", title=f"Sum of {number} numbers", difficulty=difficulty,
        prompt=f"Read n, then {number} numbers.\n\n### Examples\n\nprint their sum.", tests=12,
        platform=platform, date=f"2024-09-{1 + number % 28:02}",
        url=f"https://{platform}.example/p{number}",
    )  # fmt: skip


def info(problems: int = 12, n: int = 1, budgets: Sequence[int] = (65536,)) -> RunInfo:
    return RunInfo(
        benchmark="livecodebench:v5", model="deepcoder-14b:Q4_K_M", n=n, budgets=tuple(budgets),
        temperature=0.6, top_p=0.95, seed=7, extraction="strict", created="2025-03-01T12:00:00Z",
        version="0.1.0", source="test5.jsonl", source_sha256="ab" * 32,
        window=("2024-08-01", "2025-02-01"), problems=tuple(map(problem, range(problems))),
    )  # fmt: skip


def run(
    problems: int = 12,
    n: int = 1,
    budgets: Sequence[int] = (65536,),
    *,
    seed: int = 1,
    reasoning_chars: int = 200,
    skill: float = 0.6,
) -> Run:
    """A run with everything in it; hard problems fail more, and small budgets cut more."""
    asked = info(problems, n, budgets)
    rng = random.Random(seed)
    samples: list[Sample] = []
    strict: dict[str, SampleVerdict] = {}
    lcb: dict[str, SampleVerdict] = {}
    for budget in budgets:
        for place, about in enumerate(asked.problems):
            for index in range(n):
                made = _sample(asked, about, index, budget, rng, reasoning_chars)
                samples.append(made)
                strict[made.key] = _verdict(made, STRICT, skill - 0.15 * (place % 4), rng)
                lcb[made.key] = replace(strict[made.key], checker=LCB)
                if strict[made.key].verdict == "WA" and rng.random() < 0.2:
                    lcb[made.key] = replace(
                        lcb[made.key], verdict="AC", passed=12, first_failure=None, detail=""
                    )
    return Run(asked, tuple(samples), {STRICT: strict, LCB: lcb})


def _sample(
    asked: RunInfo, about: ProblemInfo, index: int, budget: int, rng: random.Random, chars: int
) -> Sample:
    key = sample_key(
        benchmark=asked.benchmark, prompt=about.prompt, model=asked.model,
        params=SamplingParams(max_tokens=budget, seed=asked.seed), problem=about.id, index=index,
    )  # fmt: skip
    wanted = int(rng.lognormvariate(9.3, 0.8))
    cut = wanted >= budget
    reasoning = " ".join(rng.choices(WORDS, k=chars // 5))[:chars]
    answer = "" if cut else f"```python\n{PROGRAM.format(rng.randrange(100))}```"
    return Sample(
        key, asked.benchmark, about.id, index, asked.model, budget, int(key[:8], 16), reasoning,
        answer, "length" if cut else "stop", 400, min(wanted, budget), round(wanted / 90, 2),
    )  # fmt: skip


def _verdict(made: Sample, checker: str, skill: float, rng: random.Random) -> SampleVerdict:
    right, way, passed = rng.random() < skill, rng.choice(WAYS_TO_FAIL), rng.randrange(12)
    if made.truncated:
        return SampleVerdict(
            made.key, checker, "NP", made.problem, made.index, 0, 12, None,
            "the answer holds no program", None, 0.0,
        )  # fmt: skip
    program = made.answer.removeprefix("```python\n").removesuffix("```")
    return SampleVerdict(
        made.key, checker, "AC" if right else way, made.problem, made.index,
        12 if right else passed, 12, None if right else passed,
        "" if right else f"test {passed}: expected 4, got 5", program, round(rng.random(), 3),
    )  # fmt: skip
