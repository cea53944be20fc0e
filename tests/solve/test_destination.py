"""Nothing that exists is ever harmed by writing a program."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from deepcoder_cli.errors import OutputError
from deepcoder_cli.solve.destination import check_output, default_output, write_program


def test_the_default_is_beside_the_problem() -> None:
    assert default_output("a/b.md") == Path("a/b.py")
    assert default_output("-") == Path("solution.py")


def test_a_file_that_appeared_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "p.py"
    check_output(path, force=False)
    path.write_text("mine")

    assert write_program(path, "print(1)\n", force=False) == tmp_path / "p.1.py"
    assert path.read_text() == "mine"
    assert (tmp_path / "p.1.py").read_text() == "print(1)\n"


def test_force_replaces_it_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "p.py"
    path.write_text("old")
    path.chmod(0o755)
    write_program(path, "new", force=True)

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_text("old")
    link.symlink_to(real)
    write_program(link, "new", force=True)

    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.parametrize("name", ["folder", "missing/p.py", "broken", "taken.py", "x" * 300])
def test_places_that_take_no_program(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "taken.py").write_text("")
    with pytest.raises(OutputError):
        check_output(tmp_path / name, force=False)


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_program(tmp_path / "missing" / "p.py", "x", force=False)

    assert list(tmp_path.iterdir()) == []
