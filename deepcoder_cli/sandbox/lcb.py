"""`lcb-compat`: the comparison of LiveCodeBench's grader, for scores that can be set beside others.

What is copied is how an output, or a value, is compared (its testing_util.py), not how a program
is run: there a program that ends in `sys.exit(1)` can pass, and one that writes bytes cannot.
Laxer than `tokens`: any numbers may be written in any way Python's Decimal reads (`1e3`, `1_000`,
`１`), and Unicode white space separates. Stricter: lines count, and there is no tolerance.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation

_STRICT = Context(traps=[InvalidOperation])  # whatever the caller's context, no number is an error


def lcb_match(expected: str, actual: str) -> bool:
    r"""Whether the stripped lines are the same, or the same decimal numbers, word by word.

    >>> lcb_match("1 2\nyes\n", "1.0  2e0\n yes")
    True
    >>> lcb_match("1 2", "1\n2"), lcb_match("a b", "a  b")
    (False, False)
    """
    want = expected.strip().split("\n")
    got = actual.strip().split("\n", len(want))  # a flood of lines is never built
    return len(want) == len(got) and all(map(_line_matches, want, got))


def _line_matches(expected: str, actual: str) -> bool:
    expected, actual = expected.strip(), actual.strip()
    if expected == actual:
        return True
    words = expected.split()
    others = actual.split(None, len(words))
    return len(words) == len(others) and all(map(_same_number, words, others))


def _same_number(expected: str, actual: str) -> bool:
    """As numbers alone: in a line that is not the same text, a word matches nothing."""
    try:
        want, got = Decimal(expected, _STRICT), Decimal(actual, _STRICT)
    except InvalidOperation:
        return False
    return not (want.is_nan() or got.is_nan()) and want == got
