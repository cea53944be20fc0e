"""What the verbs of `eval` have in common: reading their flags, opening what they name."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.catalogue import Choice, open_benchmark
from deepcoder_cli.evaluate.extraction import MODES
from deepcoder_cli.evaluate.store import RunFolder

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.sandbox.runner import Runner


def checked_date(flag: str, text: str | None) -> str | None:
    """A date of a flag; "" and None pass.

    Raises:
        InputError: no ISO date.
    """
    try:
        if text and len(text) == len("2024-08-01"):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    if not text:
        return text
    raise InputError(f"not a date: {flag} {text} (YYYY-MM-DD). Write 2024-08-01.")


def checked_extraction(mode: str) -> str:
    """A way to extract programs.

    Raises:
        InputError: no such way.
    """
    if mode in MODES:
        return mode
    msg = f"unknown way to extract programs: {mode} ({', '.join(MODES)}). Choose one of these."
    raise InputError(msg)


def chosen_checkers(benchmark: Benchmark, names: str | None) -> tuple[str, ...]:
    """The checkers named, with or without versions; all that the benchmark knows when None.

    Raises:
        InputError: the benchmark does not know one.
    """
    known = benchmark.judge.checkers
    if names is None:
        return known
    found = []
    for name in (part.strip() for part in names.split(",")):
        match = next((each for each in known if name in {each, each.partition("/")[0]}), None)
        if match is None:
            msg = f"unknown checker: {name} ({benchmark.name} has {', '.join(known)})."
            raise InputError(f"{msg} Choose of these.")
        found.append(match)
    return tuple(dict.fromkeys(found))


def default_folder(benchmark: str, model: str) -> Path:
    """Where a run goes that names no folder: the same command finds it again.

    >>> str(default_folder("livecodebench:v5", "http://localhost:8000/v1#deep/coder"))
    'eval-livecodebench-v5-http-localhost-8000-v1-deep-coder'
    """
    slug = re.sub(r"[^A-Za-z0-9.+]+", "-", f"eval-{benchmark}-{model}").strip("-")
    return Path(slug[:120])


def existing_run(path: str) -> tuple[RunFolder, RunInfo]:
    """A run that is there.

    Raises:
        InputError: none is.
    """
    folder = RunFolder(Path(path))
    return folder, folder.info()


def benchmark_of_run(info: RunInfo, data: str | None) -> Benchmark:
    """The benchmark a run was made of, its problems alone; `data` in place of where it was.

    Raises:
        InputError: the data is not there any more, or is not what it was.
    """
    choice = Choice(
        info.benchmark, data or info.source, info.window[0], info.window[1],
        only=frozenset(problem.id for problem in info.problems),
    )  # fmt: skip
    benchmark = open_benchmark(choice)
    if info.source_sha256 and benchmark.source_sha256 not in {"", info.source_sha256}:
        prompts = {task.info.id: task.info.prompt for task in benchmark.tasks}
        if any(prompts.get(each.id) != each.prompt for each in info.problems):
            msg = f"the problems have changed since the run: {benchmark.source}."
            raise InputError(f"{msg} Name the file that it was made of with --data.")
    missing = {each.id for each in info.problems} - {task.info.id for task in benchmark.tasks}
    if missing:
        msg = f"problems of the run are not in {benchmark.source}: {min(missing)} and "
        raise InputError(f"{msg}{len(missing) - 1} others. Name the right file with --data.")
    return benchmark


def runner_for(*, unsafe: bool) -> Runner:
    """The sandbox, tried before anything costs time.

    Raises:
        SandboxUnavailable: there is none here.
    """
    from deepcoder_cli.sandbox.probe import default_runner
    from deepcoder_cli.sandbox.unsafe import unsafe_runner

    return unsafe_runner() if unsafe else default_runner()
