"""Percentiles in named tables: by bisection, from every form that a table comes in."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.codeforces.percentile import ANCHORS, read_table, table_of

if TYPE_CHECKING:
    from pathlib import Path

RATINGS = [800, 1200, 1200, 1500, 1900, 1900, 1900, 2400]
HEAD = {"name": "eight users", "date": "2024-12-31", "source": "made up for a test"}
FORMS = {
    "ratings": {**HEAD, "ratings": RATINGS[::-1]},
    "rows": {**HEAD, "counts": [[1900, 2], [800, 1], [1200, 2], [1500, 1], [1900, 1], [2400, 1]]},
    "object": {**HEAD, "counts": {"800": 1, "1200": 2, "1500": 1, "1900": 3, "2400": 1, "9": 0}},
    "bare list": RATINGS,
    "bare object": {"800": 1, "1200": 2, "1500": 1, "1900": 3, "2400": 1},
    "the API's": {"status": "OK", "result": [{"handle": "x", "rating": r} for r in RATINGS]},
}


@given(st.lists(st.integers(-100, 4000), min_size=1), st.floats(-200, 4100))
def test_a_percentile_is_the_share_of_users_below(ratings: list[int], rating: float) -> None:
    table = table_of(Counter(map(float, ratings)), name="drawn")

    below = sum(other < rating for other in ratings)

    assert table.percentile(rating) == 100 * below / len(ratings)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_is_the_same_table(tmp_path: Path, form: str, packed: bool) -> None:
    data = json.dumps(FORMS[form]).encode()
    path = tmp_path / "eight.json"
    path.write_bytes(gzip.compress(data) if packed else data)

    table = read_table(path)

    found = [table.percentile(rating) for rating in (800, 801, 1200, 1900, 1900.5, 3000)]
    assert found == [0, 12.5, 12.5, 50, 87.5, 100]
    named = "ratings" in form or form in {"rows", "object"}
    assert table.title == (
        "eight users of 2024-12-31 (8 users)" if named else "eight.json (8 users)"
    )


BAD: dict[str, tuple[Any, str]] = {
    "no name": ({"ratings": [1]}, "name is missing"),
    "a rating is a text": ({**HEAD, "ratings": [1, "2"]}, "rating 2 is '2'"),
    "a rating is true": ([True], "rating 1 is True"),
    "count is negative": ({**HEAD, "counts": [[1500, -1]]}, r"row 1 of counts is \[1500, -1\]"),
    "count is a fraction": ({**HEAD, "counts": [[1500, 1.5]]}, "row 1 of counts"),
    "no table at all": ({"contest": 1994}, r"is no table: 'contest' is 1994 \(a list of ratings"),
    "rating is no number": ({"nan": 3}, "is no table: 'nan' is 3"),
    "bare counts": ({"1500": True}, "is no table: '1500' is True"),
    "empty": ([], "rating table is empty: t.json"),
    "all counts 0": ({"1500": 0}, "rating table is empty"),
    "date": ({**HEAD, "date": "2024", "ratings": [1]}, "date is"),
    "user without rating": ({"status": "OK", "result": [{"handle": "x"}]}, "user 1: rating is"),
    "a number": (5, "is 5"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_table_is_refused(tmp_path: Path, case: str) -> None:
    value, message = BAD[case]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(value))

    with pytest.raises(InputError, match=message) as error:
        read_table(path)

    assert "\n" not in str(error.value)


def test_the_cards_table_is_known_by_its_size_and_its_percentile() -> None:
    users, below = 89_352, round(0.953 * 89_352)
    card, codeelo = ANCHORS

    whole = table_of({1000: below, 2500: users - below}, name="x")
    smaller = table_of({1000: below, 2500: users - below - 1}, name="x")
    other = table_of({1000: 972, 2500: 28}, name="x")

    assert round(whole.percentile(1936.4), 1) == 95.3
    assert whole.same_as() == card
    assert smaller.same_as() is None
    assert other.same_as() == codeelo
