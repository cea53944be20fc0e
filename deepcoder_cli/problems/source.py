"""Reads the text of a problem from a file or stdin, and refuses what is no problem file.

The size is checked before and while reading: at most one byte more than the limit is ever held.
"""

from __future__ import annotations

import codecs
import os
import select
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from typing import NoReturn

MAX_BYTES = 1024 * 1024
STDIN = "-"
WRITER_WAIT_S = 5.0


def read_source(source: str) -> str:
    """The text of the file `source`, or of stdin when it is `-`.

    Raises:
        InputError: missing, unreadable, not a file, over 1 MiB, binary, not UTF-8, or empty.
    """
    name = "stdin" if source == STDIN else source
    data = _read_stdin() if source == STDIN else _read_file(Path(source))
    return decode(data, name)


def decode(data: bytes, name: str) -> str:
    r"""Problem text from raw bytes; a UTF-8 byte order mark is dropped.

    Raises:
        InputError: over 1 MiB, binary, not UTF-8, or nothing but white space.

    >>> decode(b"\xef\xbb\xbfPrint 1.", "p.md")
    'Print 1.'
    """
    if len(data) > MAX_BYTES:
        _too_big(name, None)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(data) % 2 == 0:
        raise InputError(f"problem file is not UTF-8: {name} (it is UTF-16). Save it as UTF-8.")
    if b"\0" in data:
        msg = f"problem file is binary: {name} (it holds NUL bytes). Give a Markdown text file."
        raise InputError(msg)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = (
            f"problem file is not UTF-8: {name} (byte 0x{data[error.start]:02x} at offset "
            f"{error.start}). Save it as UTF-8."
        )
        raise InputError(msg) from error
    if not text.strip():
        msg = f"problem file is empty: {name}. Write the statement into it."
        raise InputError(msg)
    return text


def _read_file(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            msg = f"problem file is a directory: {path}. Give a file inside it."
            raise InputError(msg)
        if status.st_size > MAX_BYTES:
            _too_big(str(path), status.st_size)
        if stat.S_ISFIFO(status.st_mode):
            _wait_for_writer(path)
        with path.open("rb") as file:
            return _read_bounded(file)
    except FileNotFoundError as error:
        msg = f"problem file not found: {path}. Check the path, or give - for stdin."
        raise InputError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"problem file cannot be read: {str(path)!r} ({_reason(error)}). Check the path."
        raise InputError(msg) from error


def _wait_for_writer(path: Path) -> None:
    """Opening a named pipe that nobody writes to would wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ready, _, _ = select.select([descriptor], [], [], WRITER_WAIT_S)
    finally:
        os.close(descriptor)
    if not ready:
        msg = f"problem file holds nothing: {path} (a pipe that nobody writes to). Write to it."
        raise InputError(msg)


def _read_stdin() -> bytes:
    try:
        return _read_bounded(sys.stdin.buffer)
    except (OSError, AttributeError) as error:  # AttributeError: started with stdin closed
        msg = f"problem cannot be read from stdin ({_reason(error)}). Pipe a problem into it."
        raise InputError(msg) from error


def _read_bounded(file: BinaryIO) -> bytes:
    return file.read(MAX_BYTES + 1)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _too_big(name: str, size: int | None) -> NoReturn:
    shown = f"{size / MAX_BYTES:.1f} MiB, " if size is not None else ""
    msg = f"problem file is too big: {name} ({shown}1 MiB is allowed). Give the statement alone."
    raise InputError(msg)
