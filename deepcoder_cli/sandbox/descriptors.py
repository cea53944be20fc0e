"""The descriptors of one run: memory files, so nothing is pumped and nothing can deadlock."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from deepcoder_cli.sandbox.runner import RunRequest


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of one run. All but a live stdin are memory files: nothing is pumped."""

    stdin: int
    stdout: int
    stderr: int
    init: int
    program: int
    alive: int
    report: int
    note: int
    call: int | None

    @property
    def passed(self) -> tuple[int, ...]:
        """Those that bwrap, or PID 1 inside, find under their own number."""
        given = (self.init, self.program, self.alive, self.report, self.note)
        return given if self.call is None else (*given, self.call)


def open_descriptors(
    request: RunRequest, stack: ExitStack, *, init: bytes, stdin: int | None = None
) -> Descriptors:
    """Open what a run of `request` needs; `stack` closes it. A given `stdin` stays the caller's."""

    def memory(name: str, content: bytes = b"") -> int:
        return stack.enter_context(memory_file(name, content))

    call = request.call
    return Descriptors(
        stdin=memory("stdin", request.stdin) if stdin is None else stdin,
        stdout=memory("stdout"),
        stderr=memory("stderr"),
        init=memory("init", init),
        program=memory("program", utf8(request.program)),
        alive=stack.enter_context(_alive_pipe()),
        report=memory("report"),
        note=memory("note"),
        call=None if call is None else memory("call", utf8(f"{call.name}\n{call.arguments}")),
    )


@contextmanager
def memory_file(name: str, content: bytes) -> Iterator[int]:
    """A file in memory that holds `content`, rewound; gone when the block ends."""
    fd = os.memfd_create(name)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _alive_pipe() -> Iterator[int]:
    """The reading end of a pipe that closes when this process ends, however it ends."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


def content(fd: int, size: int) -> bytes:
    """The first `size` bytes of a memory file."""
    chunks: list[bytes] = []
    offset = 0
    while chunk := os.pread(fd, size - offset, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def utf8(text: str) -> bytes:
    """Any text as bytes; what is no UTF-8 (lone surrogates) is for the program to stumble on."""
    return text.encode("utf-8", "surrogatepass")
