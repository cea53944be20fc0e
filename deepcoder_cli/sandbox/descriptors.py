"""The descriptors of one run: memory files, so nothing is pumped and nothing can deadlock."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from deepcoder_cli.sandbox.job import Job
    from deepcoder_cli.sandbox.sealed import SealedFile


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of one run. All but a live stdin or a terminal are memory files.

    Attributes:
        stdin: and `stdout`, `stderr`: the program's.
        alive: reading end of a pipe that closes when this process ends, however it ends.
        report: where PID 1 inside says what happened.
        note: where it says that the program is no program.
        archive: the code that runs inside.
        files: what bwrap puts on the sandbox's file system, in the order of the job's files.
        product: where the job's product comes back; -1 when it has none.
        places: what a program finds under fixed numbers, and those.
    """

    stdin: int
    stdout: int
    stderr: int
    alive: int
    report: int
    note: int
    archive: int
    files: tuple[int, ...]
    product: int
    places: tuple[tuple[int, int], ...]

    @property
    def passed(self) -> tuple[int, ...]:
        """Those that bwrap, or PID 1 inside, find under their own number."""
        given = (self.alive, self.report, self.note, self.archive, *self.files)
        given += tuple(fd for fd, _ in self.places)
        return given if self.product < 0 else (*given, self.product)


def open_descriptors(
    job: Job, stack: ExitStack, *, archive: bytes, stdin: int | None, terminal: int | None
) -> Descriptors:
    """Open what `job` needs; `stack` closes it. A given `stdin` or `terminal` stays the caller's.

    A `terminal` is stdout and stderr, and stdin where none is given.
    """

    def memory(name: str, content: bytes = b"") -> int:
        return stack.enter_context(memory_file(name, content))

    def held(content: bytes | SealedFile) -> int:
        return memory("file", content) if isinstance(content, bytes) else reopened(content)

    def reopened(file: SealedFile) -> int:
        """With an offset of its own: bwrap reads from where the last reader stopped."""
        fd = os.open(f"/proc/self/fd/{file.fd}", os.O_RDONLY)
        stack.callback(os.close, fd)
        return fd

    if stdin is None:
        stdin = memory("stdin", job.request.stdin) if terminal is None else terminal
    return Descriptors(
        stdin=stdin,
        stdout=memory("stdout") if terminal is None else terminal,
        stderr=memory("stderr") if terminal is None else terminal,
        alive=stack.enter_context(alive_pipe()),
        report=memory("report"),
        note=(note := memory("note")),
        archive=memory("archive", archive),
        files=tuple(held(file.content) for file in job.files),
        product=memory("product") if job.product else -1,
        places=tuple(
            (note if content is None else memory("given", content), place)
            for place, content in job.places
        ),
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
def alive_pipe() -> Iterator[int]:
    """The reading end of a pipe that closes when this process ends, however it ends."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


def content(fd: int, size: int) -> bytes:
    """The first `size` bytes of a memory file."""
    size = min(size, os.fstat(fd).st_size)  # a buffer of the cap's size would cost more than a run
    chunks: list[bytes] = []
    offset = 0
    while offset < size and (chunk := os.pread(fd, size - offset, offset)):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def utf8(text: str) -> bytes:
    """Any text as bytes; what is no UTF-8 (lone surrogates) is for the program to stumble on."""
    return text.encode("utf-8", "surrogatepass")
