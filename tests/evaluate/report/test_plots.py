"""The pictures are PNG files that hold what they should: read back from the figures' own axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import OutputError
from deepcoder_cli.evaluate.report.plots import draw_all
from deepcoder_cli.evaluate.summary import summarize
from tests.evaluate.report.hostile import hostile_run
from tests.evaluate.runs import run

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.evaluate.summary import Summary
    from tests.evaluate.runs import Run

PNG = b"\x89PNG\r\n\x1a\n"


def summaries(made: Run) -> list[Summary]:
    return [summarize(made.info, made.samples, some, name) for name, some in made.verdicts.items()]


def colours(path: Path) -> set[tuple[int, ...]]:
    """The colours in a picture, 8 bits each."""
    from matplotlib.image import imread

    pixels = (imread(path)[..., :3] * 255).round().astype(int).reshape(-1, 3)
    return set(map(tuple, pixels.tolist()))


def test_a_run_of_three_budgets_has_three_pictures(tmp_path: Path) -> None:
    made = run(30, 2, (16384, 32768, 65536))
    card = [("DeepCoder-14B-Preview, model card", ((16384, 45.6), (32768, 57.9), (65536, 60.6)))]
    drawn = draw_all(made.info, summaries(made), tmp_path, published=card)

    names = [path.name for _, path in drawn]
    assert names == ["budgets.png", "lengths.png", "verdicts.png"]
    assert all(path.read_bytes().startswith(PNG) for _, path in drawn)
    strict, lcb, grey = (0x48, 0x78, 0xA8), (0xD0, 0x8A, 0x3C), (0x80, 0x80, 0x80)
    assert {strict, lcb, grey} <= colours(tmp_path / "budgets.png")


def test_what_the_budget_cut_has_a_colour_of_its_own(tmp_path: Path) -> None:
    made = run(60, 2, (16384,))
    draw_all(made.info, summaries(made), tmp_path)

    assert (0xC8, 0x55, 0x3D) in colours(tmp_path / "lengths.png")


def test_with_one_budget_there_is_no_picture_of_budgets(tmp_path: Path) -> None:
    made = run(10)
    drawn = draw_all(made.info, summaries(made), tmp_path)

    assert [path.name for _, path in drawn] == ["lengths.png", "verdicts.png"]


def test_names_that_look_like_formulas_or_markup_are_drawn_as_they_are(tmp_path: Path) -> None:
    made = hostile_run()

    assert len(draw_all(made.info, summaries(made), tmp_path)) == 2


def test_an_empty_run_has_no_pictures(tmp_path: Path) -> None:
    made = run(3)
    none = [summarize(made.info, [], {}, name) for name in made.verdicts]

    assert draw_all(made.info, none, tmp_path) == []


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    made = run(3)
    with pytest.raises(OutputError, match=r"lengths\.png \(No such file or directory\)"):
        draw_all(made.info, summaries(made), tmp_path / "missing")
