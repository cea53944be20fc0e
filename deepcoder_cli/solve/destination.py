"""Where the program goes, and how it gets there without ever harming a file that exists."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from deepcoder_cli.errors import OutputError

_TRIES = 100


def default_output(source: str) -> Path:
    """Beside the problem, `<stem>.py`; for a problem on stdin `solution.py` in this folder."""
    return Path("solution.py") if source == "-" else Path(source).with_suffix(".py")


def check_output(path: Path, *, force: bool, problem: str = "-") -> None:
    """Refuse, before any work, a place the program could not be written to.

    Args:
        path: of the program.
        force: whether a file that exists may be replaced.
        problem: the source of the problem, which is never replaced.

    Raises:
        OutputError: it exists, is no regular file, is the problem, or its folder takes no file.
    """
    try:
        _check_name(path, force=force, problem=problem)
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            pass
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error


def _check_name(path: Path, *, force: bool, problem: str) -> None:
    """Look at what stands at `path` already."""
    if path.is_symlink() and not path.exists():
        raise OutputError(f"output is a broken link: {path}. Remove it, or give another with -o.")
    if not path.exists():
        return
    if problem != "-" and path.samefile(problem):
        raise OutputError(f"output is the problem file itself: {path}. Give another with -o.")
    if not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(f"output is not a regular file: {path}. Give another with -o.")
    if not force:
        msg = f"output exists: {path} (it is not replaced). Give --force, or another with -o."
        raise OutputError(msg)


def _unwritable(path: Path, error: Exception) -> OutputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    shown = ascii(str(path))[1:-1]
    return OutputError(f"output cannot be written: {shown} ({reason}). Give another with -o.")


def write_program(path: Path, program: str, *, force: bool) -> Path:
    """Write `program` whole or not at all, and return where.

    A file that appeared since `check_output` stays: the program then goes to `<stem>.1.py`.

    Raises:
        OutputError: it could not be written anywhere.
    """
    target = path.resolve()
    try:
        temporary = _temporary(target, program)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        if force:
            temporary.replace(target)
            return path
        return _link(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(target: Path, program: str) -> Path:
    """A file beside `target` with the program, on the disk."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem[:80]}-", suffix=".py")
    path = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:  # noqa: PTH123 - an open descriptor
            file.write(program)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(_mode(target))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _mode(target: Path) -> int:
    """The mode of the file to replace, else what the umask leaves of 0666."""
    with suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _link(temporary: Path, path: Path) -> Path:
    """Give the file its name; a name that is taken is never touched."""
    for number in range(_TRIES):
        name = path if number == 0 else path.with_name(f"{path.stem}.{number}{path.suffix}")
        try:
            _claim(temporary, name)
        except FileExistsError:
            continue
        return name
    raise FileExistsError(0, f"{_TRIES} files of that name exist")


def _claim(temporary: Path, name: Path) -> None:
    try:
        os.link(temporary, name)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with name.open("xb") as file:
            file.write(temporary.read_bytes())
