"""The verbs of `eval`, as the command line has them: signatures only."""

from __future__ import annotations

from typing import Annotated

import typer

from deepcoder_cli.options import Json, Model, Unsafe  # noqa: TC001 - typer reads them
from deepcoder_cli.result import CommandResult  # noqa: TC001 - typer reads it

eval_app = typer.Typer(
    name="eval",
    help="Score a model on benchmarks: sample, judge, report. Runs go on where they were.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Data = Annotated[
    str | None,
    typer.Option("--data", help="A file, folder or hub id of problems, in place of the usual."),
]
Since = Annotated[str | None, typer.Option("--since", help="First date of contests (YYYY-MM-DD).")]
Until = Annotated[str | None, typer.Option("--until", help="Last date of contests.")]
Checkers = Annotated[
    str | None,
    typer.Option("--checkers", help="By whose rules, such as strict,lcb-compat (default all)."),
]
Extract = Annotated[
    str, typer.Option("--extract", help="Which program counts: strict, rllm or lcb.")
]
Out = Annotated[
    str | None, typer.Option("--out", "-o", help="The run's folder (default eval-...).")
]
RunPath = Annotated[str, typer.Argument(metavar="DIR", help="The folder of a run.")]


@eval_app.command("run")
def eval_run(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCH", help="See `eval list`; or a file of problems.")
    ],
    *,
    model: Model = None,
    n: Annotated[int, typer.Option("-n", help="Samples a problem.")] = 1,
    budget: Annotated[
        str | None,
        typer.Option("--budget", help="Token budgets, such as 16K,32K,64K (default 64K)."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="Only the first so many problems.")
    ] = None,
    out: Out = None,
    data: Data = None,
    since: Since = None,
    until: Until = None,
    checkers: Checkers = None,
    extract: Extract = "strict",
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Default 0.6; 0 is greedy.")
    ] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Default 0.95.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the run (default 0).")] = None,
    at_once: Annotated[
        int | None,
        typer.Option("--at-once", help="Completions at a time (default 1, endpoints 16)."),
    ] = None,
    no_score: Annotated[
        bool, typer.Option("--no-score", help="Sample only; `eval score` judges later.")
    ] = False,
    unsafe: Unsafe = False,
    as_json: Json = False,
) -> CommandResult:
    """Sample a model on a benchmark and score it; the same command again goes on."""
    from deepcoder_cli.commands.evaluate.run import RunOptions, run_command

    options = RunOptions(
        benchmark, model=model, n=n, budget=budget, limit=limit, out=out, data=data, since=since,
        until=until, checkers=checkers, extraction=extract, temperature=temperature, top_p=top_p,
        seed=seed, at_once=at_once, no_score=no_score, unsafe=unsafe,
    )  # fmt: skip
    return run_command(options, as_json=as_json)


@eval_app.command("score")
def eval_score(
    path: RunPath,
    *,
    checkers: Checkers = None,
    extract: Annotated[
        str | None, typer.Option("--extract", help="Which program counts: strict, rllm or lcb.")
    ] = None,
    data: Data = None,
    again: Annotated[
        bool, typer.Option("--again", help="Judge also what has a verdict already.")
    ] = False,
    unsafe: Unsafe = False,
    as_json: Json = False,
) -> CommandResult:
    """Judge the samples of a run; nothing is sampled."""
    from deepcoder_cli.commands.evaluate.score import score_command

    return score_command(
        path, checkers=checkers, extraction=extract, data=data, again=again, unsafe=unsafe,
        as_json=as_json,
    )  # fmt: skip


@eval_app.command("report")
def eval_report(
    path: RunPath,
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Also write report.md with plots into DIR.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Also write report.html with every sample into DIR.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option("--budget", help="Also score these budgets by cutting longer completions."),
    ] = None,
    errata: Annotated[
        str | None, typer.Option("--errata", help="A file of problems known to be faulty.")
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="Codeforces contests, for a rating.")
    ] = None,
    ratings: Annotated[
        str | None, typer.Option("--ratings", help="A rating table, for a percentile.")
    ] = None,
    as_json: Json = False,
) -> CommandResult:
    """Show what a run is worth: scores with intervals, failures, lengths, the card beside."""
    from deepcoder_cli.commands.evaluate.report import ReportOptions, report_command

    options = ReportOptions(path, markdown, html, budget, errata, snapshot, ratings)
    return report_command(options, as_json=as_json)


@eval_app.command("compare")
def eval_compare(
    first: Annotated[str, typer.Argument(metavar="A", help="The folder of a run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The folder of another.")],
    *,
    checker: Annotated[
        str | None, typer.Option("--checker", help="By whose rules (default the first).")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_json: Json = False,
) -> CommandResult:
    """Compare two runs problem by problem: the paired difference, and who solves what."""
    from deepcoder_cli.commands.evaluate.compare import compare_command

    return compare_command(first, second, checker=checker, markdown=markdown)


@eval_app.command("import")
def eval_import(
    benchmark: Annotated[str, typer.Argument(metavar="BENCH", help="See `eval list`.")],
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON or JSONL of completions or programs.")
    ],
    *,
    model: Annotated[str, typer.Option("--model", "-m", help="Whose they are, for reports.")],
    out: Out = None,
    data: Data = None,
    since: Since = None,
    until: Until = None,
    budget: Annotated[
        str, typer.Option("--budget", help="The token budget they were made with.")
    ] = "64K",
    extract: Extract = "strict",
    as_json: Json = False,
) -> CommandResult:
    """Make a run of completions that others recorded, to be scored here."""
    from deepcoder_cli.commands.evaluate.importing import import_command

    return import_command(
        benchmark, file, model=model, out=out, data=data, since=since, until=until,
        budget=budget, extraction=extract,
    )  # fmt: skip


@eval_app.command("list")
def eval_list(*, as_json: Json = False) -> CommandResult:
    """List the benchmarks, and where their problems are published."""
    from deepcoder_cli.commands.evaluate.benchmarks import list_command

    return list_command()
