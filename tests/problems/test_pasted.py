"""Statements as they come out of a browser's clipboard, from the sites people solve on.

The texts in `pasted/` are in each site's form, buttons and all, with problems of our own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcoder_cli.problems.markdown import read

FOLDER = Path(__file__).parent / "pasted"
FOUND = {
    "atcoder_copy_buttons": [("3 4\n1 4 6\n", "10\n"), ("2 9\n1 2\n", "0\n")],
    "atcoder_copy_in_heading": [("1 2\n", "3\n"), ("5 8\n", "13\n")],
    "codeforces_copy_line": [("3\n5 2\n4 4\n1 9\n", "3\n1\n1\n")],
    "codeforces_glued": [("1 2\n", "2 1\n"), ("7 7\n", "7 7\n")],
    "taco_dashes": [("2\nabca\nzz\n", "3\n1\n"), ("1\nq\n", "1\n")],
    "codechef_dashes": [("2\n1\n2\n", "1\n12\n21\n")],
    "kattis_tab_separator": [("10 12\n71 20\n1 5\n", "2\n51\n4\n"), ("1 1\n", "0\n")],
    "kattis_tab_between": [
        ("3\nANNE\nBOB\nCARL\n", "INCREASING\n"),
        ("2\nCARL\nANNE\n", "DECREASING\n"),
    ],
    "kattis_tab_rows": [("1\n", "Alice\n"), ("2\n", "Bob\n")],
    "codechef_columns": [("2\n3 4\n5 6\n", "12\n30\n")],
    "codechef_in_turn": [("2\n3 4\n5 6\n", "12\n30\n"), ("1\n1 1\n", "1\n")],
    "usaco_files": [("10 3\n", "13\n")],
    "files_in_headings": [("4\n", "6\n")],
    "hdu": [("1 1\n2 3\n", "2\n5\n")],
    "baekjoon": [("1 2\n", "3\n")],
    "luogu": [("20 30\n", "50\n")],
    "explained_without_a_blank_line": [("3 4\n", "7\nYES\n"), ("1 1\n", "2\nNO\n")],
    "leetcode_page": [
        ("nums = [2,7,11,15], target = 9\n", "[0,1]\n"),
        ("nums = [3,2,4], target = 6\n", "[1,2]\n"),
    ],
}
GUESSED = {"atcoder_copy_buttons", "atcoder_copy_in_heading", "explained_without_a_blank_line"}


@pytest.mark.parametrize("name", FOUND)
def test_every_example_is_read_exactly(name: str) -> None:
    reading = read((FOLDER / f"{name}.txt").read_text(encoding="utf-8"), name)

    assert [(e.input, e.output) for e in reading.problem.examples] == FOUND[name]
    assert bool(reading.notes) == (name in GUESSED)


def test_no_statement_is_left_out() -> None:
    assert set(FOUND) == {path.stem for path in FOLDER.iterdir()}


def notes(text: str) -> str:
    return "\n".join(read(text, "p").notes)


def test_prose_that_ends_an_output_is_told() -> None:
    text = (FOLDER / "explained_without_a_blank_line.txt").read_text(encoding="utf-8")

    assert "example 1: its output is read up to 'We have 3+4=7, which is odd.'" in notes(text)


def test_an_output_of_sentences_is_kept() -> None:
    text = "Sample Input 1\n2\nSample Output 1\nThis is case 1.\nThat is all of it.\n"
    reading = read(text, "p")

    assert reading.problem.examples[0].output == "This is case 1.\nThat is all of it.\n"
    assert reading.notes == ()


def test_an_output_that_may_go_on_after_a_blank_line_is_told() -> None:
    text = "Sample Input\n2\n\nSample Output\n1 2\n\n3 4\n"

    assert "read up to '3 4' (after a blank line)" in notes(text)


def test_the_word_copy_may_be_a_value() -> None:
    text = "Sample Input 1\nCopy\nSample Output 1\nCopy\n"

    assert read(text, "p").problem.examples[0].input == "Copy\n"


@pytest.mark.parametrize(
    "text",
    [
        "Add.\n\n## Examples\n\nSee the picture.\n",
        "Sample 1:\nInput\nOutput\n2\n3 4\n7\n",
        "Sample Input 1\tSample Output 1\n3\n1 2\n7\n",
        "Sample Input 1\tSample Output 1\n3\t7\n1 2\n",
    ],
)
def test_announced_examples_that_cannot_be_told_apart_are_left_out_with_a_note(text: str) -> None:
    assert read(text, "p").problem.examples == ()
    assert "announces examples, but none could be read" in notes(text)


def test_fewer_examples_than_announced_is_told() -> None:
    text = "Example 1:\nInput: 1\nOutput: 2\n\nExample 2:\nInput: 3\n\nExample 3:\nAs above.\n"

    assert "1 of 3 examples could be read" in notes(text)
