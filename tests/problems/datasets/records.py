"""Hand-made rows in each format, as the published sets write them, several each."""

# ruff: noqa: E501 - rows, as they are written
from __future__ import annotations

import base64
import json
import pickle
import zlib
from typing import Any

Row = dict[str, Any]


def packed(tests: object, protocol: int = 4) -> str:
    """Private tests as LiveCodeBench packs them."""
    data = pickle.dumps(json.dumps(tests), protocol=protocol)
    return base64.b64encode(zlib.compress(data)).decode()


LCB_STDIN: Row = {
    "question_title": "A. Short Sort",
    "question_content": "There are three cards with letters a, b, c.\n\nInput\n\nThe first line ...",
    "platform": "Codeforces",
    "question_id": "1873_A",
    "contest_id": "1873",
    "contest_date": "2023-08-21T00:00:00",
    "starter_code": "",
    "difficulty": "easy",
    "public_test_cases": json.dumps(
        [{"input": "2\nabc\ncab\n", "output": "YES\nNO\n", "testtype": "stdin"}]
    ),
    "private_test_cases": packed(
        [
            {"input": "1\nabc\n", "output": "YES\n", "testtype": "stdin"},
            {"input": "1\nbca\n", "output": "NO\n", "testtype": "stdin"},
        ]
    ),
    "metadata": "{}",
}
LCB_FUNCTIONAL: Row = {
    "question_title": "construct-the-minimum-bitwise-array",
    "question_content": "You are given an array nums consisting of n prime integers.\n\nExample 1: ...",
    "platform": "LeetCode",
    "question_id": "3613",
    "contest_id": "biweekly-contest-141",
    "contest_date": "2024-10-12T07:30:00",
    "starter_code": "class Solution:\n    def minBitwiseArray(self, nums: List[int]) -> List[int]:\n        ",
    "difficulty": "easy",
    "public_test_cases": json.dumps(
        [{"input": "[2, 3, 5, 7]", "output": "[-1, 1, 4, 3]", "testtype": "functional"}]
    ),
    "private_test_cases": json.dumps(
        [{"input": "[11, 13, 31]", "output": "[9, 12, 15]", "testtype": "functional"}]
    ),
    "metadata": '{"func_name": "minBitwiseArray"}',
}
LCB_TWO_ARGUMENTS: Row = {
    **LCB_FUNCTIONAL,
    "question_id": "3608",
    "metadata": '{"func_name": "findKthLargest"}',
    "starter_code": "class Solution:\n    def findKthLargest(self, nums: List[int], k: int) -> int:\n        ",
    "public_test_cases": json.dumps(
        [{"input": "[5, 3, 6]\n2", "output": "5", "testtype": "functional"}]
    ),
    "private_test_cases": packed(
        [{"input": "[1, 1]\n1", "output": "1", "testtype": "functional"}], protocol=2
    ),
}
LCB_ATCODER: Row = {
    **LCB_STDIN,
    "question_title": "Snake Numbers",
    "platform": "atcoder",
    "question_id": "abc387_c",
    "contest_id": "abc387",
    "contest_date": "2025-01-04T00:00:00",
    "difficulty": "medium",
}

TACO_STDIN: Row = {
    "question": "You have a deck of $n$ cards, and you'd like to reorder it to a new one.\n\nEach card ...",
    "solutions": json.dumps(["n = int(input())\nprint(n)", "import heapq\nprint(1)"]),
    "starter_code": "",
    "input_output": json.dumps(
        {"inputs": ["4\n4\n1 2 3 4\n", "1\n5\n1 5 2 4 3\n"], "outputs": ["\n4 3 2 1\n", "5\n"]}
    ),
    "difficulty": "EASY",
    "raw_tags": "['data structures', 'greedy']",
    "name": None,
    "source": "codeforces",
    "tags": "['Data structures', 'Greedy algorithms']",
    "skill_types": "['Greedy algorithms']",
    "url": "https://codeforces.com/problemset/problem/1492/B",
    "Expected Auxiliary Space": None,
    "time_limit": "1.0 seconds",
    "date": "2021-02-23",
    "picture_num": "0",
    "memory_limit": "512.0 megabytes",
    "Expected Time Complexity": None,
}
TACO_CODEWARS: Row = {
    "id": 17,
    "question": "Given an array of integers as strings and numbers, return the sum.",
    "solutions": ["def sum_mix(arr):\n    return sum(map(int, arr))"],
    "starter_code": "def sum_mix(arr):\n\t",
    "input_output": json.dumps(
        {"fn_name": "sum_mix", "inputs": [[[9, 3, "7", "3"]], [["5"]]], "outputs": [[22], [5]]}
    ),
    "difficulty": "EASY",
    "source": "codewars",
    "tags": [],
    "url": "https://www.codewars.com/kata/57eaeb9578748ff92a000009",
    "time_limit": None,
    "memory_limit": None,
    "date": None,
}
TACO_LEETCODE: Row = {
    **TACO_CODEWARS,
    "id": 18,
    "question": "Return the indices of the two numbers.",
    "source": "leetcode",
    "starter_code": "class Solution:\n    def only(self, nums: List[int]) -> List[int]:\n        ",
    "input_output": json.dumps({"fn_name": "only", "inputs": [[[3, 3]]], "outputs": [[3]]}),
}
TACO_LINES: Row = {
    **TACO_STDIN,
    "question": "Add the numbers of each line.",
    "input_output": json.dumps({"inputs": [["2", "1 2", "3 4"]], "outputs": [["3", "7"]]}),
    "time_limit": "1.0 - 5.0 seconds",
}

SYNTHETIC_STDIN: Row = {
    "problem_id": "vcp_0",
    "source": "apps",
    "task_type": "verifiable_code",
    "in_source_id": "1487",
    "prompt": "Solve the following coding problem using the programming language python:\n\n"
    "Vasya adds two numbers.\n\nThe input will be stdin and you should print your solution to "
    "stdout\n\nNow solve the problem and return the code.",
    "gold_standard_solution": "```python\na, b = map(int, input().split())\nprint(a + b)\n```",
    "verification_info": repr(
        {
            "language": "python",
            "test_cases": [
                {"type": "stdin_stdout", "input": "1 2\n", "output": "3\n"},
                {"type": "stdin_stdout", "input": "it's\n", "output": 'a "b"\n', "fn_name": None},
            ],
        }
    ),
    "metadata": repr(
        {
            "difficulty": "introductory",
            "memory_limit": "256.0 megabytes",
            "problem_url": "https://codeforces.com/problemset/problem/1/A",
            "time_limit": "2.0 seconds",
        }
    ),
}
SYNTHETIC_FUNCTION: Row = {
    "problem_id": "vcp_7",
    "source": "taco",
    "task_type": "verifiable_code",
    "in_source_id": "77",
    "prompt": "Solve the following coding problem using the programming language python:\n\n"
    "Return quotient and remainder.\n\nWrite your solution by modifying this code:\n\n```python\n"
    'def both(a, b):\n\t\n```\n\nYour solution should implemented in the function "both". The '
    "inputs will be passed to it and it should return the correct solution.",
    "gold_standard_solution": "```python\ndef both(a, b):\n    return a // b, a % b\n```",
    "verification_info": json.dumps(
        {
            "language": "python",
            "test_cases": [
                {"type": "function_call", "fn_name": "both", "input": [7, 2], "output": [3, 1]},
                {"type": "function_call", "fn_name": "both", "input": [9, 3], "output": [3, 0]},
            ],
        }
    ),
    "metadata": "{}",
}
SYNTHETIC_ONE_OUTPUT: Row = {
    **SYNTHETIC_FUNCTION,
    "problem_id": "vcp_8",
    "prompt": "Return the largest, as max_of does.",
    "gold_standard_solution": "```python\nclass Solution:\n    def max_of(self, xs: list) -> int:\n"
    "        return max(xs)\n```",
    "verification_info": {
        "language": "python",
        "test_cases": [
            {"type": "function_call", "fn_name": "max_of", "input": [[1, 2]], "output": [2]}
        ],
    },
    "metadata": {"difficulty": None},
}
SYNTHETIC_CPP: Row = {
    **SYNTHETIC_STDIN,
    "problem_id": "vcp_9",
    "verification_info": json.dumps({"language": "cpp", "test_cases": []}),
}

PREVIEW_LCB: Row = {
    "problem": "You are given a string s. Return it reversed.",
    "starter_code": "class Solution:\n    def rev(self, s: str) -> str:\n        ",
    "tests": json.dumps(
        [
            {
                "input": '"abc"',
                "output": '"cba"',
                "testtype": "functional",
                "metadata": {"func_name": "rev"},
            }
        ]
    ),
    "metadata": {"func_name": "rev"},
}
PREVIEW_LCB_STDIN: Row = {
    "problem": "Print the sum.",
    "starter_code": "",
    "tests": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin", "metadata": {}}]),
    "metadata": "{}",
}
PREVIEW_TACO: Row = {
    "problem": "Return the sum of the digits.",
    "tests": json.dumps({"fn_name": "digits", "inputs": [[12], [9]], "outputs": [[3], [9]]}),
    "solutions": ["```python\ndef digits(n):\n    return sum(map(int, str(n)))\n```"],
}
PREVIEW_PRIME: Row = {
    "problem": "Return the word doubled.",
    "tests": json.dumps(
        [{"type": "function_call", "fn_name": "twice", "input": ["ab"], "output": ["abab"]}]
    ),
    "solutions": ["```python\ndef twice(w):\n    return w * 2\n```"],
}
PREVIEW_CODEFORCES: Row = {
    "problem": "Watermelon: can it be divided into two even parts?",
    "tests": json.dumps([{"input": "8", "output": "YES"}, {"input": "3", "output": "NO"}]),
}

CODEELO: Row = {
    "problem_id": "2033A",
    "url": "https://codeforces.com/contest/2033/problem/A",
    "title": "Sakurako and Kosuke",
    "rating": 800,
    "tags": ["constructive algorithms", "games"],
    "div": "Div. 3",
    "time_limit_ms": 1500,
    "memory_limit_mb": 256,
    "description": "Sakurako and Kosuke decided to play some games with a dot on a line.",
    "input": "The first line contains one integer t.",
    "output": "For each of the t games, print the name.",
    "interaction": "",
    "examples": [["4\n1\n6\n3\n98\n", "Kosuke\nSakurako\nKosuke\nSakurako\n"]],
    "note": "In the first game ...",
}
CODEELO_INTERACTIVE: Row = {
    **CODEELO,
    "problem_id": "2036G",
    "interaction": "To make a query, print xor a b.",
}
CODEFORCES_PLAIN: Row = {
    "problem": "Given n, print n + 1.\n\n### Example ...",
    "tests": [{"input": "1\n", "output": "2\n"}],
    "contest_id": 1999,
    "index": "A",
}

OURS: Row = {
    "id": "sum",
    "title": "Sum",
    "statement": "Add two numbers.",
    "examples": [{"input": "1 2\n", "output": "3\n"}],
    "tests": [{"input": "5 5\n", "output": "10\n"}],
    "limits": {"cpu_s": 2, "memory_mib": 256},
    "tags": ["math"],
}

BY_FORMAT: dict[str, list[Row]] = {
    "livecodebench": [LCB_STDIN, LCB_FUNCTIONAL, LCB_TWO_ARGUMENTS, LCB_ATCODER],
    "taco": [TACO_STDIN, TACO_CODEWARS, TACO_LEETCODE, TACO_LINES],
    "synthetic-1": [SYNTHETIC_STDIN, SYNTHETIC_FUNCTION, SYNTHETIC_ONE_OUTPUT],
    "deepcoder": [PREVIEW_LCB, PREVIEW_LCB_STDIN, PREVIEW_TACO, PREVIEW_PRIME, PREVIEW_CODEFORCES],
    "codeforces": [CODEELO, CODEFORCES_PLAIN],
    "deepcoder-jsonl": [OURS],
}
