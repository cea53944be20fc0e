"""Scoring 2,000 generated stdin tests: ours against an in-process grader and plain subprocesses.

    python -m benchmarks.eval_stdin [--problems 200] [--rounds 3]

Reference programs of held-out generated problems, ten tests each; every arm judges every problem,
one arm right after the other. Rows, medians and ratios go to benchmarks/results/eval_stdin.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import closing
from itertools import islice
from pathlib import Path

from benchmarks.sandbox import machine
from benchmarks.sandbox.arms import Arm, Case, Exec, InProcess, OursJudge, all_right
from benchmarks.sandbox.cpu import best_meter
from benchmarks.sandbox.rows import Row, timed, write
from deepcoder_cli.evaluate.generated import generated_problems
from deepcoder_cli.sandbox.probe import default_runner

RESULTS = Path(__file__).parent / "results" / "eval_stdin"
OURS = "ours: judge"


def cases(count: int, folder: Path) -> list[Case]:
    """The problems with their reference programs, as files too."""
    found = []
    stdin = (row for row in generated_problems() if row.problem.function is None)
    for number, row in enumerate(islice(stdin, count)):
        file = folder / f"{number}.py"
        file.write_text(row.solutions[0], encoding="utf-8")
        tests = (*row.problem.examples, *row.problem.tests)
        found.append(Case(row.problem.id, file, row.solutions[0], tests))
    return found


def measure(problems: int, rounds: int) -> tuple[list[Row], dict[str, object]]:
    """A row for each arm, problem and round."""
    meter, runner, rows = best_meter(), default_runner(), []
    facts = {**machine.facts(), "cpu_meter": meter.how, "problems": problems, "rounds": rounds}
    with (
        tempfile.TemporaryDirectory() as scratch,
        closing(InProcess("in-process grader")) as grader,
    ):
        arms: list[Arm] = [OursJudge(runner), grader, Exec("subprocess", [sys.executable])]
        found = cases(problems, Path(scratch))
        for arm in arms:
            arm.run(found[0])
        for number in range(rounds):
            for index, case in enumerate(found):
                first = (number + index) % len(arms)
                for arm in arms[first:] + arms[:first]:
                    row, returned = timed(
                        lambda arm=arm, case=case: arm.run(case), meter, section="stdin",
                        program=case.name, arm=arm.name, round_=number, runs=len(case.tests),
                    )  # fmt: skip
                    if not all_right(case, returned):
                        raise SystemExit(f"{arm.name} gets {case.name} wrong")
                    rows.append(row)
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    runner.close()
    meter.close()
    return rows, facts


def report(rows: list[Row], facts: dict[str, object]) -> str:
    """The figures as Markdown."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    rounds = sorted({row.round for row in rows})
    lines = [
        "# Scoring generated stdin tests",
        "",
        f"{facts['problems']} problems, ten tests each, {len(rounds)} rounds. "
        f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, "
        f"commit {facts['commit']}, {facts['date']}. Made by `python -m benchmarks.eval_stdin`.",
        "",
        "| arm | CPU s | wall s | ours / arm, CPU | ours / arm, wall |",
        "|---|---|---|---|---|",
    ]

    def total(arm: str, number: int, what: str) -> float:
        chosen = [row for row in rows if row.arm == arm and row.round == number]
        return sum(getattr(row, what) for row in chosen)

    for arm in arms:
        cells = [statistics.median(total(arm, n, what) for n in rounds) for what in FIGURES]
        ratios = [
            statistics.median(total(OURS, n, what) / total(arm, n, what) for n in rounds)
            for what in FIGURES
        ]
        cells_text = " | ".join(f"{cell:.1f}" for cell in cells)
        lines.append(f"| {arm} | {cells_text} | " + " | ".join(f"{r:.2f}" for r in ratios) + " |")
    return "\n".join(lines) + "\n"


FIGURES = ("cpu_s", "wall_s")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eval_stdin", description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rows, facts = measure(given.problems, given.rounds)
    RESULTS.mkdir(parents=True, exist_ok=True)
    write(RESULTS / "rows.jsonl", facts, rows)
    text = report(rows, facts)
    (RESULTS / "README.md").write_text(text, encoding="utf-8")
    print(text)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
