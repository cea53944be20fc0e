"""Rows of one local file, streamed: JSONL line by line, Parquet by small batches.

What is held at a time is one line (at most 256 MiB) or one batch of Parquet rows. A JSON line that
is made to be large in memory, such as millions of empty lists, can take some 25 times its length.
"""

from __future__ import annotations

import gzip
import importlib
import json
import stat
import zlib
from typing import TYPE_CHECKING, cast

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.fields import kind_of
from deepcoder_cli.problems.datasets.refusal import RowRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any, BinaryIO

    from deepcoder_cli.problems.datasets.fields import Row

MAX_LINE_BYTES = 256 << 20
PARQUET_ROWS = 8  # at a time; a row with its tests can have tens of megabytes
JSONL = (".jsonl", ".ndjson", ".json")
SUFFIXES = (*JSONL, *(f"{s}.gz" for s in JSONL), *(f"{s}.zst" for s in JSONL), ".parquet")
_BOM = b"\xef\xbb\xbf"
_SKIP_BYTES = 1 << 20

Found = tuple[str, "Row | RowRefused"]
"""A place for people (`file:line`), and the row there or why it is none."""


def is_data(name: str) -> bool:
    """Whether a file of that name can hold rows."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def rows_of(path: Path, columns: Sequence[str] | None) -> Iterator[Found]:
    """The rows of a file, in order.

    Args:
        path: JSONL (plain, .gz; .zst from Python 3.14 on) or Parquet.
        columns: the fields to load from Parquet, where it has them; None loads all.

    Raises:
        InputError: it cannot be opened, or is damaged: half of a data set is none.
    """
    _check_regular(path)
    if path.name.lower().endswith(".parquet"):
        yield from _parquet_rows(path, columns)
    else:
        yield from _json_rows(path)


def keys_of_parquet(path: Path) -> list[str]:
    """The names of a Parquet file's columns.

    Raises:
        InputError: it cannot be opened.
    """
    _check_regular(path)
    with _parquet_file(path) as file:
        return list(file.schema_arrow.names)


def _json_rows(path: Path) -> Iterator[Found]:
    number = 0
    try:
        with _opened(path) as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(_BOM)
                    _check_one_object(line, path)
                if len(line) > MAX_LINE_BYTES:
                    _skip_line(file, line)
                    reason = f"a line of more than {MAX_LINE_BYTES >> 20} MiB"
                    yield f"{path.name}:{number}", RowRefused("too-large", reason)
                elif not line.isspace():
                    yield f"{path.name}:{number}", row_of_line(line)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"after line {number}: {_reason(error)}") from error


def row_of_line(line: bytes) -> Row | RowRefused:
    """The object on a line of JSON, or why it is none.

    >>> row_of_line(b'{"a": 1}'), row_of_line(b"[1]").kind
    ({'a': 1}, 'not-an-object')
    """
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return RowRefused("not-utf8", f"byte 0x{line[error.start]:02x} at column {error.start + 1}")
    except (RecursionError, MemoryError):
        return RowRefused("too-large", "JSON nested too deeply, or too large for the memory")
    except ValueError as error:
        return RowRefused("not-json", str(error))
    if not isinstance(value, dict):
        return RowRefused("not-an-object", f"the line is {kind_of(value)}")
    return value


def _parquet_rows(path: Path, columns: Sequence[str] | None) -> Iterator[Found]:
    import pyarrow as pa

    number = 0
    with _parquet_file(path) as file:
        names = file.schema_arrow.names
        wanted = [name for name in names if columns is None or name in columns]
        batches = file.iter_batches(PARQUET_ROWS, columns=wanted, use_threads=False)
        try:
            for batch in batches:
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path.name}:{number}", row
        except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
            raise _damaged(path, f"after row {number}: {_reason(error)}") from error


def _parquet_file(path: Path) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        message = f"Parquet cannot be read: {path} (pyarrow is not installed)."
        raise InputError(f"{message} Run: pip install 'deepcoder-cli[eval]'") from error
    try:
        return pq.ParquetFile(path, memory_map=False, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, _reason(error)) from error


def _opened(path: Path) -> BinaryIO:
    name = path.name.lower()
    if name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(path, "rb"))
    if not name.endswith(".zst"):
        return path.open("rb")
    try:
        zstd = importlib.import_module("compression.zstd")  # Python 3.14
    except ImportError as error:
        message = f"zstd cannot be read by this Python: {path} (3.14 and newer)."
        raise InputError(f"{message} Run: zstd -d '{path}'") from error
    return cast("BinaryIO", zstd.open(path, "rb"))


def _check_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        message = f"data file cannot be read: {str(path)!r} ({_reason(error)}). Check the path."
        raise InputError(message) from error
    if not stat.S_ISREG(mode):
        raise InputError(f"data file is no regular file: {path}. Give a file or a folder.")


def _check_one_object(line: bytes, path: Path) -> None:
    if line.lstrip()[:1] != b"[":
        return
    message = f"data file is one JSON array: {path} (one object a line is read)."
    raise InputError(f"{message} Run: jq -c '.[]' '{path}' > '{path.stem}.jsonl'")


def _skip_line(file: BinaryIO, start: bytes) -> None:
    """Read to the end of a line that is too long."""
    piece = start
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(_SKIP_BYTES)


def _damaged(path: Path, why: str) -> InputError:
    message = f"data file cannot be read: {path} ({why})."
    return InputError(f"{message} Check the file, or get it again.")


def _reason(error: BaseException) -> str:
    written = error.strerror if isinstance(error, OSError) else None
    return " ".join((written or str(error) or type(error).__name__).split())[:200]
