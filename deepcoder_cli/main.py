"""The command line: signatures only. Each verb lives in its own file under `commands`.

This is the composition root: heavy modules are imported inside the function bodies, so that
`deepcoder --help` starts as fast as typer does (a test lists sys.modules).
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

import deepcoder_cli
from deepcoder_cli.errors import DeepcoderError, Interrupted
from deepcoder_cli.result import emit_error

app = typer.Typer(
    name="deepcoder",
    help="A local coding assistant: chat with DeepCoder, and have its programs judged.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="`nano` (built in), or the path of a .gguf file."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]


def _version(show: bool) -> None:
    if show:
        typer.echo(f"deepcoder {deepcoder_cli.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")] = False,
) -> None:
    """A local coding assistant: chat with DeepCoder, and have its programs judged."""
    if debug:
        os.environ["DEEPCODER_DEBUG"] = "1"


@app.command(
    "run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
def run(
    file: Annotated[str, typer.Argument(metavar="FILE.py", help="The program to run.")],
    args: Annotated[
        list[str] | None, typer.Argument(help="What the program finds in argv.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="CPU seconds it may use (default 10).")
    ] = None,
    memory: Annotated[
        int | None, typer.Option("--memory", help="MiB of memory it may use (default 1024).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a Python program in the sandbox: no files, no network, limited time and memory."""
    from deepcoder_cli.commands.run import run_command
    from deepcoder_cli.result import emit

    result = run_command(file, args or (), timeout_s=timeout, memory_mib=memory, as_json=as_json)
    emit(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


@app.command("solve")
def solve(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The problem; `-` reads stdin.")],
    n: Annotated[int | None, typer.Option("-n", help="Candidates to sample (default 4).")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Where the program goes (default beside FILE)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an output that exists.")] = False,
    keep_failing: Annotated[
        bool, typer.Option("--keep-failing", help="Write the best program though it fails.")
    ] = False,
    sample_all: Annotated[
        bool, typer.Option("--all", help="Do not stop at the first candidate that passes.")
    ] = False,
    model: Model = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Make the run repeatable.")] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="CPU seconds a test, over the problem's own.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Default 0.6; 0 is greedy.")
    ] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Default 0.95.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Budget of a candidate, reasoning included.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Solve a problem: sample programs, judge them on its examples, write one that passes."""
    from deepcoder_cli.commands.solve import SolveOptions
    from deepcoder_cli.commands.solve import solve as solve_command
    from deepcoder_cli.result import emit

    options = SolveOptions(
        file, output, force=force, keep_failing=keep_failing, sample_all=sample_all, n=n,
        seed=seed, model=model, timeout=timeout, temperature=temperature, top_p=top_p,
        max_tokens=max_tokens,
    )  # fmt: skip
    result = solve_command(options)
    emit(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


@app.command("chat")
def chat(
    *,
    model: Model = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", "-p", help="Answer this once on stdout; `-` reads stdin."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", "-c", help="Go on with the session used last.")
    ] = False,
    session: Annotated[
        str | None, typer.Option("--session", help="Go on with this session (see --list).")
    ] = None,
    list_sessions: Annotated[bool, typer.Option("--list", help="List the saved sessions.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Save nothing.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Make answers repeatable.")] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Default 0.6; 0 is greedy.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Budget of an answer, reasoning included.")
    ] = None,
    show_reasoning: Annotated[
        bool, typer.Option("--show-reasoning", help="With -p: the reasoning, on stderr.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Talk with the model; run, copy and save its code. -p answers once, without a screen."""
    from deepcoder_cli.commands.chat import chat_command, chat_options, list_command
    from deepcoder_cli.result import emit

    if list_sessions:
        result = list_command()
        emit(result, as_json=as_json)
        raise typer.Exit(result.exit_code)
    options = chat_options(
        resume=resume, session=session, save=not no_save, model=model, seed=seed,
        temperature=temperature, max_tokens=max_tokens,
    )  # fmt: skip
    if prompt is not None:
        from deepcoder_cli.commands.ask import ask_command

        result = ask_command(prompt, options, show_reasoning=show_reasoning, as_json=as_json)
    else:
        result = chat_command(options)
    emit(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


def main() -> NoReturn:
    """Run the command line; the one place where errors become a line and an exit code."""
    as_json = "--json" in sys.argv
    try:
        app(standalone_mode=True)
    except DeepcoderError as error:
        _fail(error, as_json=as_json)
    except KeyboardInterrupt:
        _fail(Interrupted("interrupted"), as_json=as_json)
    sys.exit(0)


def _fail(error: DeepcoderError, *, as_json: bool) -> NoReturn:
    if os.environ.get("DEEPCODER_DEBUG"):
        raise error
    emit_error(error, as_json=as_json)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
