"""Writing a code block to a file that the user names."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


class FileExists(OutputError):  # noqa: N818 - the name says what is the case
    """The file is there already, and overwriting was not asked for."""


def save(text: str, name: str, *, overwrite: bool) -> Path:
    """Write `text` to the file `name` whole or not at all; `~` is the home folder.

    Raises:
        FileExists: it is there and `overwrite` is false.
        OutputError: it cannot be written; what was there is untouched.
    """
    if not name.strip():
        raise OutputError("cannot save: no file name (a path). Type one.")
    path = Path(name.strip())
    data = text.encode("utf-8", "replace")
    try:
        path = path.expanduser()
        if overwrite:
            _replace(path, data)
        else:
            _create(path, data)
    except FileExistsError as error:
        if path.is_dir():
            raise OutputError(f"cannot save: {path} (a folder). Name a file.") from error
        raise FileExists(f"{path} exists. Press ^o to overwrite it, or change the name.") from error
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the home of nobody
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot save: {path} ({reason}). Name another file.") from error
    return path.absolute()


def _create(path: Path, data: bytes) -> None:
    """Make a new file in one step, from one beside it; an existing name is an error."""
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with _beside(path, data) as temporary:
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _create_directly(path, data)


def _create_directly(path: Path, data: bytes) -> None:
    """For file systems without links; a part of a file is removed again."""
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _replace(path: Path, data: bytes) -> None:
    """Overwrite in one step, so that a full disk loses nothing; links are followed."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777
    with _beside(target, data) as temporary:
        temporary.chmod(mode)
        temporary.replace(target)


@contextmanager
def _beside(path: Path, data: bytes) -> Iterator[Path]:
    """A file with `data` in the folder of `path`, gone at the end unless it was renamed."""
    temporary = path.parent / f".deepcoder-{secrets.token_hex(6)}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
