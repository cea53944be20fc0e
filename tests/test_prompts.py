"""The prompts are those DeepCoder was trained on: a changed space is a changed model."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcoder_cli.prompts import messages, user_text
from deepcoder_cli.types import Message, Problem, TestCase

GOLDEN = Path(__file__).parent / "golden"
STATEMENT = """\

You are given two integers. Print their sum.

Input: one line with a and b.

Example:

```
1 2
```
Output: 3
"""
STDIN = Problem(id="sum", title="Sum", statement=STATEMENT)
FUNCTION = Problem(
    id="sum-fn",
    title="Sum",
    statement="Return a + b.",
    starter_code="class Solution:\n    def add(self, a: int, b: int) -> int:\n        \n",
    function="add",
)


@pytest.mark.parametrize(
    ("problem", "golden"), [(STDIN, "prompt-stdin.txt"), (FUNCTION, "prompt-function.txt")]
)
def test_the_user_message_is_exactly_the_golden_text(problem: Problem, golden: str) -> None:
    assert user_text(problem) == (GOLDEN / golden).read_bytes().decode()


def test_the_conversation_is_one_user_message_and_no_system_role() -> None:
    assert messages(STDIN) == (Message("user", user_text(STDIN)),)


def test_hidden_tests_never_reach_the_prompt() -> None:
    secret = TestCase(input="secret-input-4711", output="secret-output-0815")
    problem = Problem(id="p", title="t", statement="Print 1.", tests=(secret,))

    assert "secret" not in user_text(problem)
