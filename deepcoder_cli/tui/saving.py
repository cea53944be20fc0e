"""Writing a code block to a file that the user names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from deepcoder_cli.errors import OutputError


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
    path = Path(name.strip()).expanduser()
    data = text.encode("utf-8", "replace")
    try:
        if overwrite:
            _replace(path, data)
        else:
            with path.open("xb") as file:
                file.write(data)
    except FileExistsError as error:
        if path.is_dir():
            raise OutputError(f"cannot save: {path} (a folder). Name a file.") from error
        raise FileExists(f"{path} exists. Press ^o to overwrite it, or change the name.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot save: {path} ({reason}). Name another file.") from error
    return path.absolute()


def _replace(path: Path, data: bytes) -> None:
    """Overwrite through a file beside it, so that a full disk loses nothing."""
    mode = path.stat().st_mode & 0o777
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            Path(file.name).chmod(mode)
            os.replace(file.name, path.resolve())  # noqa: PTH105 - Path.replace, of a name
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
