"""A run's folder: nothing in it is ever lost, by a kill, a full disk or a second process.

`run.json` is replaced as a whole. `samples.jsonl` and `verdicts.jsonl` only grow: a line is one
write, synced before the next is begun. A line that was torn (power, a full disk) is cut off when
the folder is next opened for writing, and left out when read. One process writes at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.records import Sample, SampleVerdict
from deepcoder_cli.evaluate.run_info import RUN_FORMAT, ProblemInfo, RunInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUN, SAMPLES, VERDICTS, LOCK = "run.json", "samples.jsonl", "verdicts.jsonl", "run.lock"
Record = TypeVar("Record", Sample, SampleVerdict)


class RunFolder:
    """A run on disk."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or made yet."""
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether there is a run in it."""
        return (self.path / RUN).exists()

    def info(self) -> RunInfo:
        """What the run was asked.

        Raises:
            InputError: there is no run, or one this version cannot read.
        """
        file = self.path / RUN
        try:
            values = json.loads(file.read_bytes())
        except FileNotFoundError as error:
            msg = f"no run there: {self.path} (a folder that `eval run` made). Check the path."
            raise InputError(msg) from error
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"run cannot be read: {file} ({error}). Restore the file.") from error
        return _info(values, file)

    def save_info(self, info: RunInfo) -> None:
        """Write `run.json`, whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        text = json.dumps({"format": RUN_FORMAT, **asdict(info)}, ensure_ascii=False, indent=1)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            replace_file(self.path / RUN, (text + "\n").encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise cannot_write(self.path / RUN, error) from error

    def samples(self) -> Iterator[Sample]:
        """Every sample, in the order they were made, each key once."""
        seen: set[str] = set()
        for sample in _records(self.path / SAMPLES, Sample):
            if sample.key not in seen:
                seen.add(sample.key)
                yield sample

    def verdicts(self) -> dict[str, dict[str, SampleVerdict]]:
        """The last verdict of each checker on each sample: by checker, then by the sample's key."""
        found: dict[str, dict[str, SampleVerdict]] = {}
        for verdict in _records(self.path / VERDICTS, SampleVerdict):
            found.setdefault(verdict.checker, {})[verdict.key] = verdict
        return found

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Hold the folder for writing.

        Raises:
            InputError: another process holds it.
            OutputError: it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                msg = f"another process works on this run: {self.path}. Wait for it, or stop it."
                raise InputError(msg) from error
            with Writer(self.path) as writer:
                yield writer
        finally:
            os.close(lock)


class Writer:
    """Appends to the two files of a run."""

    def __init__(self, path: Path) -> None:
        self._samples = _Log(path / SAMPLES)
        self._verdicts = _Log(path / VERDICTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._samples.close()
        self._verdicts.close()

    def add(self, record: Sample | SampleVerdict) -> None:
        """Keep a record; when this returns it is on the disk.

        Raises:
            OutputError: it could not be written; the file is as it was.
        """
        log = self._samples if isinstance(record, Sample) else self._verdicts
        log.append(_line(record))

    def add_all(self, samples: Iterable[Sample]) -> None:
        """Keep many samples, synced once: all of them, or none.

        Raises:
            OutputError: they could not be written; the file is as it was.
        """
        self._samples.append(b"".join(map(_line, samples)))


def _line(record: Sample | SampleVerdict) -> bytes:
    return json.dumps(asdict(record), ensure_ascii=True).encode() + b"\n"


class _Log:
    """A file of whole lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self._size = _whole_size(self._fd)
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            raise cannot_write(path, error) from error

    def append(self, line: bytes) -> None:
        """Write and sync one line."""
        try:
            done = 0
            while done < len(line):
                done += os.pwrite(self._fd, memoryview(line)[done:], self._size + done)
            os.fsync(self._fd)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise cannot_write(self._path, error) from error
        self._size += len(line)

    def close(self) -> None:
        os.close(self._fd)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of the file at `path`, synced, with nobody seeing it half done.

    Raises:
        OSError: it cannot be written; what was there still is.
    """
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The error for a file that cannot be written."""
    return OutputError(f"cannot write: {path} ({error.strerror}). Make room, or choose another.")


def _whole_size(fd: int) -> int:
    """The size of a file up to the end of its last whole line."""
    size = os.fstat(fd).st_size
    while size > 0:
        start = max(0, size - (1 << 16))
        end = os.pread(fd, size - start, start).rfind(b"\n")
        if end >= 0:
            return start + end + 1
        size = start
    return 0


def _records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """The records of a file, torn last line left out.

    Raises:
        InputError: a line that is no such record.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    names = {field.name for field in fields(kind)}
    with file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            if line.strip():
                yield _record(line, kind, names, f"{path}:{number}")


def _record(line: bytes, kind: type[Record], names: set[str], place: str) -> Record:
    try:
        values = json.loads(line)
        return kind(**{name: value for name, value in values.items() if name in names})
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        msg = f"not a {kind.__name__.lower()} at {place}: {error}. Restore or remove the line."
        raise InputError(msg) from error


def _info(values: Any, file: Path) -> RunInfo:  # noqa: ANN401 - what JSON gives
    if not isinstance(values, dict) or values.get("format") != RUN_FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        msg = f"run of another format: {file} has {found!r} ({RUN_FORMAT} is read)."
        raise InputError(f"{msg} Use the version that made it.")
    names = {field.name for field in fields(RunInfo)}
    kept = {name: value for name, value in values.items() if name in names}
    try:
        kept["problems"] = tuple(ProblemInfo(**problem) for problem in kept["problems"])
        kept["budgets"] = tuple(kept["budgets"])
        kept["window"] = tuple(kept["window"])
        kept["refused"] = tuple((kind, count) for kind, count in kept["refused"])
        return RunInfo(**kept)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(f"run cannot be read: {file} ({error}). Restore the file.") from error
