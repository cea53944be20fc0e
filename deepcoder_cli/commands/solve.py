"""`deepcoder solve`: read a problem, sample candidates, judge them, write the one that passes.

Everything that can be refused is refused before the first token: the problem, the output's
place, the sandbox, the model. What was found survives Ctrl-C and the engine's end.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.config import load_settings
from deepcoder_cli.errors import EndpointError, EngineCrashed, Interrupted, OutputError
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.problems.markdown import load
from deepcoder_cli.problems.restate import restate
from deepcoder_cli.prompts import messages
from deepcoder_cli.result import CommandResult, emit_error
from deepcoder_cli.solve import summary
from deepcoder_cli.solve.destination import check_output, default_output, write_program
from deepcoder_cli.solve.progress import ProgressLine
from deepcoder_cli.solve.race import Race
from deepcoder_cli.solve.summary import Summary
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from deepcoder_cli.config import Settings
    from deepcoder_cli.errors import DeepcoderError
    from deepcoder_cli.problems.markdown import Reading
    from deepcoder_cli.sandbox.runner import Runner
    from deepcoder_cli.types import AnyModelRef, Problem

NANO_NOTICE = (
    "nano is a demonstration model, trained on small generated problems alone: it shows how "
    "deepcoder works and solves little else. Name a real model with --model."
)


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """The flags of `solve`; None where a flag was not given.

    Attributes:
        source: the problem file, or - for stdin.
        output: where the program goes; None is the default beside the problem.
        force: replace an output that exists.
        keep_failing: write the best program even when it fails examples.
        sample_all: sample every candidate, also after one that passes.
        unsafe: run programs without a sandbox.
    """

    source: str
    output: str | None = None
    force: bool = False
    keep_failing: bool = False
    sample_all: bool = False
    n: int | None = None
    seed: int | None = None
    model: str | None = None
    timeout: float | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    unsafe: bool = False


def solve(options: SolveOptions) -> CommandResult:
    """Solve one problem; the result's exit code says how it ended (docs/exit-codes.md).

    Raises:
        InputError: a problem file, flag or setting that cannot be used.
        OutputError: the program could not be written where it should go.
        SandboxUnavailable: there are examples, but no safe way to run a program here.
        ModelError: the model cannot be found or loaded, or its engine died before a candidate
            was done with.
        Interrupted: Ctrl-C before a candidate was done with.
    """
    settings = _settings(options)
    reading = load(options.source)
    problem = _with_time_limit(reading.problem, settings)
    output = Path(options.output) if options.output else default_output(options.source)
    check_output(output, force=options.force, problem=options.source)
    runner = _runner(problem, unsafe=options.unsafe)
    model = resolve(settings.model)
    seed = settings.seed if settings.seed is not None else secrets.randbits(31)
    with ProgressLine(settings.n) as progress:
        _notices(progress, model, reading)
        race = Race(
            problem,
            SamplingParams(settings.temperature, settings.top_p, settings.max_tokens, seed),
            n=settings.n,
            runner=runner,
            sample_all=options.sample_all,
            prompt=messages(restate(problem)) if model.builtin else None,
            progress=progress,
        )
        cut_short = _run(race, model, settings.n)
    if cut_short is not None:
        emit_error(cut_short, as_json=False)
    found = Summary(
        problem, model.name, seed, race.outcomes, cut_short=cut_short, notes=reading.notes,
        tier=None if runner is None else runner.tier,
    )  # fmt: skip
    found = _written(found, output, options)
    return CommandResult(found.exit_code, summary.text(found), summary.data(found))


def _settings(options: SolveOptions) -> Settings:
    return load_settings(
        n=options.n,
        seed=options.seed,
        model=options.model,
        timeout=options.timeout,
        temperature=options.temperature,
        top_p=options.top_p,
        max_tokens=options.max_tokens,
    )


def _with_time_limit(problem: Problem, settings: Settings) -> Problem:
    if settings.timeout is None:
        return problem
    return replace(problem, limits=replace(problem.limits, cpu_s=settings.timeout))


def _runner(problem: Problem, *, unsafe: bool) -> Runner | None:
    """The sandbox, tried before sampling; a problem without examples needs none."""
    if not problem.examples:
        return None
    from deepcoder_cli.sandbox.checkers import checker_named
    from deepcoder_cli.sandbox.probe import default_runner
    from deepcoder_cli.sandbox.unsafe import unsafe_runner

    checker_named(problem.checker)
    return unsafe_runner() if unsafe else default_runner()


def _notices(progress: ProgressLine, model: AnyModelRef, reading: Reading) -> None:
    if model.builtin:
        progress.line(NANO_NOTICE)
    for note in reading.notes:
        progress.line(f"note: {note}")
    if not reading.problem.examples:
        progress.line("note: no examples to judge by: the program will be untested")


def _run(race: Race, model: AnyModelRef, n: int) -> DeepcoderError | None:
    """Run the race to its end; what cut it short, when candidates were done with before.

    Raises:
        EngineCrashed, EndpointError, Interrupted: no candidate was.
    """
    try:
        asyncio.run(_race(race, model))
    except KeyboardInterrupt:
        done = f"interrupted after {len(race.outcomes)} of {n} candidates"
        if not race.outcomes:
            raise Interrupted(f"{done}: nothing was written") from None
        return Interrupted(done)
    except (EngineCrashed, EndpointError) as error:
        if not race.outcomes:
            raise
        return error
    return None


async def _race(race: Race, model: AnyModelRef) -> None:
    from deepcoder_cli.inference.open import open_backend

    async with open_backend(model) as backend:
        await race.run(backend)


def _written(found: Summary, output: Path, options: SolveOptions) -> Summary:
    """Write the chosen program if it is worth it; a failure to write loses nothing."""
    chosen = found.chosen
    worth_it = found.status in {"passes", "untested"} or options.keep_failing
    if chosen is None or chosen.candidate.program is None or not worth_it:
        return found
    try:
        path = write_program(output, chosen.candidate.program, force=options.force)
    except OutputError as error:
        emit_error(error, as_json=False)
        return replace(found, error=error)
    return replace(found, path=path)
