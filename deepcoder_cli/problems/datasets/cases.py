"""Tests as the data sets write them -> `TestCase`, ours.

A test of stdin is text. A test of a function is one JSON value a line for the arguments and one
JSON value for the result. Integer keys of objects, which JSON cannot hold, stay text.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deepcoder_cli.problems.datasets.fields import kind_of, mapping
from deepcoder_cli.problems.datasets.literals import read_json, read_json_or_literal, to_json
from deepcoder_cli.problems.datasets.refusal import RowRefused
from deepcoder_cli.types import TestCase

_FUNCTION_TYPES = {"functional", "function_call", "call_based", "function"}
_STDIN_TYPES = {"stdin", "stdin_stdout", "standard_input", ""}


@dataclass(frozen=True, slots=True)
class Cases:
    """The tests of a row, and the function they call; None for stdin to stdout."""

    tests: tuple[TestCase, ...]
    function: str | None = None


def stdin_case(given: object, expected: object) -> TestCase:
    r"""A test of stdin to stdout; a list is lines.

    Raises:
        RowRefused: neither text, a number nor a list of those.

    >>> stdin_case(["2", "1 2"], 3)
    TestCase(input='2\n1 2', output='3')
    """
    return TestCase(_as_lines(given, "input"), _as_lines(expected, "output"))


def call_case(given: object, expected: object, *, wrapped: bool) -> TestCase:
    r"""A test of a function.

    Args:
        given: a list of arguments; or text, one JSON value a line (`expected` is JSON text then);
            or a single argument.
        expected: the value, or the JSON text of it.
        wrapped: whether a list of one element stands for that element.

    Raises:
        RowRefused: it cannot be read as JSON values.

    >>> call_case([[1, 2], "a"], [3], wrapped=True)
    TestCase(input='[1, 2]\n"a"', output='3')
    >>> call_case("[1, 2]\n\"a\"", "[3]", wrapped=False)
    TestCase(input='[1, 2]\n"a"', output='[3]')
    """
    if isinstance(given, str):
        if isinstance(expected, str):
            return TestCase(_argument_lines(given), _one_line(expected))
        return TestCase(_argument_lines(given), to_json(_unwrapped(expected, wrapped), "output"))
    if isinstance(given, Mapping):
        message = "input is an object (a list of arguments is needed)"
        raise RowRefused("unreadable-test", message)
    arguments = given if isinstance(given, list | tuple) else (given,)
    lines = "\n".join(to_json(argument, "input") for argument in arguments)
    return TestCase(lines, to_json(_unwrapped(expected, wrapped), "output"))


def from_objects(tests: Sequence[object], function: str | None) -> Cases:
    """Tests given one by one: `{input, output}` with `testtype` or `type`, and perhaps `fn_name`.

    LiveCodeBench writes `testtype` (the function's name is in the row's metadata, given here as
    `function`, or in each test's); SYNTHETIC-1 writes `type`, and its outputs of functions are
    lists that stand for their one element: o[0] if len(o) == 1 else tuple(o).

    Raises:
        RowRefused: tests of two kinds, without a function's name, or that cannot be read.
    """
    found: list[TestCase] = []
    names: set[str | None] = set()
    for number, test in enumerate(tests):
        if not isinstance(test, Mapping) or "input" not in test or "output" not in test:
            message = f"test {number} is {kind_of(test)} (an object with input and output)"
            raise RowRefused("unreadable-test", message)
        name = _function_of(test, function)
        names.add(name)
        given, expected = test["input"], test["output"]
        if name is None:
            found.append(stdin_case(given, expected))
        else:
            wrapped = "type" in test and isinstance(expected, list | tuple)
            found.append(call_case(given, expected, wrapped=wrapped))
    if len(names) > 1:
        listed = ", ".join(sorted(str(name or "stdin") for name in names))
        raise RowRefused("mixed-tests", f"tests of different kinds: {listed}")
    return Cases(tuple(found), next(iter(names), None))


def from_columns(given: Mapping[str, object], *, codewars: bool | None) -> Cases:
    """Tests given as `{fn_name?, inputs, outputs}`, TACO's form.

    Args:
        given: the object.
        codewars: whether outputs of functions may be wrapped in a list of one element; None when
            the source is not known. They are taken to be wrapped where every one is such a list.

    Raises:
        RowRefused: lists of different lengths, or tests that cannot be read.
    """
    inputs, outputs = (_column(given, name) for name in ("inputs", "outputs"))
    if len(inputs) != len(outputs):
        message = f"{len(inputs)} inputs and {len(outputs)} outputs"
        raise RowRefused("uneven-tests", message)
    pairs = list(zip(inputs, outputs, strict=True))
    name = given.get("fn_name")
    if name is None or name == "":
        return Cases(tuple(stdin_case(*pair) for pair in pairs))
    ones = all(isinstance(output, list | tuple) and len(output) == 1 for output in outputs)
    wrapped = ones and codewars is not False
    tests = tuple(call_case(*pair, wrapped=wrapped) for pair in pairs)
    return Cases(tests, function_name(name))


def function_name(name: object) -> str:
    """`name`, which is to be called.

    Raises:
        RowRefused: it is no name of a function.
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise RowRefused("bad-function", f"function name: {str(name)[:60]!r} (a Python name)")
    return name


def _function_of(test: Mapping[str, object], function: str | None) -> str | None:
    """The function a test calls; None for stdin."""
    kind = test.get("testtype", test.get("type"))
    own = test.get("fn_name") or mapping(test.get("metadata"), "a test's metadata").get("func_name")
    if kind is None:
        kind = "function_call" if own else "stdin"
    if not isinstance(kind, str) or kind not in _FUNCTION_TYPES | _STDIN_TYPES:
        raise RowRefused("unreadable-test", f"test of an unknown type: {str(kind)[:60]!r}")
    if kind in _STDIN_TYPES:
        return None
    return function_name(own or function)


def _column(given: Mapping[str, object], name: str) -> Sequence[object]:
    column = given.get(name)
    if column is None:
        return ()
    if not isinstance(column, list | tuple):
        raise RowRefused("unreadable-tests", f"{name} is {kind_of(column)} (a list is needed)")
    return column


def _unwrapped(value: object, wrapped: bool) -> object:
    if wrapped and isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


def _as_lines(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "\n".join(_scalar(item, what) for item in value)
    return _scalar(value, what)


def _scalar(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # an integer of more digits than Python writes
            raise RowRefused("too-large", f"{what}: an integer of too many digits") from None
    raise RowRefused("unreadable-test", f"{what} is {kind_of(value)} (text or lines are needed)")


def _argument_lines(text: str) -> str:
    """One JSON value a line. Text that is that stays as it is written."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        read = [_one_line(line) for line in lines]
    except RowRefused:
        if len(lines) < 2:
            raise
        return to_json(read_json(text, "input", "unreadable-test"), "input")  # one, laid out
    return text if read == lines else "\n".join(read)


def _one_line(text: str) -> str:
    """The JSON text of one value, on one line; JSON on one line stays as it is written."""
    try:
        value = read_json(text, "value", "unreadable-test")
    except RowRefused:
        value = read_json_or_literal(text, "value", "unreadable-test")
    else:
        if "\n" not in text.strip():
            return text.strip("\n")
    return to_json(value, "value")
