"""Output while a program runs: into pipes, and at a terminal of its own."""

# ruff: noqa: E501 - tables read best with one program a line
from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status, Terminal
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.local import LocalRunner
    from deepcoder_cli.sandbox.runner import RunResult

LONG = Limits(cpu_s=60.0, wall_s=900.0)
SIZE = Terminal(columns=97, rows=31)


def asked(program: str, stdin: bytes = b"", limits: Limits = LONG) -> RunRequest:
    return RunRequest(program, stdin=stdin, limits=limits, profile=Profile.GENERAL)


async def at_terminal(
    runner: LocalRunner, program: str, stdin: bytes = b"", limits: Limits = LONG
) -> RunResult:
    shown = b""

    def show(number: int, chunk: bytes) -> None:
        nonlocal shown
        assert number == 1
        shown += chunk

    result = await runner.arun_live(asked(program, stdin, limits), terminal=SIZE, show=show)
    assert result.stdout == shown
    return result


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def sandboxes() -> list[str]:
    """The bwraps that this thread has started and that still exist, zombies included."""
    found = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [pid for pid in found if "bwrap" in Path(f"/proc/{pid}/comm").read_text()]


@pytest.fixture
def _leaves_nothing(runner: LocalRunner) -> Iterator[None]:
    runner.run(asked("pass"))
    before = open_fds()
    yield
    assert sandboxes() == []
    assert open_fds() <= before  # fewer, where what earlier tests dropped is collected meanwhile


# into pipes


@pytest.mark.usefixtures("_leaves_nothing")
def test_output_arrives_before_the_program_ends(runner: LocalRunner) -> None:
    reading, writing = os.pipe()
    seen: list[tuple[int, bytes]] = []

    def show(number: int, chunk: bytes) -> None:
        seen.append((number, chunk))
        if chunk.endswith(b"? "):
            os.write(writing, b"Ada\n")  # answered only because the question was seen

    program = "import sys\nname = input('name? ')\nprint('hello', name, file=sys.stderr)"
    result = runner.run_live(asked(program), stdin=reading, show=show)
    os.close(reading)
    os.close(writing)

    assert result.exit_code == 0
    assert seen == [(1, b"name? "), (2, b"hello Ada\n")]


@pytest.mark.usefixtures("_leaves_nothing")
def test_what_show_raises_ends_the_run(runner: LocalRunner) -> None:
    def show(_number: int, _chunk: bytes) -> None:
        raise BrokenPipeError

    with Path(os.devnull).open("rb") as nothing, pytest.raises(BrokenPipeError):
        runner.run_live(
            asked("import time\nprint(1, flush=True)\ntime.sleep(999)"),
            stdin=nothing.fileno(),
            show=show,
        )


def test_a_compile_error_is_shown(runner: LocalRunner) -> None:
    seen: list[tuple[int, bytes]] = []
    request = RunRequest("int main() { x }", language=Language.CPP, profile=Profile.GENERAL)
    with Path(os.devnull).open("rb") as nothing:
        result = runner.run_live(
            request, stdin=nothing.fileno(), show=lambda *shown: seen.append(shown)
        )

    assert result.status is Status.COMPILE_ERROR
    assert b"".join(chunk for number, chunk in seen if number == 2) == result.stderr != b""


# at a terminal


@pytest.mark.usefixtures("_leaves_nothing")
async def test_a_program_finds_a_terminal_of_the_given_size_that_is_its_own(
    runner: LocalRunner,
) -> None:
    program = """\
import os
print([os.isatty(fd) for fd in (0, 1, 2)], tuple(os.get_terminal_size()))
print(os.tcgetpgrp(0) == os.getpgrp() == os.getsid(0), os.path.exists(os.readlink("/proc/self/fd/1")))
print(open("/dev/stdin").isatty())
"""
    result = await at_terminal(runner, program)

    assert result.stdout == b"[True, True, True] (97, 31)\nTrue False\nTrue\n"


async def test_output_comes_as_it_is_written_without_a_buffer_of_the_programs(
    runner: LocalRunner,
) -> None:
    seen: list[bytes] = []
    first_line = asyncio.Event()

    def show(_number: int, chunk: bytes) -> None:
        seen.append(chunk)
        first_line.set()

    program = "import time\nprint('now')\ntime.sleep(999)"  # to a pipe, this would not be flushed
    task = asyncio.create_task(runner.arun_live(asked(program), terminal=SIZE, show=show))
    async with asyncio.timeout(60):
        await first_line.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert seen == [b"now\n"]
    assert sandboxes() == []


@pytest.mark.parametrize(
    ("program", "stdin", "said"),
    [
        ("print(input('a? '), input('b? '))", b"1\n2\n", b"a? b? 1 2\n"),
        ("import sys\nprint(input(), sys.stdin.isatty())", b"no end of line", b"no end of line False\n"),
        ("import sys\nprint(repr(sys.stdin.read()), sys.stdin.read())", b"x\r\n\x03\x1a\x7f\n", rb"'x\r\n\x03\x1a\x7f\n' " + b"\n"),
        ("import sys\nprint(len(sys.stdin.read()))", b"7 " * 1500 + b"\n" * 30000, b"33000\n"),
        ("import sys\nprint(len(sys.stdin.read()), sys.stdin.isatty())", b"7" * 200000, b"200000 False\n"),
        ("import sys\nprint(len(sys.stdin.read()), sys.stdin.isatty())", b"a\x04b\n", b"4 False\n"),
        ("try: input()\nexcept EOFError: print('end')", b"", b"end\n"),
        ("print('never read')", b"x\n" * 100000, b"never read\n"),
    ],
    ids=["asked", "no-newline", "control", "long", "one-long-line", "ctrl-d", "empty", "unread"],
)  # fmt: skip
async def test_input_reaches_the_program_as_it_is(
    runner: LocalRunner, program: str, stdin: bytes, said: bytes
) -> None:
    assert (await at_terminal(runner, program, stdin)).stdout == said


async def test_both_streams_are_one_and_bytes_are_unchanged(runner: LocalRunner) -> None:
    program = """\
import sys
sys.stdout.buffer.write(bytes(range(256)))
sys.stdout.flush()
print("\\r\\n\\terror", file=sys.stderr)
"""
    result = await at_terminal(runner, program)

    assert result.stdout == bytes(range(256)) + b"\r\n\terror\n"
    assert result.stderr == b""


@pytest.mark.usefixtures("_leaves_nothing")
async def test_a_flood_is_cut_at_the_cap(runner: LocalRunner) -> None:
    program = "while True: print('x' * 999)"
    result = await at_terminal(runner, program, limits=Limits(cpu_s=60, output_kib=64))

    assert (result.status, result.truncated) == (Status.OUTPUT_LIMIT, True)
    assert len(result.stdout) == 64 * 1024


@pytest.mark.usefixtures("_leaves_nothing")
async def test_an_error_of_show_ends_the_run_and_is_passed_on(runner: LocalRunner) -> None:
    def show(_number: int, _chunk: bytes) -> None:
        raise ZeroDivisionError("of the screen")

    program = "import time\nprint(1)\ntime.sleep(999)"
    with pytest.raises(ZeroDivisionError, match="of the screen"):
        await runner.arun_live(asked(program), terminal=SIZE, show=show)


async def test_limits_hold_and_ends_are_told(runner: LocalRunner) -> None:
    spin = await at_terminal(runner, "print(1)\nwhile True: pass", limits=Limits(cpu_s=0.3))
    sleep = await at_terminal(
        runner, "input()\nimport time\ntime.sleep(99)", b"\n", Limits(wall_s=0.5)
    )
    failed = await at_terminal(runner, "import os\nos.fork()\n1/0")

    assert (spin.status, spin.stdout) == (Status.CPU_LIMIT, b"1\n")
    assert sleep.status is Status.WALL_LIMIT
    assert (failed.status, failed.exit_code) == (Status.EXITED, 1)
    assert b"ZeroDivisionError" in failed.stdout


async def test_nothing_can_be_typed_into_the_terminal_from_inside(runner: LocalRunner) -> None:
    program = """\
import fcntl, os, termios
for request in (termios.TIOCSTI, 0x541C, termios.TIOCSETD):
    try: print(fcntl.ioctl(0, request, b"x" * 8))
    except OSError as error: print(error.errno)
"""
    assert (await at_terminal(runner, program)).stdout == b"1\n1\n1\n"


async def test_a_process_left_behind_does_not_keep_the_terminal(runner: LocalRunner) -> None:
    program = "import os, time\nif os.fork() == 0: time.sleep(999)\nprint('bye')"

    assert (await at_terminal(runner, program)).stdout == b"bye\n"
    assert sandboxes() == []


async def test_several_terminals_at_a_time_do_not_mix(runner: LocalRunner) -> None:
    runs = (at_terminal(runner, "print(input())", b"%d\n" % number) for number in range(8))

    assert [r.stdout for r in await asyncio.gather(*runs)] == [b"%d\n" % n for n in range(8)]
