"""`open_dataset`: from what a user names to a `Dataset`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.dataset import Dataset
from deepcoder_cli.problems.datasets.files import is_data
from deepcoder_cli.problems.datasets.formats import PROBLEM_FILES, Format, format_named
from deepcoder_cli.problems.datasets.hub import HubAddress, fetched, files_at, hub_address
from deepcoder_cli.problems.datasets.parts import Part, ProblemFolder, RowFile
from deepcoder_cli.problems.datasets.problem_files import is_problem_folder
from deepcoder_cli.problems.datasets.published import how_to_get

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepcoder_cli.problems.datasets.fields import Row


def open_dataset(
    source: str | Path,
    *,
    format: str | None = None,
    files: Sequence[str] | None = None,
    keep: Callable[[Row], bool] | None = None,
) -> Dataset:
    """Open a data set; its rows are read when it is iterated.

    Args:
        source: a JSONL file (`.jsonl`, `.jsonl.gz`; `.jsonl.zst` from Python 3.14 on), a Parquet
            file, a folder of those (sorted by name), a folder of problem.md files, or a data set
            on the Hugging Face hub: `org/name`, `org/name@revision`, `org/name:path/in/it`.
        format: the rows' format; None finds it from the fields of the first rows.
        files: names of the files to read of a folder or a hub data set, in this order.
        keep: called with each raw row before anything of it is decoded; False leaves it out.

    Raises:
        InputError: nothing there, no data in it, or rows of no known format.
    """
    wanted = None if format in (None, PROBLEM_FILES) else format_named(format)
    path = _path(source)
    if not _exists(path):
        address = hub_address(str(source))
        if address is None:
            raise InputError(f"data set not found: {source}. {how_to_get(format, str(source))}")
        return _on_the_hub(address, wanted, files, keep)
    parts = _local_parts(path, format, wanted, files)
    formats = [part.format for part in parts]  # all are looked at: an error comes before the work
    return Dataset(str(path), parts, formats[0], local=True, keep=keep)


def _local_parts(
    path: Path,
    format: str | None,
    wanted: Format | None,
    files: Sequence[str] | None,
) -> list[Part]:
    if path.is_dir():
        if format is None and files is None and is_problem_folder(path):
            format = PROBLEM_FILES
        if format == PROBLEM_FILES:
            return [ProblemFolder(path)]
        return [_row_file(found, wanted) for found in _files_in(path, files)]
    if format == PROBLEM_FILES:
        raise InputError(f"not a folder of problem.md files: {path}. Give a folder.")
    return [_row_file(path, wanted)]


def _path(source: str | Path) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError:  # ~nobody
        return Path(source)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        message = f"data set cannot be read: {str(path)[:200]} ({error.strerror})."
        raise InputError(f"{message} Check the path.") from error


def _files_in(folder: Path, names: Sequence[str] | None) -> list[Path]:
    if names:
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            message = f"data set is not complete: {folder} (no {', '.join(missing)})."
            raise InputError(f"{message} {how_to_get(None, str(folder))}")
        return [folder / name for name in names]
    found = sorted(path for path in folder.rglob("*") if is_data(path.name) and path.is_file())
    found = [path for path in found if not _hidden(path.relative_to(folder))]
    if not found:
        message = f"no data in the folder: {folder} (JSONL, Parquet or problem.md files)."
        raise InputError(f"{message} {how_to_get(None, str(folder))}")
    return found


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _on_the_hub(
    address: HubAddress,
    wanted: Format | None,
    names: Sequence[str] | None,
    keep: Callable[[Row], bool] | None,
) -> Dataset:
    at, found = files_at(address, names)
    parts = [RowFile(name, partial(fetched, at, name), wanted, None) for name in found]
    return Dataset(str(at), parts, parts[0].format, local=False, keep=keep)


def _row_file(path: Path, wanted: Format | None) -> RowFile:
    return RowFile(path.name, lambda: path, wanted, path.parent)
