from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import OutputError
from deepcoder_cli.tui.saving import FileExists, save

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond 4 KiB, as where the disk is full; pytest's own output neither."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system such as FAT."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)


def test_a_new_file_has_the_users_ordinary_mode_and_nothing_beside_it(tmp_path: Path) -> None:
    path = save("text", str(tmp_path / "x.py"), overwrite=False)
    ordinary = tmp_path / "ordinary"
    ordinary.touch()

    assert path.read_text() == "text"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [ordinary, path]


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    with full_disk(), pytest.raises(OutputError, match="File too large"):
        save("x" * 9000, str(tmp_path / "x.py"), overwrite=False)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text("old")
    with full_disk(), pytest.raises(OutputError):
        save("x" * 9000, str(path), overwrite=True)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_links")
def test_saves_where_there_are_no_links_and_overwrites_nothing(tmp_path: Path) -> None:
    path = save("new", str(tmp_path / "x.py"), overwrite=False)
    with pytest.raises(FileExists):
        save("other", str(path), overwrite=False)

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.py"
    path.write_text("theirs")
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    with pytest.raises(FileExists):
        save("mine", str(path), overwrite=False)

    assert path.read_text() == "theirs"
