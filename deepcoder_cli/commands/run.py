"""`deepcoder run FILE`: one program in the sandbox, as if it ran outside, and a summary."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError, SandboxUnavailable
from deepcoder_cli.result import CommandResult
from deepcoder_cli.sandbox.languages import Language, language_of
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.unsafe import unsafe_runner
from deepcoder_cli.types import Limits
from deepcoder_cli.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deepcoder_cli.sandbox.runner import LiveRunner, RunResult

STDIN = "-"
MAX_PROGRAM_BYTES = 1 << 20
MAX_CPU_S = 86400.0
MEMORY_MIB = (32, 1 << 20)
INTERACTIVE_WALL_S = 3600.0  # a person at the keyboard may think
EXIT_TIME, EXIT_MEMORY, EXIT_OUTPUT, EXIT_PIPE_CLOSED = 124, 137, 153, 141
_LIMIT_EXITS = {
    Status.CPU_LIMIT: EXIT_TIME,
    Status.WALL_LIMIT: EXIT_TIME,
    Status.MEMORY_LIMIT: EXIT_MEMORY,
    Status.OUTPUT_LIMIT: EXIT_OUTPUT,
}


def run_command(
    path: str,
    arguments: Sequence[str] = (),
    *,
    timeout_s: float | None = None,
    memory_mib: int | None = None,
    strict: bool = False,
    unsafe: bool = False,
    as_json: bool = False,
) -> CommandResult:
    """Run the program at `path`; stdin is passed to it, its output shown as it comes.

    A `path` of `-` is the program on stdin, which is then at its end for the program itself.
    The language is what the suffix says. With `strict` it runs as the judge runs a program: one
    process, nothing to write to; input is read to its end first, and output shown at the end. With
    `unsafe` there is no sandbox.

    The exit code is the program's own, or 124 (time), 137 (memory), 153 (output), or 128 plus
    the number of the signal that ended it. With `as_json` the output is in the result instead.

    Raises:
        InputError: the file or a limit cannot be used, or the language has no strict profile.
        SandboxUnavailable: no sandbox here, or it failed; or no compiler for the language.
    """
    _open_closed_streams()
    limits = _limits(timeout_s, memory_mib)
    language = language_of(path)
    if strict and language is Language.JAVASCRIPT:  # node needs threads and memory of its own kind
        raise InputError(f"--strict is for Python and C++: {path}. Leave it out.")
    request = RunRequest(
        read_program(path),
        limits=limits,
        argv=tuple(arguments),
        language=language,
        profile=Profile.STRICT if strict else Profile.GENERAL,
    )
    runner = unsafe_runner() if unsafe else default_runner()
    show = _hide if as_json else _shower()
    try:
        result = _run(runner, request, show, at_end=path == STDIN)
    except BrokenPipeError:  # nobody reads our output any more: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CommandResult(EXIT_PIPE_CLOSED)
    if result.status is Status.INFRASTRUCTURE:
        raise SandboxUnavailable(f"the sandbox failed: {result.detail}. Run the command again.")
    if not as_json:
        sys.stderr.write(f"{summary(result, limits)}\n")
    return CommandResult(exit_code_of(result), data=as_data(result))


def _run(
    runner: LiveRunner, request: RunRequest, show: Callable[[int, bytes], None], *, at_end: bool
) -> RunResult:
    if request.profile is Profile.STRICT:
        stdin = b"" if at_end else sys.stdin.buffer.read()
        result = runner.run(replace(request, stdin=stdin))
        show(1, result.stdout)
        show(2, result.stderr)
        return result
    with _piped_stdin(ended=at_end) as pipe:
        return runner.run_live(request, stdin=pipe, show=show)


def read_program(path: str) -> str:
    """The source in the file `path`, or on stdin where that is `-`.

    Raises:
        InputError: it is missing, no regular file, too large, or not UTF-8 text.
    """
    file = Path(path)
    if path != STDIN and file.is_dir():
        raise InputError(f"not a file: {path} (a folder). Name a program.")
    try:
        if path != STDIN and file.exists() and not file.is_file():
            raise InputError(f"not a regular file: {path}. Name a program.")
        with open(0, "rb", closefd=False) if path == STDIN else file.open("rb") as stream:
            source = stream.read(MAX_PROGRAM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read: {path} ({reason}). Name a program.") from error
    if len(source) > MAX_PROGRAM_BYTES:
        raise InputError(f"program too large: {path} (at most {MAX_PROGRAM_BYTES} bytes).")
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text: {path} (byte {error.start}). Convert it.") from error
    if "\0" in text:
        raise InputError(f"binary file: {path} (byte {text.index(chr(0))} is NUL).")
    return text


def exit_code_of(result: RunResult) -> int:
    """What `deepcoder run` exits with for `result`."""
    if result.status in _LIMIT_EXITS:
        return _LIMIT_EXITS[result.status]
    return result.exit_code if result.signal is None else 128 + result.signal  # type: ignore[return-value]


def summary(result: RunResult, limits: Limits) -> str:
    """One line: how it ended and what it used."""
    ends = {
        Status.CPU_LIMIT: f"time limit ({limits.cpu_s:g} s CPU)",
        Status.WALL_LIMIT: f"time limit ({limits.wall_limit_s:g} s wall)",
        Status.MEMORY_LIMIT: f"memory limit ({limits.memory_mib} MiB)",
        Status.OUTPUT_LIMIT: f"output limit ({limits.output_kib} KiB)",
        Status.SIGNALED: f"killed by signal {result.signal}",
        Status.COMPILE_ERROR: "does not compile",
    }
    end = ends.get(result.status, f"exit {result.exit_code}")
    used = f"cpu {result.cpu_s:.2f} s · wall {result.wall_s:.2f} s · {result.peak_mib:.0f} MiB"
    return f"{end} · {used} · sandbox {result.tier}"


def as_data(result: RunResult) -> dict[str, object]:
    """`result` for scripts; output that is not UTF-8 has its odd bytes replaced."""
    return {
        "status": str(result.status),
        "exit_code": result.exit_code,
        "signal": result.signal,
        "stdout": result.stdout.decode("utf-8", "replace"),
        "stderr": result.stderr.decode("utf-8", "replace"),
        "truncated": result.truncated,
        "cpu_s": result.cpu_s,
        "wall_s": result.wall_s,
        "peak_mib": round(result.peak_mib, 2),
        "tier": str(result.tier),
    }


def _open_closed_streams() -> None:
    """Put /dev/null where we were started without stdin, stdout or stderr (`<&-`, `>&-`).

    Else the next files opened would take their numbers, and be read or written by mistake.
    """
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(fd, "w" if fd else "r", encoding="utf-8", closefd=False))


def _limits(timeout_s: float | None, memory_mib: int | None) -> Limits:
    default = Limits()
    cpu_s = default.cpu_s if timeout_s is None else timeout_s
    memory = default.memory_mib if memory_mib is None else memory_mib
    if not 0.05 <= cpu_s <= MAX_CPU_S:
        raise InputError(f"--timeout out of range: {cpu_s:g} s (0.05 to {MAX_CPU_S:g}).")
    if not MEMORY_MIB[0] <= memory <= MEMORY_MIB[1]:
        low, high = MEMORY_MIB
        raise InputError(f"--memory out of range: {memory} MiB ({low} to {high}).")
    wall_s = max(INTERACTIVE_WALL_S, 3 * cpu_s) if _is_terminal(sys.stdin) else None
    return Limits(cpu_s=cpu_s, wall_s=wall_s, memory_mib=memory)


@contextlib.contextmanager
def _piped_stdin(*, ended: bool) -> Iterator[int]:
    """A pipe that our stdin is copied into, or an empty one where stdin has `ended`.

    The program never holds a descriptor of the host.
    """
    reading, writing = os.pipe()
    os.fchmod(reading, 0o666)  # so that the program's own user can open it anew, as /dev/stdin
    if ended:
        os.close(writing)
    else:
        threading.Thread(target=_copy_stdin, args=(writing,), daemon=True).start()
    try:
        yield reading
    finally:
        os.close(reading)


def _copy_stdin(writing: int) -> None:
    """Copy until our input ends or nobody reads it; then the program sees the end of input."""
    with contextlib.suppress(OSError), open(writing, "wb", buffering=0) as pipe:
        while chunk := os.read(0, 65536):
            pipe.write(chunk)


def _shower() -> Callable[[int, bytes], None]:
    """Show output on our stdout and stderr; raw into files and pipes, harmless on a terminal."""
    streams = {1: sys.stdout, 2: sys.stderr}
    decoders = {
        number: codecs.getincrementaldecoder("utf-8")("replace")
        for number, stream in streams.items()
        if _is_terminal(stream)
    }

    def show(number: int, chunk: bytes) -> None:
        if number in decoders:
            lines = decoders[number].decode(chunk).split("\r")  # which progress bars need
            chunk = "\r".join(map(visible, lines)).encode()
        streams[number].buffer.write(chunk)
        streams[number].buffer.flush()

    return show


def _hide(_number: int, _chunk: bytes) -> None:
    """The output is in the result."""


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty())
