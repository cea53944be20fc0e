"""`deepcoder eval import`: completions that others recorded, as a run to be scored and reported."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import deepcoder_cli
from deepcoder_cli.commands.evaluate.options import (
    checked_date,
    checked_extraction,
    default_folder,
)
from deepcoder_cli.errors import EXIT_OK, InputError
from deepcoder_cli.evaluate.budget import parse_budgets
from deepcoder_cli.evaluate.catalogue import Choice, open_benchmark
from deepcoder_cli.evaluate.recorded import imported, read_recorded
from deepcoder_cli.evaluate.run_info import RunInfo
from deepcoder_cli.evaluate.store import RunFolder
from deepcoder_cli.result import CommandResult
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.evaluate.records import Sample

EVALPLUS = ("humaneval+", "mbpp+")


def import_command(
    benchmark: str,
    file: str,
    *,
    model: str,
    out: str | None = None,
    data: str | None = None,
    since: str | None = None,
    until: str | None = None,
    budget: str = "64K",
    extraction: str = "strict",
) -> CommandResult:
    """Make a run of a file of recorded completions.

    Raises:
        InputError: a file, benchmark or flag that cannot be used; nothing has been written then.
        OutputError: the run cannot be written.
    """
    choice = Choice(benchmark, data, checked_date("--since", since), checked_date("--until", until))
    found = open_benchmark(choice)
    budgets = parse_budgets(budget)
    if len(budgets) != 1:
        raise InputError(f"one budget made the completions: --budget {budget} (one). Name it.")
    params = SamplingParams(max_tokens=budgets[0], seed=0)
    known = {task.info.id for task in found.tasks}
    came = imported(
        read_recorded(Path(file), known), found, model=model, params=params,
        continues=_prompts(found),
    )  # fmt: skip
    samples = came.samples
    if not samples:
        told = f"{came.left_out} answers to other problems, such as {', '.join(came.unknown)}"
        why = told if came.left_out else "it is empty"
        msg = f"no completions of {found.name} in {file} ({why})."
        raise InputError(f"{msg} Check benchmark, --data, and the window (--since '' --until '').")
    folder = RunFolder(Path(out or default_folder(found.name, model)))
    info = _info(found, model, samples, budgets[0], checked_extraction(extraction))
    if folder.exists:
        msg = f"a run is there already: {folder.path}. Give another folder with --out."
        raise InputError(msg)
    folder.save_info(info)
    with folder.writing() as writer:
        writer.add_all(samples)
    asked = {sample.problem for sample in samples}
    text = (
        f"{len(samples)} samples of {len(asked)} of {len(found.tasks)} problems in {folder.path}. "
        f"Now: deepcoder eval score {folder.path}"
    )
    if came.left_out:
        text += (
            f"\nleft out: {came.left_out} answers to problems not in {found.name}, such as "
            f"{', '.join(came.unknown)} (--since '' --until '' takes contests of any date)"
        )
    return CommandResult(
        EXIT_OK, text,
        {"run": str(folder.path), "samples": len(samples), "problems": len(asked),
         "left_out": came.left_out},
    )  # fmt: skip


def _prompts(benchmark: Benchmark) -> dict[str, tuple[str, str]] | None:
    """What a bare completion continues: with EvalPlus, the start of the program."""
    if benchmark.name.partition(":")[0] not in EVALPLUS:
        return None
    from deepcoder_cli.evaluate.evalplus.benchmark import prompts_of

    return prompts_of(benchmark)


def _info(
    benchmark: Benchmark, model: str, samples: tuple[Sample, ...], budget: int, extraction: str
) -> RunInfo:
    return RunInfo(
        benchmark=benchmark.name,
        model=model,
        n=max(sample.index for sample in samples) + 1,
        budgets=(budget,),
        temperature=SamplingParams().temperature,
        top_p=SamplingParams().top_p,
        seed=0,
        extraction=extraction,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=deepcoder_cli.__version__,
        source=benchmark.source,
        source_sha256=benchmark.source_sha256,
        window=benchmark.window,
        refused=benchmark.refused,
        problems=tuple(task.info for task in benchmark.tasks),
    )
