"""Problem -> the one user message that asks for a program. There is no system role.

The sentences are those DeepCoder was trained and evaluated with (LiveCodeBench style). They
stand here once; chat, solve, eval and training all call `messages`. A golden test pins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.types import Message

if TYPE_CHECKING:
    from deepcoder_cli.types import Problem

INSTRUCTION = (
    "You are an expert Python programmer. You will be given a question (problem specification) "
    "and will generate a correct Python program that matches the specification and passes all "
    "tests."
)
FORMAT_STDIN = (
    "### Format: Read the inputs from stdin solve the problem and write the answer to stdout "
    "(do not directly test on the sample inputs). Enclose your code within delimiters as "
    "follows. Ensure that when the python program runs, it reads the inputs, runs the algorithm "
    "and writes output to STDOUT."
)
FORMAT_FUNCTION = (
    "### Format: You will use the following starter code to write the solution to the problem "
    "and enclose your code within delimiters."
)
ANSWER = "### Answer: (use the provided format with backticks)"


def messages(problem: Problem) -> tuple[Message, ...]:
    """The conversation that asks for a program solving `problem`: one user message.

    >>> from deepcoder_cli.types import Problem
    >>> [m.role for m in messages(Problem(id="p", title="t", statement="Print 1."))]
    ['user']
    """
    return (Message("user", user_text(problem)),)


def user_text(problem: Problem) -> str:
    """The text of the user message for `problem`."""
    if problem.starter_code is None:
        format_part = f"{FORMAT_STDIN}\n```python\n# YOUR CODE HERE\n```"
    else:
        format_part = f"{FORMAT_FUNCTION}\n```python\n{problem.starter_code.rstrip()}\n```"
    return f"{INSTRUCTION}\n\n{problem.statement.strip()}\n\n{format_part}\n\n{ANSWER}\n\n"
