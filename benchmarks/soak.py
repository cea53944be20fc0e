"""The soak: many runs of many kinds through one pool, and a look at what they leave behind.

    python -m benchmarks.soak --runs 100000

Every 1,000 runs it counts this process's descriptors and memory files, the supervisor and zygotes
with their resident memory, and the host's shared memory. It fails where any of these grew from the
first sample (after a warm-up) to the last. Ctrl-C ends it with what was seen so far.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import FunctionCall, RunRequest, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.local import LocalRunner
    from deepcoder_cli.sandbox.runner import RunResult

SAMPLE_EVERY = 1000
SERIES_EVERY = 7  # of the programs, one goes through ten tests in turn
AT_ONCE = 64
SHORT = Limits(cpu_s=0.05, wall_s=1.0, memory_mib=64, output_kib=64)
# What may differ between two looks at a pool that leaks nothing: zygotes come and go.
SLACK = {"descriptors": 24, "memory_files": 12, "processes": 6, "own_mib": 24, "zygote_mib": 40,
         "shared_mib": 24}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is after so many runs."""

    runs: int
    seconds: float
    descriptors: int
    memory_files: int
    processes: int
    own_mib: float
    zygote_mib: float
    shared_mib: float


def kinds() -> list[tuple[RunRequest, set[Status]]]:
    """The programs, with the ends that each may have. One in sixteen runs into a limit."""
    ended = {Status.EXITED}
    good = [
        RunRequest(f"import sys\nprint(sum(map(int, sys.stdin)) + {n})", stdin=b"1\n2\n3\n")
        for n in range(10)
    ]
    odd = [
        (RunRequest("def f(a):\n    return a[::-1]", call=FunctionCall("f", "[1, 2, 3]")), ended),
        (RunRequest("1 / 0"), ended),
        (RunRequest("print("), {Status.COMPILE_ERROR}),
        (RunRequest("import os\nos.abort()"), {Status.SIGNALED}),
        (RunRequest("from threading import Thread\nThread(target=print).start()"), ended),
    ]
    limits = [
        (RunRequest("while True: pass", limits=SHORT), {Status.CPU_LIMIT}),
        (RunRequest("print('x' * 10**7)", limits=SHORT), {Status.OUTPUT_LIMIT}),
        (RunRequest("a = bytearray(10**9)", limits=SHORT), {Status.MEMORY_LIMIT}),
    ]
    common = [(request, ended) for request in good] + odd
    return [each for limit in limits for each in (*common, limit)]


async def soak(
    runner: LocalRunner, runs: int, tell: bool = True
) -> tuple[list[Sample], Counter[str]]:
    """Run `runs` programs, AT_ONCE at a time; the samples, and how often each end was wrong."""
    programs, wrong, samples = kinds(), Counter[str](), []
    queue: Iterator[int] = iter(range(runs))
    started = time.monotonic()

    async def work() -> None:
        for number in queue:
            request, expected = programs[number % len(programs)]
            for result in await results_of(runner, request, number):
                if result.status not in expected:
                    wrong[f"{request.program[:30]!r}: {result.status} {result.detail}"] += 1
            if (number + 1) % SAMPLE_EVERY == 0:
                samples.append(sample(runner, number + 1, time.monotonic() - started))
                if tell:
                    _tell(samples[-1], runs)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return samples, wrong


async def results_of(runner: LocalRunner, request: RunRequest, number: int) -> list[RunResult]:
    """A run, or for some programs ten in turn, some of them left early."""
    if number % SERIES_EVERY or request.limits == SHORT:
        return [await runner.arun(request)]
    results = []
    async with aclosing(runner.arun_each((request for _ in range(10)), 10)) as each:
        async for result in each:
            results.append(result)
            if len(results) > number % 13:
                break
    return results


def growth(samples: list[Sample]) -> dict[str, float]:
    """What grew by more than its slack from the first sample to the last, and by how much."""
    first, last = asdict(samples[0]), asdict(samples[-1])
    grown = {name: last[name] - first[name] for name in SLACK}
    return {name: by for name, by in grown.items() if by > SLACK[name]}


def sample(runner: LocalRunner, runs: int, seconds: float) -> Sample:
    """Look at this process, the sandbox's processes and the host's shared memory."""
    links = [_target(path) for path in Path("/proc/self/fd").iterdir()]
    supervisor = runner.pool._supervision.pid
    family = [] if supervisor is None else _descendants(supervisor)
    return Sample(
        runs,
        round(seconds, 1),
        len(links),
        sum("memfd:" in link for link in links),
        len(family),
        _resident_mib("self"),
        sum(map(_resident_mib, map(str, family))),
        _shared_mib(),
    )


def _descendants(pid: int) -> list[int]:
    """A process and all below it; hosts and runs come and go while one looks."""
    found = [pid]
    try:
        texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return found
    return found + [each for text in texts for c in text.split() for each in _descendants(int(c))]


def _target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _resident_mib(pid: str) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def _shared_mib() -> float:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Shmem:")).split()[1]) / 1024


def _tell(last: Sample, runs: int) -> None:
    left = (runs - last.runs) * last.seconds / last.runs
    sys.stderr.write(
        f"\r{last.runs:,} of {runs:,} runs · {last.runs / last.seconds:.0f}/s · "
        f"{left / 60:.0f} min left · {last.descriptors} descriptors · {last.processes} processes · "
        f"{last.own_mib:.0f} + {last.zygote_mib:.0f} MiB   "
    )
    sys.stderr.flush()


def main() -> int:
    """Soak, write the samples as JSON lines on stdout, and say on stderr what grew."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=100_000)
    runs = parser.parse_args().runs
    samples, wrong = asyncio.run(soak(default_runner(), runs))
    for each in samples:
        sys.stdout.write(json.dumps(asdict(each)) + "\n")
    grown = growth(samples)
    sys.stderr.write(f"\nwrong ends: {dict(wrong) or 'none'} · grew: {grown or 'nothing'}\n")
    return 1 if grown or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
