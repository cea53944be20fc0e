"""The real HumanEval+ file and its expected outputs; without the file these tests skip."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.evaluate.evalplus.canonical import run_canonical
from deepcoder_cli.evaluate.evalplus.values import expected_of
from deepcoder_cli.problems.datasets.evalplus import read_evalplus
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.evalplus.values import Expected
    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.local import LocalRunner

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("DEEPCODER_SHARED", ROOT.parent / "shared"))
DATA = SHARED / "data" / "humanevalplus" / "HumanEvalPlus-v0.1.10.jsonl.gz"
# What computes for seconds, or returns megabytes: only the slow tests judge these.
HEAVY = frozenset(f"HumanEval/{number}" for number in (15, 36, 59, 83, 94, 130, 139))


@pytest.fixture(scope="session")
def runner() -> LocalRunner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.exists():
        pytest.skip(f"needs the HumanEval+ file ({DATA.name}) in shared/data/humanevalplus")
    return DATA


@pytest.fixture(scope="session")
def problems(data: Path) -> dict[str, EvalplusProblem]:
    return {problem.task_id: problem for problem in read_evalplus(data)}


@pytest.fixture(scope="session")
def light(problems: dict[str, EvalplusProblem]) -> list[EvalplusProblem]:
    return [problem for task, problem in problems.items() if task not in HEAVY]


@pytest.fixture(scope="session")
def expected(light: list[EvalplusProblem], runner: LocalRunner) -> dict[str, Expected]:
    values = asyncio.run(run_canonical(light, runner))
    return {p.task_id: expected_of(p, values[p.task_id]) for p in light}
