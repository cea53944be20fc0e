"""12: attacks on the person who looks at the output, and on their terminal."""

from __future__ import annotations

import os
import pty
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile, RunRequest, Terminal
from deepcoder_cli.types import Limits
from deepcoder_cli.visible import visible
from tests.adversarial.attack import BOTH, GENERAL, Attack, cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.runner import LiveRunner
    from tests.adversarial.conftest import Repel

LIMITS = Limits(cpu_s=2, wall_s=10)
INJECTING = (
    Attack("TIOCSTI on each descriptor", """\
for fd in range(64):
    if attempt(fcntl.ioctl, fd, 0x5412, b'x') is not None: got(fd)
""", profiles=BOTH),
    Attack("TIOCLINUX on each descriptor", """\
for fd in range(64):
    for code in (2, 3):
        if attempt(fcntl.ioctl, fd, 0x541C, bytes([code, 0])) is not None: got(fd)
""", profiles=BOTH),
    Attack("the controlling terminal", """\
for path in ('/dev/tty', '/dev/console', '/dev/pts/0', '/dev/tty1', '/dev/ptmx'):
    if attempt(os.open, path, os.O_RDWR) or attempt(os.open, path, os.O_RDONLY): got(path)
""", profiles=BOTH),
    Attack("line discipline", """\
for fd in range(3):
    if attempt(fcntl.ioctl, fd, 0x5423, struct.pack('i', 21)) is not None: got(fd)
""", profiles=BOTH),
)  # fmt: skip


@pytest.fixture
def our_terminal() -> Iterator[int]:
    """A terminal that is this process's stdin, as a person's would be; what was typed into it."""
    ours, theirs = pty.openpty()
    saved = os.dup(0)
    os.dup2(theirs, 0)
    yield ours
    os.dup2(saved, 0)
    for fd in (ours, theirs, saved):
        os.close(fd)


@pytest.mark.parametrize(("attack", "profile"), cases(INJECTING))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel, our_terminal: int) -> None:
    repel(attack, profile)

    os.set_blocking(our_terminal, False)
    with pytest.raises(BlockingIOError):
        os.read(our_terminal, 1)


async def test_nothing_can_be_typed_even_at_a_terminal_of_its_own(runner: LiveRunner) -> None:
    """What it would type at its own terminal nobody reads; still it is refused."""
    attack = INJECTING[0]
    request = RunRequest(attack.program(""), limits=LIMITS, profile=GENERAL[0])
    shown: list[bytes] = []
    await runner.arun_live(request, terminal=Terminal(), show=lambda _, data: shown.append(data))

    assert b"got-through" not in b"".join(shown)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b]0;title\x07", "\x1b[2J", "\x1b[6n", "\x1b[21t", "\x1bP+q544e\x1b\\", "\x9b6n",
        "\x1b]52;c;ZXZpbA==\x07", "\x1b[?1049h", "\x08" * 9, "\x1b]8;;http://evil\x07x\x1b]8;;\x07",
        "\u202eevil\u202c", "\u2066x", "\x7f", "\x00",
    ],
)  # fmt: skip
def test_control_characters_are_shown_and_not_obeyed(runner: LiveRunner, text: str) -> None:
    """The output comes as it was written; `visible` is what every screen shows of it."""
    result = runner.run(RunRequest(f"import sys\nsys.stdout.write({text!r})", limits=LIMITS))
    shown = visible(result.stdout.decode("utf-8", "surrogateescape"))

    assert result.stdout == text.encode()
    assert not any(
        (ord(char) < 32 and char not in "\t\n") or 127 <= ord(char) < 160
        or 0x202A <= ord(char) <= 0x202E or 0x2066 <= ord(char) <= 0x2069
        for char in shown
    )  # fmt: skip
