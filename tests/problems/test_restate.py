"""nano is asked in the layout it was trained on, whatever layout the file has."""

from __future__ import annotations

import pytest

from deepcoder_cli.problems.generated import generate, parse
from deepcoder_cli.problems.markdown import read_problem
from deepcoder_cli.problems.restate import restate

TASK = "Take a list a. First, discard the even numbers. Then add up all the numbers."
INPUT = "The first line contains n. The second line contains n integers, the list a."
ATCODER = f"""# A - Odd Sum

Time Limit: 2 sec / Memory Limit: 1024 MiB

### Problem Statement

{TASK}

### Constraints

- 1 ≤ n ≤ 10

### Input

{INPUT}

### Output

Print the result.

### Sample Input 1

```
2
1 4
```

### Sample Output 1

```
1
```

The 4 is gone.
"""
CODEFORCES = f"""A. Odd Sum
time limit per test2 seconds
memory limit per test256 megabytes

{TASK}

Input
{INPUT}

Output
Print the result.

Examples
InputCopy
2
1 4
OutputCopy
1
"""
EXPECTED = f"""# Odd Sum

{TASK}

## Input

{INPUT}

## Output

Print the result.

## Examples

Input:
```
2
1 4
```
Output:
```
1
```
"""


@pytest.mark.parametrize("text", [ATCODER, CODEFORCES], ids=["atcoder", "codeforces"])
def test_limits_foreign_sections_and_paste_marks_go_and_the_words_stay(text: str) -> None:
    assert restate(read_problem(text, "p")).statement == EXPECTED


def test_a_restated_problem_stays_as_it_is() -> None:
    once = restate(read_problem(ATCODER, "p"))

    assert restate(once) == once


def test_the_examples_stay_the_tests() -> None:
    problem = read_problem(CODEFORCES, "p")

    assert restate(problem).examples == problem.examples


def test_no_more_examples_are_shown_than_in_training() -> None:
    text = ATCODER + "".join(
        f"\n### Sample Input {i}\n\n```\n1\n{i}\n```\n\n### Sample Output {i}\n\n```\n0\n```\n"
        for i in (2, 3, 4)
    )

    restated = restate(read_problem(text, "p"))

    assert restated.statement.count("Input:") == 2
    assert len(restated.examples) == 4


def test_function_problems_and_problems_without_examples_are_left_alone() -> None:
    plain = read_problem("Say hello.", "p")
    functions = (generate(parse("list|even,sum|plain_int"), i).problem for i in range(20))
    function = next(p for p in functions if p.function is not None)

    assert restate(plain) is plain
    assert restate(function) is function


def test_a_title_in_the_front_matter_does_not_cost_the_task() -> None:
    text = f"---\ntitle: Other\n---\n{EXPECTED}"

    assert restate(read_problem(text, "p")).statement == EXPECTED.replace("Odd Sum", "Other")
