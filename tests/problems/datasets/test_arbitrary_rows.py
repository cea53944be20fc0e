"""Whatever a row holds, a reader gives a problem or a refusal: it never raises anything else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepcoder_cli.problems.datasets import open_dataset
from deepcoder_cli.problems.datasets.formats import FORMATS
from deepcoder_cli.problems.datasets.literals import read_json_or_literal
from deepcoder_cli.problems.datasets.refusal import RowRefused
from tests.problems.datasets import records

if TYPE_CHECKING:
    from pathlib import Path

texts = st.text(max_size=20) | st.sampled_from(
    ["", "[]", "{}", "null", "[[", "NaN", "python", "functional", "stdin", "f", "{'a': 1}", "1e999",
     "```", "2.0 seconds", "9" * 5000,
     "eJyLjgUAARUAuQ==", "aGk=", "\ud800", "\0"]
)  # fmt: skip
keys = texts | st.sampled_from(
    ["input", "output", "inputs", "outputs", "fn_name", "testtype", "type", "test_cases",
     "language", "func_name", "cpu_s", "memory_mib"]
)  # fmt: skip
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
fields = values | values.map(json.dumps) | values.map(repr)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_arbitrary_fields_are_a_problem_or_refused(name: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(records.BY_FORMAT[name]))
    changed = data.draw(
        st.dictionaries(st.sampled_from(FORMATS[name].columns), fields, min_size=1, max_size=4)
    )
    row = {**good, **changed}
    try:
        got = FORMATS[name].read(row)
    except RowRefused:
        pass
    else:
        assert got.problem.examples or got.problem.tests
        assert got.problem.statement.strip()
        assert (got.problem.id + got.problem.statement + got.problem.title).encode()
        if got.problem.function is not None:
            assert got.problem.starter_code
            for test in (*got.problem.examples, *got.problem.tests):
                json.loads(test.output)
                assert [json.loads(line) for line in test.input.split("\n") if line.strip()] or (
                    not test.input.strip()
                )


@given(st.lists(st.binary(max_size=60) | fields.map(lambda v: json.dumps(v).encode()), max_size=8))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_bad_line_never_stops_the_stream(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "p.jsonl"
    first, last = (json.dumps({**records.OURS, "id": i}).encode() for i in ("first", "last"))
    path.write_bytes(b"\n".join([first, *lines, last]))

    data = open_dataset(path, format="deepcoder-jsonl")
    got = [problem.problem.id for problem in data]

    assert (got[0], got[-1]) == ("first", "last")
    rows = sum(1 for line in b"\n".join(lines).split(b"\n") if line.strip(b" \t\n\r\x0b\x0c"))
    assert len(got) - 2 + data.tally.by_kind.total() == rows


@given(values)
def test_what_python_writes_of_json_values_is_read_back(value: object) -> None:
    text = repr(value)
    try:
        assert repr(read_json_or_literal(text, "x")) == text
    except RowRefused:
        assert any(word in text for word in ("nan", "inf", "e"))


HOSTILE = {
    "signs": "-" * 100_000 + "1",
    "sums": "1+" * 100_000 + "1",
    "brackets": "[" * 100_000,
    "comparisons": "not " * 9999,
    "a name": "a" * 100,
    "an f-string": "f'{x}'",
    "a call": "__import__('os').system('true')",
    "a function": "lambda: 0",
    "a method": "[].append(1)",
    "an unhashable": "{1, {2}}",
    "digits": "9" * 10_000,
    "a long name of a character": "'\\N{" + "a" * 1000 + "}'",
    "a broken escape": "'\\xzz'",
    "NUL": "\0",
    "too long": "x" * (65 << 20),
    "too many commas": "[" + "1," * (1 << 20) + "]",
    "glued words": "1if 1else 2",
    "a product": "b'x' * 9",
    "a star": "*[1]",
    "yield": "yield",
    "unpacking": "{**{}}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_literals_made_to_break_the_parser_are_refused(name: str) -> None:
    with pytest.raises(RowRefused):
        read_json_or_literal(HOSTILE[name], "x")


def test_integers_of_many_digits_are_refused_in_every_place(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"statement": "x", "tests": [{"input": %s, "output": 1}]}' % ("9" * 5000))

    data = open_dataset(path, format="deepcoder-jsonl")

    assert list(data) == []
    assert data.refused_by_kind == (("not-json", 1),)
