"""Why a row is refused: raised where it is seen, collected by `dataset.Dataset`."""

from __future__ import annotations

REASONS = {
    "not-json": "the line is no JSON",
    "not-utf8": "the line is not UTF-8",
    "not-an-object": "the line is JSON, but no object",
    "too-large": "a line, a literal or a decompressed text is over its bound",
    "missing-field": "a field the format needs is absent or empty",
    "bad-field": "a field is of another kind than the format's",
    "unknown-field": "a field our own JSONL does not have",
    "no-tests": "there is no test at all",
    "uneven-tests": "there are more inputs than outputs, or fewer",
    "mixed-tests": "some tests call a function and some do not, or they name different ones",
    "unreadable-test": "a test's input or output cannot be read as values",
    "unreadable-tests": "the field with the tests is no JSON, literal or compressed JSON",
    "hostile-pickle": "private tests hold a pickle of something other than one text",
    "bad-function": "the name of the function is no name",
    "interactive": "the program would have to talk to a judge",
    "file-io": "the program would have to read or write files",
    "language": "the row asks for another language than Python",
    "bad-problem": "a problem.md that cannot be used",
    "duplicate-id": "an earlier row of this data set has the same id",
}
"""Every `kind` of a refusal, and what it means."""


class RowRefused(ValueError):  # noqa: N818 - the name says what happened
    """A row cannot become a problem.

    Attributes:
        kind: one of REASONS, to count by.
        reason: one line for people.
    """

    def __init__(self, kind: str, reason: str) -> None:
        if kind not in REASONS:
            raise AssertionError(f"no such kind of refusal: {kind}")
        super().__init__(reason)
        self.kind = kind
        self.reason = " ".join(reason.split())[:300]
