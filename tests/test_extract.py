"""From completion text to program: every form of fence, and no half programs."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.extract import CodeBlock, code_blocks, program

CODE = "a = int(input())\nprint(a)\n"


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("```python", "```"),
        ("```Python", "```"),
        ("```py", "```"),
        ("```python3", "```"),
        ("```", "```"),
        ("``` python", "```"),
        ("```python title=main.py", "```"),
        ("````python", "````"),
        ("```python", "`````"),
        ("~~~python", "~~~"),
        ("~~~", "~~~~~"),
        ("~~~ python `x`", "~~~"),
        ("   ```python", "   ```"),
        ("```python", "   ```"),
        ("```python  \t", "``` \t"),
    ],
)
def test_every_form_of_fence_holds_the_program(opening: str, closing: str) -> None:
    assert program(f"Here it is.\n\n{opening}\n{CODE}{closing}\nDone.") == CODE


def test_carriage_returns_do_not_hide_a_fence() -> None:
    assert program("```python\r\nprint(1)\r\n```\r\n") == "print(1)\r\n"


def test_a_block_in_a_list_item_loses_the_indentation_of_its_fence() -> None:
    answer = "1. Solve:\n\n    ```python\n    if 1:\n        print(1)\n\n    ```\n"

    assert program(answer) == "if 1:\n    print(1)\n\n"


def test_the_last_python_block_wins() -> None:
    assert program(f"```python\nprint(0)\n```\nBetter:\n```python\n{CODE}```\n") == CODE


@pytest.mark.parametrize("name", ["python", "python3", "py", "py3", "python3.11", "pypy", "pypy3"])
@pytest.mark.parametrize("closing", ["```", ""])
def test_an_unlabelled_block_after_the_labelled_program_is_its_output(
    name: str, closing: str
) -> None:
    answer = f"```{name}\n{CODE}```\nSample output:\n```\n6\n{closing}"

    assert program(answer) == CODE


def test_without_a_label_the_last_unlabelled_block_is_the_program() -> None:
    assert program(f"```\nprint(0)\n```\nBetter:\n```\n{CODE}```\n```cpp\nint x;\n```\n") == CODE
    assert program("```\nprint(0)\n```\nBetter:\n```\nprint(") is None


@pytest.mark.parametrize("language", ["text", "cpp", "output", "pycon", "json"])
def test_blocks_in_other_languages_are_passed_over(language: str) -> None:
    assert program(f"```python\n{CODE}```\nIt prints\n```{language}\n1\n```\n") == CODE
    assert program(f"```{language}\n1\n```\n") is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "No code at all.",
        f"```python\n{CODE}",
        f"```python\n{CODE}``",
        f"````python\n{CODE}```\n",
        f"~~~python\n{CODE}```\n",
        f"```python\n{CODE}```python\n",
        "inline ```python print(1)``` only",
        "```python print(1) ```",
    ],
)
def test_without_a_closed_fence_there_is_no_program(answer: str) -> None:
    assert program(answer) is None


def test_an_answer_cut_inside_its_better_program_has_no_program() -> None:
    assert program("```python\nprint(0)\n```\nWrong; better:\n```python\nprint(1)") is None


def test_a_sample_output_that_was_cut_leaves_the_program_before_it() -> None:
    assert program(f"```python\n{CODE}```\nOutput:\n```text\n1") == CODE


def test_a_fence_deep_inside_the_code_does_not_end_it() -> None:
    code = 'def f():\n    """Usage:\n\n    ```\n    f()\n    ```\n    """\n'

    assert program(f"```python\n{code}```\n") == code


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    code = 'print("""\n```\nx\n```\n""")\n'

    assert program(f"````python\n{code}````\n") == code


def test_blocks_come_in_order_with_their_languages() -> None:
    answer = "```cpp\nint x;\n```\n~~~\n~~~\n```Python\nx = 1\n```\n"

    assert code_blocks(answer) == (
        CodeBlock("cpp", "int x;\n"),
        CodeBlock("", ""),
        CodeBlock("python", "x = 1\n"),
    )


lines = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=30)
codes = st.lists(lines.filter(lambda line: line.strip(" \t\r")[:3] not in {"```", "~~~"})).map(
    lambda parts: "".join(f"{part}\n" for part in parts)
)
fences = st.builds(str.__mul__, st.sampled_from("`~"), st.integers(3, 8))
prose = st.text(string.ascii_letters + " .,\n", max_size=60)


@given(codes, fences, st.integers(0, 6), prose, prose)
def test_the_program_of_a_rendered_block_is_the_code(
    code: str, fence: str, indent: int, before: str, after: str
) -> None:
    pad = " " * indent
    body = "".join(f"{pad}{line}\n" for line in code.split("\n")[:-1])

    assert program(f"{before}\n{pad}{fence}python\n{body}{pad}{fence}\n{after}") == code


@given(codes, fences, prose)
def test_every_cut_before_the_closing_fence_leaves_no_program(
    code: str, fence: str, before: str
) -> None:
    whole = f"{before}\n{fence}python\n{code}{fence}"
    shortest = len(f"{before}\n{fence}python\n{code}")

    for end in range(shortest, len(whole)):
        assert program(whole[:end]) is None
    assert program(whole) == code


@given(st.text(alphabet="`~ \n\tpython\r#x", max_size=120))
def test_no_text_breaks_the_extraction(answer: str) -> None:
    found = program(answer)

    assert found is None or found in {block.code for block in code_blocks(answer)}
