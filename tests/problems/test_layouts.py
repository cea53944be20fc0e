"""Examples are found exactly, in every layout, however the file's bytes are dressed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.markdown import read, read_problem
from tests.problems.layouts import LAYOUTS

TWO = [("3\n1 2 3", "6"), ("1\n-5", "-5\nNO")]
words = st.text("abxyzQ0123456789-+.#*@", min_size=1, max_size=6).filter(
    lambda word: any(c.isalnum() for c in word)
)
values = st.lists(st.lists(words, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4)
fenced_values = st.lists(
    st.text("ab 01#*|>_-:\t<&", max_size=8).filter(lambda t: not t.strip().startswith("```")),
    min_size=1,
    max_size=5,
).map("\n".join)
FENCED = (
    "codeforces", "codeforces_headings", "atcoder", "kattis_headings", "bold_labels",
    "adjacent_fences", "numbered_fences", "inputs_then_outputs", "bare_fences",
)  # fmt: skip


def found(text: str) -> list[tuple[str, str]]:
    return [(e.input, e.output) for e in read_problem(text, "p").examples]


def with_newlines(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(f"{i}\n", f"{o}\n") for i, o in pairs]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_finds_the_examples_of_each_layout(layout: str) -> None:
    assert with_newlines(TWO) == found(LAYOUTS[layout](TWO))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_line_ends_and_a_byte_order_mark_change_nothing(layout: str) -> None:
    text = LAYOUTS[layout](TWO)

    assert with_newlines(TWO) == found("\ufeff" + text.replace("\n", "\r\n"))
    assert with_newlines(TWO) == found(text.replace("\n", "\r"))


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=10, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(values.map("\n".join), values.map("\n".join)),
        min_size=1, max_size=4, unique=True,
    )
)  # fmt: skip
def test_any_words_come_back_from_each_layout(layout: str, pairs: list[tuple[str, str]]) -> None:
    assert with_newlines(pairs) == found(LAYOUTS[layout](pairs))


@pytest.mark.parametrize("layout", FENCED)
@settings(max_examples=10, deadline=None)
@given(pairs=st.lists(st.tuples(fenced_values, fenced_values), min_size=1, max_size=3, unique=True))
def test_fenced_values_come_back_to_the_last_space(
    layout: str, pairs: list[tuple[str, str]]
) -> None:
    assert with_newlines(pairs) == found(LAYOUTS[layout](pairs))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "---", "title: x", "time_limit: 2", "## Examples", "### Input", "Output:",
                    "```",
                    "```input", "~~~", "    ", "| Input | Output |", "|---|---|", "| 1 | 2 |",
                    "<pre>", "</pre>", "**Input:** a = 1 **Output:** 2", "Example 1:",
                    "- Input: `1`",
                    "```python", "def f(a):", "    pass", "class Solution:", "def f(", "\t",
                    "> Input",
                    "Input: ((((", "Output: [[", "Sample Input 1", "Sample Output 99999", "=====",
                ]
            ),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_text_crashes_the_parser(lines: list[str]) -> None:
    with contextlib.suppress(InputError):
        read("\n".join(lines), "p")


@pytest.mark.parametrize(
    "line",
    ["```a", "~~~" * 3, "<pre>", "Input:", "Example 1: Input: a", "| Input | Output |", "(" * 50,
     "def f(a):", "`" * 999, "**Input:** (", "<b" * 300, "- > " * 100],
)  # fmt: skip
def test_many_of_one_line_is_read_in_bounded_time(line: str) -> None:
    text = f"{line}\n" * (300_000 // (len(line) + 1))
    read(text, "p")
    read(line * (300_000 // len(line)), "p")
    read(f"## Example\nInput\n{text}\nOutput\n{text}", "p")


def test_the_input_format_is_no_example() -> None:
    text = "# T\n\n## Input\n\nIn this form:\n\n```\nN\nA B\n```\n\n## Output\n\nPrint the sum.\n"

    assert found(text) == []


def test_an_explanation_after_the_output_is_no_part_of_it() -> None:
    text = "Add.\n\nExample:\nInput: 1 2\nOutput: 3\nExplanation: 1 + 2 = 3\nis clear.\n"

    assert found(text) == [("1 2\n", "3\n")]


def test_labels_without_the_word_example_count_when_fenced() -> None:
    text = "Add.\n\nInput:\n```\n1 2\n```\nOutput:\n```\n3\n```\n"

    assert found(text) == [("1 2\n", "3\n")]


def test_an_empty_fence_is_an_empty_input() -> None:
    text = "Print 1.\n\n## Example\nInput\n```\n```\nOutput\n```\n1\n```\n"

    assert found(text) == [("", "1\n")]


def test_prose_with_numbers_has_no_examples() -> None:
    text = "--- Day 1 ---\nElves carry food. For example:\n\n    1000\n    2000\n\nThat is 3000.\n"

    assert found(text) == []


def test_samples_are_paired_by_their_numbers() -> None:
    text = "\n".join(f"Sample {what}\n```\n{what[-1]}\n```" for what in
                     ("Input 1", "Input 2", "Output 2", "Output 1"))  # fmt: skip

    assert sorted(found(text)) == [("1\n", "1\n"), ("2\n", "2\n")]


def test_the_statement_goes_on_unchanged() -> None:
    text = LAYOUTS["codeforces"](TWO)

    assert text == read_problem(text, "p").statement


@pytest.mark.parametrize(
    "text",
    ["This is an interactive problem.\n", "# T\n\n## Interaction\n\nAsk.\n",
     "---\ninteractive: true\n---\nAsk."],
)  # fmt: skip
def test_interactive_problems_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="interactive problems cannot be judged"):
        read(text, "p")
