"""Measures, and writes rows.jsonl, summary.json, README.md and ratios.png."""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.evalplus import report
from benchmarks.evalplus.arms import InProcess, Ours, Subprocess
from benchmarks.sandbox import machine, rows
from benchmarks.sandbox.cpu import Meter, best_meter
from benchmarks.sandbox.progress import Progress
from deepcoder_cli.evaluate.evalplus.expected import expected_outputs
from deepcoder_cli.problems.datasets.evalplus import read_evalplus
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.evalplus.arms import Arm
    from benchmarks.sandbox.rows import Row
    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "evalplus"
DATA = Path("data") / "humanevalplus" / "HumanEvalPlus-v0.1.10.jsonl.gz"


def main() -> None:
    """Measure every arm on every canonical solution, and write the report."""
    given = _arguments()
    problems = read_evalplus(given.data)[:: given.every]
    meter = best_meter()
    facts = {**machine.facts(), "cpu_meter": meter.how, "data": given.data.name}
    runner = default_runner()
    facts["tier"] = str(runner.tier)
    with tempfile.TemporaryDirectory() as scratch:
        expected = expected_outputs(given.data, problems, runner)
        plain = Subprocess(Path(scratch))
        with (
            closing(Ours(runner, expected)) as ours,
            closing(InProcess(given.data)) as grader,
            closing(InProcess(given.data, lean=True)) as lean,
        ):
            taken = list(_rounds([ours, grader, lean, plain], problems, meter, given.rounds))
    meter.close()
    runner.close()
    given.out.mkdir(parents=True, exist_ok=True)
    rows.write(given.out / "rows.jsonl", facts, taken)
    report.write(given.out, facts, taken)


def _rounds(
    arms: Sequence[Arm], problems: Sequence[EvalplusProblem], meter: Meter, rounds: int
) -> Iterator[Row]:
    """Every arm on every program, one arm right after the other, each round from another one on."""
    progress = Progress(rounds * len(problems))
    for number in range(rounds):
        for index, problem in enumerate(problems):
            progress.step(problem.task_id)
            for arm in arms:
                arm.prepare(problem)
            first = (number + index) % len(arms)
            for arm in (*arms[first:], *arms[:first]):
                yield _timed(arm, problem, meter, number)


def _timed(arm: Arm, problem: EvalplusProblem, meter: Meter, number: int) -> Row:
    row, accepted = rows.timed(
        lambda: arm.accepts(problem, problem.canonical_program), meter, section="canonical",
        program=problem.task_id, arm=arm.name, round_=number, runs=1,
    )  # fmt: skip
    if not accepted:
        raise SystemExit(f"{arm.name} refuses the canonical solution of {problem.task_id}")
    assert isinstance(row, rows.Row)
    return row


def _arguments() -> argparse.Namespace:
    shared = Path(os.environ.get("DEEPCODER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evalplus", description=__doc__)
    parser.add_argument("--data", type=Path, default=shared / DATA, help="HumanEval+ file")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of all problems (default 5)")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth problem")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
