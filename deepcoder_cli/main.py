"""The command line: signatures only. Each verb lives in its own file under `commands`.

This is the composition root: heavy modules are imported inside the function bodies, so that
`deepcoder --help` starts as fast as typer does (a test lists sys.modules).
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, NoReturn

import typer

import deepcoder_cli
from deepcoder_cli.errors import DeepcoderError, InputError, Interrupted, OutputError
from deepcoder_cli.eval_verbs import eval_app
from deepcoder_cli.options import Invocation, Json, Model, Unsafe
from deepcoder_cli.result import CommandResult, emit, emit_error

DEBUG = "DEEPCODER_DEBUG"
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}

app = typer.Typer(
    name="deepcoder",
    help="A local coding assistant: chat with DeepCoder, and have its programs judged.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# typer does not export these two of click's (which it may bring along itself)
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_ClickException: type[Exception] = typer.BadParameter.__mro__[2]


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
        os.environ[DEBUG] = "1"


@app.command(
    "run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A .py, .cpp or .js program; `-` reads Python from stdin."
        ),
    ],
    args: Annotated[
        list[str] | None, typer.Argument(help="What the program finds in argv.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="CPU seconds it may use (default 10).")
    ] = None,
    memory: Annotated[
        int | None, typer.Option("--memory", help="MiB of memory it may use (default 1024).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="As the judge runs it: one process, no writing.")
    ] = False,
    unsafe: Unsafe = False,
    as_json: Json = False,
) -> CommandResult:
    """Run a program in the sandbox: no files, no network, limited time and memory."""
    from deepcoder_cli.commands.run import run_command

    return run_command(
        file, args or (), timeout_s=timeout, memory_mib=memory, strict=strict, unsafe=unsafe,
        as_json=as_json,
    )  # fmt: skip


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
    unsafe: Unsafe = False,
    as_json: Json = False,
) -> CommandResult:
    """Solve a problem: sample programs, judge them on its examples, write one that passes."""
    from deepcoder_cli.commands.solve import SolveOptions
    from deepcoder_cli.commands.solve import solve as solve_command

    options = SolveOptions(
        file, output, force=force, keep_failing=keep_failing, sample_all=sample_all, n=n,
        seed=seed, model=model, timeout=timeout, temperature=temperature, top_p=top_p,
        max_tokens=max_tokens, unsafe=unsafe,
    )  # fmt: skip
    return solve_command(options)


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
    unsafe: Unsafe = False,
    as_json: Json = False,
) -> CommandResult:
    """Talk with the model; run, copy and save its code. -p answers once, without a screen."""
    from deepcoder_cli.commands.chat import chat_command, chat_options, list_command

    if list_sessions:
        return list_command()
    options = chat_options(
        resume=resume, session=session, save=not no_save, model=model, seed=seed,
        temperature=temperature, max_tokens=max_tokens, unsafe=unsafe,
    )  # fmt: skip
    if prompt is None:
        return chat_command(options)
    from deepcoder_cli.commands.ask import ask_command

    return ask_command(prompt, options, show_reasoning=show_reasoning, as_json=as_json)


app.add_typer(eval_app)


@app.command("doctor")
def doctor(*, as_json: Json = False) -> CommandResult:
    """Try every layer of the sandbox, and say how to get what is missing."""
    from deepcoder_cli.commands.doctor import doctor_command

    return doctor_command(as_json=as_json)


def main() -> NoReturn:
    """Run the command line; the one place where errors become a line and an exit code."""
    _reserve_standard_streams()
    invocation = Invocation()
    try:
        result = _run(invocation)
        emit(result, as_json=bool(invocation.as_json))
    except DeepcoderError as error:
        _fail(error, invocation)
    except _ClickException as error:
        _refuse(error, invocation)
    except KeyboardInterrupt:
        _fail(Interrupted("interrupted"), invocation)
    except OSError as error:
        _fail(_as_output_error(error), invocation)
    except Exception as error:  # noqa: BLE001 - the last net: one line, and the traceback in a file
        from deepcoder_cli.crash import internal_error

        _fail(internal_error(error), invocation)
    sys.exit(result.exit_code)


def _run(invocation: Invocation) -> CommandResult:
    """Parse the command line and do what it says.

    typer answers Ctrl-C and --help alike with a bare exit code; the commands return a result.
    """
    outcome = app(standalone_mode=False, obj=invocation, prog_name="deepcoder")
    if isinstance(outcome, CommandResult):
        return outcome
    if outcome == Interrupted.exit_code:
        raise KeyboardInterrupt
    return CommandResult(outcome or 0)


def _refuse(error: Exception, invocation: Invocation) -> NoReturn:
    """A command line that cannot be read: typer's own words, or as JSON."""
    message = getattr(error, "format_message", error.__str__)()
    # where the parser gave up before --json was read, no FILE can have come before it either
    as_json = "--json" in sys.argv if invocation.as_json is None else invocation.as_json
    if not as_json and isinstance(error, _UsageError):
        error.show()  # type: ignore[attr-defined]
        sys.exit(InputError.exit_code)
    _fail(InputError(f"bad command line: {message}"), Invocation(as_json))


def _as_output_error(error: OSError) -> DeepcoderError:
    """A stream that cannot be written has no name; any other `OSError` here is a fault of ours."""
    if error.filename is None and error.errno in _CANNOT_WRITE:
        return OutputError(f"cannot write: {error.strerror}. Make room, or send it elsewhere.")
    from deepcoder_cli.crash import internal_error

    return internal_error(error)


def _fail(error: DeepcoderError, invocation: Invocation) -> NoReturn:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    emit_error(error, as_json=bool(invocation.as_json))
    sys.exit(error.exit_code)


def _reserve_standard_streams() -> None:
    """Put /dev/null where we were started without stdin, stdout or stderr (`<&-`, `>&-`).

    Else the next files opened would take their numbers, and be read or written by mistake.
    `sys.stdout` stays None then, since a result that nobody can get is an error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


if __name__ == "__main__":
    main()
