"""Measures, and writes rows.jsonl, summary.json, README.md and ratios.png."""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.sandbox import cold, cpp, latency, machine, plot, problems, rows, throughput
from benchmarks.sandbox.arms import Arm, Case, all_right, case_of, peers
from benchmarks.sandbox.cpu import Meter, ProcMeter, best_meter
from benchmarks.sandbox.markdown import document
from benchmarks.sandbox.progress import Progress
from benchmarks.sandbox.report import summary
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.sandbox.rows import Row
    from deepcoder_cli.sandbox.runner import Runner

RESULTS = Path(__file__).parents[1] / "results" / "sandbox"
SECTIONS = ("peers", "throughput", "latency", "cpp", "cold")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    rounds: int
    programs: int
    latency_runs: int
    cold_starts: int
    sections: tuple[str, ...]

    @property
    def long_rounds(self) -> int:
        """Rounds of what takes long by itself."""
        return max(2, self.rounds // 3)

    @property
    def steps(self) -> int:
        """How many steps there are to count down."""
        wanted = {
            "peers": self.rounds * (len(problems.TYPICAL) + len(problems.HEAVY) + 1),
            "throughput": self.rounds * len(throughput.WORKERS),
            "latency": 1,
            "cpp": self.long_rounds,
            "cold": self.cold_starts,
        }
        return sum(wanted[section] for section in self.sections)


def main() -> None:
    """Measure what the command line asks for and write the report."""
    plan, out = _arguments()
    meter = best_meter()
    facts = {**machine.facts(), "cpu_meter": meter.how}
    progress = Progress(plan.steps)
    runner = default_runner()
    with tempfile.TemporaryDirectory() as scratch:
        by_proc = ProcMeter()
        before = meter.used_s(), by_proc.used_s()
        taken = list(_measure(plan, runner, meter, Path(scratch), progress))
        after = meter.used_s(), by_proc.used_s()
        facts["tier"] = str(runner.tier)
        runner.close()
        group, proc = (then - now for now, then in zip(before, after, strict=True))
        facts["proc_over_group"] = proc / group if not isinstance(meter, ProcMeter) else 1.0
    meter.close()
    starts = [_cold(progress) for _ in range(plan.cold_starts * ("cold" in plan.sections))]
    _write(out, facts, taken, starts)


def _measure(
    plan: Plan, runner: Runner, meter: Meter, scratch: Path, progress: Progress
) -> Iterator[Row]:
    if "peers" in plan.sections:
        yield from _peers(plan, runner, meter, scratch, progress)
    if "throughput" in plan.sections:
        case = case_of(problems.benchmark_of(problems.words))
        for row in throughput.measure(case, meter, programs=plan.programs, rounds=plan.rounds):
            progress.step(f"throughput, {row.arm}")
            yield row
    if "latency" in plan.sections:
        progress.step("latency")
        yield from latency.measure(runner, meter, runs=plan.latency_runs)
    if "cpp" in plan.sections:
        for number, row in enumerate(cpp.measure(runner, meter, scratch, rounds=plan.long_rounds)):
            if number % 4 == 0:
                progress.step("C++")
            yield row


def _peers(
    plan: Plan, runner: Runner, meter: Meter, scratch: Path, progress: Progress
) -> Iterator[Row]:
    with ExitStack() as stack:
        yield from _rounds(plan, peers(runner, scratch, stack), meter, progress)


def _rounds(plan: Plan, arms: list[Arm], meter: Meter, progress: Progress) -> Iterator[Row]:
    """Every arm on every program, one arm right after the other, each round from another one on."""
    makers = [("typical", make) for make in problems.TYPICAL]
    makers += [("heavy", make) for make in problems.HEAVY]
    makers += [("numpy", problems.matrix_numpy)]
    cases = [(section, case_of(problems.benchmark_of(make))) for section, make in makers]
    working = {case.name: _those_that_work(arms, case) for _, case in cases}
    for number in range(plan.rounds):
        for index, (section, case) in enumerate(cases):
            progress.step(case.name)
            able = working[case.name]
            first = (number + index) % len(able)
            for arm in able[first:] + able[:first]:
                yield _timed(arm, case, meter, section, number)


def _those_that_work(arms: list[Arm], case: Case) -> list[Arm]:
    """The arms that get the program right: also a warm-up. Without numpy, say, some do not."""
    return [arm for arm in arms if all_right(case, arm.run(case))]


def _timed(arm: Arm, case: Case, meter: Meter, section: str, number: int) -> Row:
    row, returned = rows.timed(
        lambda: arm.run(case), meter, section=section, program=case.name, arm=arm.name,
        round_=number, runs=len(case.tests),
    )  # fmt: skip
    if not all_right(case, returned):
        raise SystemExit(f"{arm.name} gets {case.name} wrong")
    return row


def _cold(progress: Progress) -> dict[str, float]:
    progress.step("start of a process")
    return cold.measure()


def _write(
    out: Path, facts: dict[str, object], taken: list[Row], starts: list[dict[str, float]]
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    numbers = summary(taken, starts)
    text = document(facts, numbers)
    if any(row.section == "typical" for row in taken):
        plot.draw(taken, out / "ratios.png")
        text += "\n![milliseconds of one run, and ratios](ratios.png)\n"
    rows.write(out / "rows.jsonl", {**facts, "cold_starts": starts}, taken)
    kept = json.dumps({"facts": facts, **numbers}, indent=1) + "\n"
    (out / "summary.json").write_text(kept, encoding="utf-8")
    (out / "README.md").write_text(text, encoding="utf-8")
    print(text)


def _arguments() -> tuple[Plan, Path]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: two minutes")
    parser.add_argument("--rounds", type=int, help="rounds of the comparison (default 12)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args()
    sections = tuple(given.only or SECTIONS)
    rounds = given.rounds or (2 if given.quick else 12)
    few = Plan(rounds, 40, 200, 2, sections)
    return (few if given.quick else Plan(rounds, 60, 1000, 10, sections)), given.out


if __name__ == "__main__":
    main()
