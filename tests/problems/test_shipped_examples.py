"""Every file in examples/ is a problem with examples, and its examples are those written in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcoder_cli.problems.markdown import load

FOLDER = Path(__file__).parents[2] / "examples"
FOUND = {
    "problem": (2, None, 10.0),
    "function": (2, "compute", 10.0),
    "codeforces": (2, None, 2.0),
    "atcoder": (2, None, 2.0),
    "leetcode": (2, "countPairs", 10.0),
    "front-matter": (1, None, 1.0),
}


@pytest.mark.parametrize("name", FOUND)
def test_is_read(name: str) -> None:
    reading = load(str(FOLDER / f"{name}.md"))
    problem = reading.problem

    assert reading.notes == ()
    assert FOUND[name] == (len(problem.examples), problem.function, problem.limits.cpu_s)


def test_none_is_left_out() -> None:
    assert set(FOUND) == {path.stem for path in FOLDER.glob("*.md")}
