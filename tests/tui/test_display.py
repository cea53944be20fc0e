from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.sandbox.runner import RunResult, Status, Tier
from deepcoder_cli.tui.display import displayable
from deepcoder_cli.tui.runresult import describe
from deepcoder_cli.types import Limits


@given(st.text())
def test_nothing_shown_can_drive_a_terminal_or_split_a_line(text: str) -> None:
    shown = displayable(text)

    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert shown.splitlines() == shown.removesuffix("\n").split("\n") or not shown
    assert displayable(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert displayable(text) == text


def test_every_way_to_end_is_put_into_words() -> None:
    verdicts = {}
    for status in Status:
        result = RunResult(status, 1, 11, b"", b"", 1.0, 1.0, 1.0, False, Tier.B)
        verdicts[status.value] = describe(result, Limits()).summary.split()[1].rstrip(":")

    assert verdicts == {
        "exited": "RE",
        "signaled": "RE",
        "cpu-limit": "TLE",
        "wall-limit": "TLE",
        "memory-limit": "MLE",
        "output-limit": "OLE",
        "compile-error": "CE",
        "infrastructure": "IE",
    }


def test_long_output_is_cut_and_says_by_how_much() -> None:
    result = RunResult(Status.EXITED, 0, None, b"x\n" * 500, b"", 1, 1, 1, False, Tier.B)

    assert describe(result, Limits()).output.endswith("… 300 more lines")
