"""Function problems: starter code, named arguments, JSON values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.markdown import read, read_problem
from deepcoder_cli.problems.starter import read_starter
from deepcoder_cli.problems.values import call_example
from deepcoder_cli.types import TestCase

LEETCODE = """## 1. Two Sum

Given nums and target, return indices.

**Example 1:** Input: nums = [2,7], target = 9  Output: [0,1]

**Example 2:**

**Input:** target = 6, nums = [3,2,4]
**Output:** [1,2]
**Explanation:** 2 + 4 = 6.

**Constraints:**

- `2 <= nums.length`

```python
class Solution:
    def twoSum(self, nums: List[int], target: int) -> List[int]:
```
"""
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def test_leetcode_statement_becomes_a_function_problem() -> None:
    problem = read_problem(LEETCODE, "two-sum")

    assert problem.function == "twoSum"
    assert problem.starter_code is not None
    assert problem.starter_code.startswith("class Solution:")
    assert problem.examples == (
        TestCase("[2,7]\n9", "[0,1]"),
        TestCase("[3,2,4]\n6", "[1,2]"),
    )


@given(st.lists(json_values, min_size=1, max_size=4), json_values)
def test_named_arguments_come_back_as_json(arguments: list[object], result: object) -> None:
    names = [f"p{i}" for i in range(len(arguments))]
    shown = ", ".join(f"{n} = {json.dumps(a)}" for n, a in zip(names, arguments, strict=True))

    example = call_example(TestCase(shown + "\n", json.dumps(result) + "\n"), names)

    assert arguments == [json.loads(line) for line in example.input.split("\n")]
    assert result == json.loads(example.output)


@given(st.lists(json_values, min_size=1, max_size=4))
def test_one_json_value_a_line_is_taken_as_it_is(arguments: list[object]) -> None:
    lines = "\n".join(json.dumps(a) for a in arguments)

    assert lines == call_example(TestCase(lines, "1"), ["p"] * len(arguments)).input


@pytest.mark.parametrize(
    ("written", "expected"), [("True", "true"), ("None", "null"), ("'a'", '"a"'),
     ("(1, 2)", "[1, 2]")],
)  # fmt: skip
def test_python_literals_become_json(written: str, expected: str) -> None:
    assert expected == call_example(TestCase(f"x = {written}", written), ("x",)).output


def test_an_unreadable_example_is_left_out_and_named() -> None:
    reading = read(LEETCODE.replace("Output: [0,1]", "Output: two numbers"), "p")

    assert len(reading.problem.examples) == 1
    assert reading.notes == ("example 1 cannot be used: not a value: two numbers",)


def test_a_design_problem_is_read_but_not_judged() -> None:
    text = "# Stack\n\n```python\nclass MinStack:\n    def push(self, x):\n        pass\n```\n"
    reading = read(text, "p")

    assert reading.problem.function is None
    assert reading.problem.examples == ()
    assert "cannot be judged" in reading.notes[0]


TREE = """# Definition for a binary tree node.
# class TreeNode:
#     def __init__(self, val=0, left=None, right=None):
#         self.val = val
class Solution:
    def maxDepth(self, root: Optional[TreeNode]) -> int:
"""
OLD_TREE = """class Solution(object):
    def maxDepth(self, root):
        \"\"\"
        :type root: TreeNode
        :rtype: int
        \"\"\"
"""
IN_PLACE = """class Solution:
    def moveZeroes(self, nums: List[int]) -> None:
        \"\"\"
        Do not return anything, modify nums in-place instead.
        \"\"\"
"""
OLD_IN_PLACE = """class Solution(object):
    def moveZeroes(self, nums):
        \"\"\"
        :type nums: List[int]
        :rtype: void Do not return anything, modify nums in-place instead.
        \"\"\"
"""
SEVERAL_CALLS = """class Solution:
    def __init__(self, w: List[int]):

    def pickIndex(self) -> int:
"""
OWN_API = """# The isBadVersion API is already defined for you.
# def isBadVersion(version: int) -> bool:
class Solution:
    def firstBadVersion(self, n: int) -> int:
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (TREE, "it takes or returns TreeNode"),
        (OLD_TREE, "it takes or returns TreeNode"),
        ("def f(head: 'Optional[ListNode]') -> int:\n    pass\n", "it takes or returns ListNode"),
        ("def f(lists: list[ListNode | None]):\n    pass\n", "it takes or returns ListNode"),
        ("def f(n: int) -> Node:\n    pass\n", "it takes or returns Node"),
        (IN_PLACE, "it returns nothing"),
        (OLD_IN_PLACE, "it returns nothing"),
        (SEVERAL_CALLS, "several calls"),
        (OWN_API, "it calls a function that is not provided"),
    ],
)
def test_examples_that_would_refuse_a_correct_program_are_left_out(code: str, said: str) -> None:
    text = f"# T\n\nExample 1:\n\nInput: x = [1,2]\nOutput: 2\n\n```python\n{code}```\n"
    reading = read(text, "p")

    assert reading.problem.examples == ()
    assert reading.problem.starter_code == code
    assert len(reading.notes) == 1
    assert reading.notes[0].startswith("the examples cannot be judged")
    assert said in reading.notes[0]


@pytest.mark.parametrize(
    "signature",
    [
        "a: List[int], b: typing.Optional['str'] = None) -> Dict[str, List[int]]",
        "a: int | None, b: collections.abc.Sequence[float]) -> Literal['no', 'yes']",
        "a, b)",
        "a: Any, b: object) -> 'list[list[int]]'",
    ],
)
def test_examples_of_plain_types_are_used(signature: str) -> None:
    code = f"def f({signature}:\n    pass\n"
    text = f"# T\n\nExample:\nInput: a = 1, b = 2\nOutput: 3\n\n```python\n{code}```\n"

    assert read(text, "p").problem.examples == (TestCase("1\n2", "3"),)


def test_types_in_a_docstring_of_the_old_form_are_read() -> None:
    code = "def f(a):\n    '''\n    :type a: List[int]\n    :rtype: int The answer.\n    '''\n"

    starter = read_starter(code)

    assert starter is not None
    assert starter.unjudged is None


@pytest.mark.parametrize(
    "code",
    ["def f(a, b):\n", "def f(a, b):\n    pass", "def f(a, b):\n    ...",
     "def f(a, b):\n    '''Doc.'''",
     "def f(a, b):\n    # write here\n", "def f(a, b):\n    raise NotImplementedError",
     "from typing import List\n\ndef f(a: List[int], b) -> int:\n    return 0"],
)  # fmt: skip
def test_empty_bodies_are_starter_code(code: str) -> None:
    starter = read_starter(code)

    assert starter is not None
    assert (starter.function, starter.parameters) == ("f", ("a", "b"))


@pytest.mark.parametrize("code", ["def f(a):\n    return a + 1\n", "print(1)", "x = (", "1 2\n3"])
def test_whole_programs_are_not(code: str) -> None:
    assert read_starter(code) is None


def test_a_section_named_starter_code_moves_to_the_prompt() -> None:
    text = "# Add\n\nAdd.\n\n## Starter code\n\n```python\ndef add(a, b):\n    pass\n```\n"
    problem = read_problem(text, "p")

    assert problem.statement == "# Add\n\nAdd.\n"
    assert problem.starter_code == "def add(a, b):\n    pass\n"


def test_front_matter_names_the_function() -> None:
    text = "---\nfunction: add(a, b)\n---\nAdd.\n\nExample:\nInput: a = 1, b = 2\nOutput: 3\n"
    problem = read_problem(text, "p")

    assert problem.function == "add"
    assert problem.starter_code == "def add(a, b):\n    pass\n"
    assert problem.examples == (TestCase("1\n2", "3"),)


def test_a_function_name_alone_takes_its_parameters_from_the_example() -> None:
    text = "---\nfunction: add\n---\nAdd.\n\nExample:\nInput: a = 1, b = 2\nOutput: 3\n"

    assert read_problem(text, "p").starter_code == "def add(a, b):\n    pass\n"


def test_a_function_that_is_no_name_is_refused() -> None:
    with pytest.raises(InputError, match="front matter: function: 2x"):
        read_problem("---\nfunction: 2x\n---\nAdd.", "p")
