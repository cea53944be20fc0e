"""Each format's rows become the problems they are; what is none is refused with the reason."""

# ruff: noqa: E501 - rows, as they are written
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.problems.datasets.formats import FORMATS, format_of
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.prompts import user_text
from deepcoder_cli.types import Limits, TestCase
from tests.problems.datasets import records as r

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.row import DatasetProblem


def read(row: r.Row) -> DatasetProblem:
    found = format_of(row.keys())
    assert found is not None
    return found.read(row)


def refused(row: r.Row) -> RowRefused:
    with pytest.raises(RowRefused) as caught:
        read(row)
    assert "\n" not in caught.value.reason
    return caught.value


@pytest.mark.parametrize("name", r.BY_FORMAT)
def test_a_format_is_known_by_the_fields_of_its_rows(name: str) -> None:
    for row in r.BY_FORMAT[name]:
        found = format_of(row.keys())
        assert found is not None
        assert found.name == name
        assert FORMATS[name].read(row).source == name


def test_livecodebench_public_tests_are_examples_and_private_ones_tests() -> None:
    got = read(r.LCB_STDIN)

    assert got.problem.examples == (TestCase("2\nabc\ncab\n", "YES\nNO\n"),)
    assert got.problem.tests == (TestCase("1\nabc\n", "YES\n"), TestCase("1\nbca\n", "NO\n"))
    assert got.problem.function is None
    assert got.problem.starter_code is None
    assert (got.problem.id, got.problem.title) == ("1873_A", "A. Short Sort")
    assert (got.platform, got.difficulty) == ("codeforces", "easy")
    assert (got.date, got.contest, got.letter) == ("2023-08-21T00:00:00", "1873", "A")


def test_livecodebench_functional_rows_name_the_function_in_their_metadata() -> None:
    one, two = read(r.LCB_FUNCTIONAL), read(r.LCB_TWO_ARGUMENTS)

    assert one.problem.function == "minBitwiseArray"
    assert one.problem.examples == (TestCase("[2, 3, 5, 7]", "[-1, 1, 4, 3]"),)
    assert one.problem.tests == (TestCase("[11, 13, 31]", "[9, 12, 15]"),)
    assert one.problem.starter_code == r.LCB_FUNCTIONAL["starter_code"]
    assert two.problem.examples == (TestCase("[5, 3, 6]\n2", "5"),)
    assert two.problem.tests == (TestCase("[1, 1]\n1", "1"),)
    assert r.LCB_FUNCTIONAL["starter_code"].rstrip() in user_text(one.problem)


def test_statements_go_through_unchanged() -> None:
    assert read(r.LCB_STDIN).problem.statement == r.LCB_STDIN["question_content"]
    assert read(r.TACO_STDIN).problem.statement == r.TACO_STDIN["question"]
    assert read(r.SYNTHETIC_STDIN).problem.statement == r.SYNTHETIC_STDIN["prompt"]
    assert read(r.PREVIEW_LCB).problem.statement == r.PREVIEW_LCB["problem"]
    assert read(r.CODEFORCES_PLAIN).problem.statement == r.CODEFORCES_PLAIN["problem"]


def test_taco_reads_the_parents_spellings_and_its_limits() -> None:
    got = read(r.TACO_STDIN)

    assert got.problem.tests[0] == TestCase("4\n4\n1 2 3 4\n", "\n4 3 2 1\n")
    assert got.problem.examples == ()
    assert got.solutions == ("n = int(input())\nprint(n)", "import heapq\nprint(1)")
    assert got.problem.limits == Limits(cpu_s=1.0, memory_mib=512)
    assert got.tags == ("Data structures", "Greedy algorithms")
    assert (got.platform, got.date) == ("codeforces", "2021-02-23")
    assert got.url == "https://codeforces.com/problemset/problem/1492/B"
    assert got.problem.id == read(r.TACO_STDIN).problem.id
    assert got.problem.id.startswith("taco-")


def test_taco_codewars_outputs_are_taken_out_of_their_list_and_others_are_not() -> None:
    codewars, leetcode = read(r.TACO_CODEWARS), read(r.TACO_LEETCODE)

    assert codewars.problem.function == "sum_mix"
    assert codewars.problem.tests == (
        TestCase('[9, 3, "7", "3"]', "22"),
        TestCase('["5"]', "5"),
    )
    assert codewars.problem.id == "taco-17"
    assert codewars.problem.limits == Limits()
    assert leetcode.problem.tests == (TestCase("[3, 3]", "[3]"),)


def test_taco_items_may_be_lists_of_lines_and_limits_a_range() -> None:
    got = read(r.TACO_LINES)

    assert got.problem.tests == (TestCase("2\n1 2\n3 4", "3\n7"),)
    assert got.problem.limits.cpu_s == 5.0


def test_synthetic_1_reads_python_repr_and_unfences_the_solution() -> None:
    got = read(r.SYNTHETIC_STDIN)

    assert got.problem.tests == (
        TestCase("1 2\n", "3\n"),
        TestCase("it's\n", 'a "b"\n'),
    )
    assert got.solutions == ("a, b = map(int, input().split())\nprint(a + b)",)
    assert got.problem.limits == Limits(cpu_s=2.0, memory_mib=256)
    assert (got.problem.id, got.problem.title) == ("vcp_0", "Vasya adds two numbers.")
    assert (got.platform, got.difficulty) == ("codeforces", "introductory")


def test_synthetic_1_function_outputs_are_one_value_or_a_tuple() -> None:
    both, one = read(r.SYNTHETIC_FUNCTION), read(r.SYNTHETIC_ONE_OUTPUT)

    assert both.problem.tests == (TestCase("7\n2", "[3, 1]"), TestCase("9\n3", "[3, 0]"))
    assert one.problem.tests == (TestCase("[1, 2]", "2"),)


def test_a_function_without_starter_code_gets_its_signature_from_where_it_stands() -> None:
    in_statement, in_solution = read(r.SYNTHETIC_FUNCTION), read(r.SYNTHETIC_ONE_OUTPUT)
    nowhere = read({**r.PREVIEW_PRIME, "solutions": []})

    assert in_statement.problem.starter_code == "def both(a, b):\n\t\n"
    assert in_solution.problem.starter_code == (
        "class Solution:\n    def max_of(self, xs: list):\n        pass\n"
    )
    assert nowhere.problem.starter_code == "def twice(arg1):\n    pass\n"


def test_the_preview_set_is_read_in_each_of_its_forms() -> None:
    lcb, taco, prime = read(r.PREVIEW_LCB), read(r.PREVIEW_TACO), read(r.PREVIEW_PRIME)

    assert (lcb.problem.function, lcb.problem.tests) == ("rev", (TestCase('"abc"', '"cba"'),))
    assert taco.problem.function == "digits"
    assert taco.problem.tests == (TestCase("12", "3"), TestCase("9", "9"))
    assert taco.solutions == ("def digits(n):\n    return sum(map(int, str(n)))",)
    assert (prime.problem.function, prime.problem.tests) == ("twice", (TestCase('"ab"', '"abab"'),))
    assert read(r.PREVIEW_LCB_STDIN).problem.tests == (TestCase("1 2\n", "3\n"),)
    assert [t.output for t in read(r.PREVIEW_CODEFORCES).problem.tests] == ["YES", "NO"]


def test_the_function_of_many_tests_is_kept() -> None:
    tests = [{"testtype": "functional", "input": str(n), "output": str(n)} for n in range(40)]
    got = read({"problem": "Same.", "tests": tests, "metadata": {"func_name": "same"}})

    assert got.problem.function == "same"
    assert len(got.problem.tests) == 40


def test_codeelo_statements_are_put_together_in_the_sites_order() -> None:
    got = read(r.CODEELO)

    assert got.problem.statement == (
        "# Sakurako and Kosuke\n\n"
        "Sakurako and Kosuke decided to play some games with a dot on a line.\n\n"
        "### Input\n\nThe first line contains one integer t.\n\n"
        "### Output\n\nFor each of the t games, print the name.\n\n"
        "### Sample Input 1\n\n```\n4\n1\n6\n3\n98\n```\n\n"
        "### Sample Output 1\n\n```\nKosuke\nSakurako\nKosuke\nSakurako\n```\n\n"
        "### Note\n\nIn the first game ..."
    )
    assert got.problem.examples == (
        TestCase("4\n1\n6\n3\n98\n", "Kosuke\nSakurako\nKosuke\nSakurako\n"),
    )
    assert got.problem.tests == ()
    assert (got.problem.id, got.contest, got.letter) == ("2033A", "2033", "A")
    assert (got.difficulty, got.platform) == ("800", "codeforces")
    assert got.problem.limits == Limits(cpu_s=1.5, memory_mib=256)


def test_codeforces_in_the_plain_form() -> None:
    got = read(r.CODEFORCES_PLAIN)

    assert (got.problem.id, got.contest, got.letter) == ("1999A", "1999", "A")
    assert got.problem.tests == (TestCase("1\n", "2\n"),)


@pytest.mark.parametrize(
    ("row", "kind", "said"),
    [
        ({**r.LCB_STDIN, "question_content": " "}, "missing-field", "question_content"),
        ({**r.LCB_STDIN, "question_content": ["x"]}, "bad-field", "a list"),
        ({**r.LCB_STDIN, "public_test_cases": "[", "private_test_cases": ""}, "unreadable-tests", ""),
        ({**r.LCB_STDIN, "public_test_cases": "[]", "private_test_cases": "[]"}, "no-tests", "no test"),
        ({**r.LCB_FUNCTIONAL, "metadata": "{}"}, "bad-function", "function name"),
        ({**r.LCB_FUNCTIONAL, "metadata": '{"func_name": "a b"}'}, "bad-function", "'a b'"),
        ({**r.LCB_STDIN, "private_test_cases": r.LCB_FUNCTIONAL["private_test_cases"],
          "metadata": r.LCB_FUNCTIONAL["metadata"]}, "mixed-tests", "minBitwiseArray, stdin"),
        ({**r.LCB_FUNCTIONAL, "private_test_cases":
          '[{"input": "x y", "output": "1", "testtype": "functional"}]'}, "unreadable-test", "JSON"),
        ({**r.LCB_STDIN, "private_test_cases": "*!"}, "unreadable-tests", "base64"),
        ({**r.LCB_STDIN, "private_test_cases": "aGVsbG8="}, "unreadable-tests", "zlib"),
        ({**r.TACO_STDIN, "input_output": '{"inputs": ["1"], "outputs": []}'}, "uneven-tests",
         "1 inputs and 0 outputs"),
        ({**r.TACO_STDIN, "input_output": '{"inputs": [null], "outputs": ["1"]}'}, "unreadable-test",
         "null"),
        ({**r.TACO_STDIN, "input_output": "{}"}, "no-tests", ""),
        ({**r.TACO_CODEWARS, "input_output": '{"fn_name": "f", "inputs": [[1]], "outputs": [[NaN]]}'},
         "unreadable-tests", "NaN"),
        ({**r.TACO_CODEWARS, "input_output": '{"fn_name": "f", "inputs": [{"a": 1}], "outputs": [1]}'},
         "unreadable-test", "object"),
        (r.SYNTHETIC_CPP, "language", "cpp"),
        ({**r.SYNTHETIC_STDIN, "verification_info": "__import__('os').getcwd()"},
         "unreadable-tests", "neither JSON"),
        ({**r.PREVIEW_PRIME, "tests": '[{"input": [1], "type": "magic", "output": 1}]'},
         "unreadable-test", "'magic'"),
        ({**r.PREVIEW_PRIME, "tests": "7"}, "bad-field", "a number"),
        (r.CODEELO_INTERACTIVE, "interactive", "interactive"),
        ({**r.CODEELO, "input_mode": "file"}, "file-io", "files"),
        ({**r.OURS, "test": []}, "unknown-field", "'test'"),
        ({**r.OURS, "limits": {"cpu_s": 1e9}}, "bad-field", "cpu_s"),
        ({**r.OURS, "limits": {"cpu": 1}}, "unknown-field", "'cpu'"),
        ({**r.OURS, "checker": "program:check.py"}, "bad-field", "checker program"),
        ({**r.OURS, "statement": "\ud800"}, "bad-field", "surrogate"),
    ],
)  # fmt: skip
def test_rows_that_are_no_problem_say_why(row: dict[str, Any], kind: str, said: str) -> None:
    got = refused(row)

    assert got.kind == kind
    assert said in got.reason
