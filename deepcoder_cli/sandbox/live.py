"""Output while a program runs: the tail of its memory files, or a terminal of its own."""

from __future__ import annotations

import asyncio
import os
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from deepcoder_cli.sandbox.runner import RunRequest, Terminal

TICK_S = 0.03
CHUNK = 65536
LONGEST_TYPED_LINE = 4000  # a terminal's line discipline throws away what passes 4,095 bytes
END_OF_INPUT = b"\x04"
ENDS_TYPED = 64  # a terminal's end of input holds for one read; programs try again
IFLAG, OFLAG, LFLAG, CC = 0, 1, 3, 6


class Tail:
    """Shows what was added to two memory files since the last look, up to the cap."""

    def __init__(
        self, stdout: int, stderr: int, cap: int, show: Callable[[int, bytes], None]
    ) -> None:
        self._files = {1: stdout, 2: stderr}
        self._shown = {1: 0, 2: 0}
        self._cap = cap
        self._show = show

    def show_new(self) -> None:
        """Show what is new in both."""
        for number, fd in self._files.items():
            while chunk := os.pread(
                fd, min(CHUNK, self._cap - self._shown[number]), self._shown[number]
            ):
                self._shown[number] += len(chunk)
                self._show(number, chunk)


class Pty:
    """A terminal of a program's own: `ours` is the host's end, `theirs` the program's."""

    def __init__(self, size: Terminal) -> None:
        """Open it, without an echo, and without changes to what is typed and written.

        Raises:
            OSError: no terminal is left.
        """
        self.ours, self.theirs = os.openpty()
        try:
            modes = termios.tcgetattr(self.theirs)
            modes[IFLAG] = 0
            modes[OFLAG] &= ~termios.OPOST
            modes[LFLAG] = termios.ICANON  # lines, and an end of input; no echo, no signals
            for which in range(len(modes[CC])):
                modes[CC][which] = END_OF_INPUT if which == termios.VEOF else b"\0"
            termios.tcsetattr(self.theirs, termios.TCSANOW, modes)
            termios.tcsetwinsize(self.theirs, (size.rows, size.columns))
            os.set_blocking(self.ours, False)
        except BaseException:
            self.close()
            raise

    def hand_over(self) -> None:
        """Let go of the program's end, so that the terminal hangs up when the program is gone."""
        fd, self.theirs = self.theirs, -1
        if fd >= 0:
            os.close(fd)

    def close(self) -> None:
        """Close both ends."""
        self.hand_over()
        os.close(self.ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def can_be_typed(text: bytes) -> bool:
    r"""Whether a terminal hands `text` to a program as it is.

    A last line without an end cannot be: there, Python's own `input` swallows a character.

    >>> can_be_typed(b"1 2\n"), can_be_typed(b"1"), can_be_typed(b"a\x04b\n")
    (True, False, False)
    """
    *lines, last = text.split(b"\n")
    long = any(len(line) > LONGEST_TYPED_LINE for line in lines)
    return not (last or long or END_OF_INPUT in text)


class Typist:
    """Sits at the host's end of a terminal: types the input, and reads what is written."""

    def __init__(
        self, terminal: int, request: RunRequest, show: Callable[[int, bytes], None]
    ) -> None:
        """Type the stdin of `request`, if it can be; hand its output, up to the cap, to `show`."""
        self.types = can_be_typed(request.stdin)
        self.output = bytearray()
        self._terminal = terminal
        self._left = memoryview(request.stdin + END_OF_INPUT * ENDS_TYPED if self.types else b"")
        self._cap = request.limits.output_kib * 1024
        self._show = show

    async def attend(self, end: Coroutine[object, object, bool]) -> None:
        """Until `end`, the output's cap, or an error of `show`, which is passed on."""
        loop = asyncio.get_running_loop()
        self._over: asyncio.Future[bool] = loop.create_future()
        program = asyncio.ensure_future(end)
        loop.add_reader(self._terminal, self._read)
        if self._left:
            loop.add_writer(self._terminal, self._type)
        try:
            await asyncio.wait({program, self._over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(self._terminal)
            loop.remove_writer(self._terminal)
            program.cancel()
            with suppress(asyncio.CancelledError):
                await program
        if self._over.done():
            self._over.result()

    def read_rest(self) -> None:
        """Take what the program wrote last; it is gone already."""
        with suppress(OSError):  # the terminal hung up
            while len(self.output) <= self._cap and (chunk := os.read(self._terminal, CHUNK)):
                self._take(chunk)

    def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._take(os.read(self._terminal, CHUNK))
        except BlockingIOError:
            return
        except OSError:  # hung up: every process has closed it
            loop.remove_reader(self._terminal)
        except BaseException as error:  # noqa: BLE001 - passed on by `attend`
            loop.remove_reader(self._terminal)
            if not self._over.done():
                self._over.set_exception(error)
        if len(self.output) > self._cap and not self._over.done():
            loop.remove_reader(self._terminal)
            self._over.set_result(False)

    def _take(self, chunk: bytes) -> None:
        room = self._cap - len(self.output)
        self.output += chunk[: room + 1]  # one byte past the cap shows that it was passed
        if room > 0:
            self._show(1, chunk[:room])

    def _type(self) -> None:
        try:
            self._left = self._left[os.write(self._terminal, self._left[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._left = self._left[:0]
        if not self._left:
            asyncio.get_running_loop().remove_writer(self._terminal)
