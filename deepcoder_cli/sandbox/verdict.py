"""The eight verdicts and what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import RunResult
    from deepcoder_cli.types import TestCase


class Verdict(StrEnum):
    """What a run means. IE is a fault of the judge, never of the program."""

    AC = "AC"
    WA = "WA"
    TLE = "TLE"
    MLE = "MLE"
    OLE = "OLE"
    RE = "RE"
    CE = "CE"
    IE = "IE"


VERDICT_NAMES: dict[Verdict, str] = {
    Verdict.AC: "accepted",
    Verdict.WA: "wrong answer",
    Verdict.TLE: "time limit exceeded",
    Verdict.MLE: "memory limit exceeded",
    Verdict.OLE: "output limit exceeded",
    Verdict.RE: "runtime error",
    Verdict.CE: "compile error",
    Verdict.IE: "internal error of the judge",
}


@dataclass(frozen=True, slots=True)
class TestVerdict:
    """The verdict on one test, with what the program did.

    The verdict is on the whole output; `result` keeps the first 64 KiB of stdout, of stderr and of
    a value, and is `truncated` when that, or the output cap, left something out. `detail` is a
    line for people: what a checker program said (which may quote the expected output), or whose
    fault an IE is.
    """

    __test__ = False  # not a pytest class

    verdict: Verdict
    test: TestCase
    result: RunResult
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a program: AC when every test is AC, else the first that is not.

    `tests` holds the tests that were run, in order. They may be fewer than the `total` asked for:
    those after the first failure are left out with `stop_at_first_failure`, and in any case those
    after a CE (all would fail alike) or a TLE, MLE or OLE (each would cost a whole limit).
    `detail` is that of the first failure, or why there is no verdict at all.
    """

    verdict: Verdict
    tests: tuple[TestVerdict, ...]
    total: int
    detail: str = ""

    @property
    def passed(self) -> int:
        """How many tests were accepted."""
        return sum(t.verdict is Verdict.AC for t in self.tests)

    @property
    def first_failure(self) -> TestVerdict | None:
        """The first test that is not AC."""
        return next((t for t in self.tests if t.verdict is not Verdict.AC), None)
