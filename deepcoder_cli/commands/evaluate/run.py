"""`deepcoder eval run`: sample a model on a benchmark and score it; the same again goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import deepcoder_cli
from deepcoder_cli.commands.evaluate.options import (
    checked_date,
    checked_extraction,
    chosen_checkers,
    default_folder,
    runner_for,
)
from deepcoder_cli.commands.evaluate.report import report_result
from deepcoder_cli.config import load_settings
from deepcoder_cli.errors import InputError, Interrupted
from deepcoder_cli.evaluate.budget import parse_budgets
from deepcoder_cli.evaluate.catalogue import Choice, open_benchmark
from deepcoder_cli.evaluate.extraction import labelled
from deepcoder_cli.evaluate.progress import RunProgress
from deepcoder_cli.evaluate.run import sample_run
from deepcoder_cli.evaluate.run_info import RunInfo
from deepcoder_cli.evaluate.scoring import Scorer
from deepcoder_cli.evaluate.store import RunFolder
from deepcoder_cli.models.resolve import resolve

if TYPE_CHECKING:
    from deepcoder_cli.config import Settings
    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.result import CommandResult
    from deepcoder_cli.types import AnyModelRef

MAX_N = 1000
AT_ONCE_LOCAL, AT_ONCE_ENDPOINT = 1, 16
# What two runs in one folder must have in common; more samples or budgets may be asked for.
IDENTITY = (
    "benchmark", "model", "temperature", "top_p", "seed", "source", "window", "extraction",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The flags of `eval run`; None where a flag was not given."""

    benchmark: str
    model: str | None = None
    n: int = 1
    budget: str | None = None
    limit: int | None = None
    out: str | None = None
    data: str | None = None
    since: str | None = None
    until: str | None = None
    checkers: str | None = None
    extraction: str = "strict"
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    at_once: int | None = None
    no_score: bool = False
    unsafe: bool = False


def run_command(options: RunOptions, *, as_json: bool = False) -> CommandResult:
    """Sample what is missing of a run, score it, and report.

    Raises:
        InputError: a flag, benchmark or folder that cannot be used.
        ModelError: the model cannot be found or loaded.
        SandboxUnavailable: no safe way to run a program here.
        EndpointError: the endpoint failed for good. What was done is kept, as in every case.
        Interrupted: Ctrl-C; the message says how to go on.
    """
    _check(options)
    settings = load_settings(
        model=options.model, temperature=options.temperature, top_p=options.top_p,
        seed=options.seed,
    )  # fmt: skip
    choice = Choice(
        options.benchmark, options.data, checked_date("--since", options.since),
        checked_date("--until", options.until), options.limit,
    )  # fmt: skip
    benchmark = open_benchmark(choice)
    checkers = chosen_checkers(benchmark, options.checkers)
    runner = None if options.no_score else runner_for(unsafe=options.unsafe)
    model = resolve(settings.model)
    folder = RunFolder(Path(options.out or default_folder(benchmark.name, model.name)))
    info = _settled(folder, _info(options, settings, benchmark, model.name))
    scorer = None
    if runner is not None:
        scorer = Scorer(benchmark, runner, checkers=checkers, extraction=info.extraction)
    folder.save_info(info)
    checker = labelled(checkers[0], info.extraction)
    _go(folder, info, benchmark, model, scorer, options, checker)
    return report_result(folder, info, as_json=as_json)


def _check(options: RunOptions) -> None:
    checked_extraction(options.extraction)
    if not 1 <= options.n <= MAX_N:
        raise InputError(f"bad number of samples: -n {options.n} (1 to {MAX_N}). Change it.")
    for flag, value in (("--limit", options.limit), ("--at-once", options.at_once)):
        if value is not None and value < 1:
            raise InputError(f"bad number: {flag} {value} (1 or more). Change it.")


def _info(options: RunOptions, settings: Settings, benchmark: Benchmark, model: str) -> RunInfo:
    budgets = parse_budgets(options.budget) if options.budget else (settings.max_tokens,)
    return RunInfo(
        benchmark=benchmark.name,
        model=model,
        n=options.n,
        budgets=budgets,
        temperature=settings.temperature,
        top_p=settings.top_p,
        seed=settings.seed or 0,
        extraction=options.extraction,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=deepcoder_cli.__version__,
        source=benchmark.source,
        source_sha256=benchmark.source_sha256,
        window=benchmark.window,
        refused=benchmark.refused,
        problems=tuple(task.info for task in benchmark.tasks),
    )


def _settled(folder: RunFolder, asked: RunInfo) -> RunInfo:
    """What is asked, together with what the folder's run was asked before.

    Raises:
        InputError: that was another run.
    """
    if not folder.exists:
        return asked
    before = folder.info()
    for name in IDENTITY:
        was, now = getattr(before, name), getattr(asked, name)
        if was != now:
            msg = f"another run is in {folder.path}: its {name} is {was}, not {now}."
            raise InputError(f"{msg} Give another folder with --out.")
    known = {problem.id: problem for problem in before.problems}
    problems = known | {problem.id: problem for problem in asked.problems}
    return replace(
        asked, created=before.created, n=max(before.n, asked.n), problems=tuple(problems.values()),
        budgets=tuple(sorted({*before.budgets, *asked.budgets})),
    )  # fmt: skip


def _go(
    folder: RunFolder, info: RunInfo, benchmark: Benchmark, model: AnyModelRef,
    scorer: Scorer | None, options: RunOptions, checker: str,
) -> None:  # fmt: skip
    """Sample and score, with progress; Ctrl-C leaves everything in order."""
    verdicts = folder.verdicts().get(checker, {})
    sampled = sum(1 for _ in folder.samples())
    total = len(benchmark.tasks) * info.n * len(info.budgets)
    with RunProgress(
        total=max(total, sampled), sampled=sampled, scored=len(verdicts),
        accepted=sum(verdict.accepted for verdict in verdicts.values()), checker=checker,
    ) as progress:  # fmt: skip
        for note in benchmark.notes:
            progress.line(f"note: {note}")
        if sampled:
            progress.line(f"going on with {folder.path}: {sampled} of {total} samples are there")
        try:
            asyncio.run(_sample(folder, info, benchmark, model, scorer, options, progress))
        except KeyboardInterrupt as error:
            msg = f"interrupted; everything is kept in {folder.path}. The same command goes on."
            raise Interrupted(msg) from error


async def _sample(
    folder: RunFolder, info: RunInfo, benchmark: Benchmark, model: AnyModelRef,
    scorer: Scorer | None, options: RunOptions, progress: RunProgress,
) -> None:  # fmt: skip
    from deepcoder_cli.inference.open import open_backend
    from deepcoder_cli.types import ModelRef

    is_local = isinstance(model, ModelRef)
    at_once = options.at_once or (AT_ONCE_LOCAL if is_local else AT_ONCE_ENDPOINT)
    async with open_backend(model) as backend:
        await sample_run(
            folder, info, benchmark, backend, scorer=scorer, at_once=at_once, progress=progress
        )
