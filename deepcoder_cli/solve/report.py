"""The outcome of a race as text for people: the table of candidates and the first failure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.verdict import VERDICT_NAMES, Verdict
from deepcoder_cli.solve.outcome import verdict_label
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.sandbox.verdict import TestVerdict
    from deepcoder_cli.solve.outcome import Outcome

MAX_LINES = 20
MAX_COLUMNS = 100
MAX_COMPARED_LINES = 2000
_HEADINGS = ("candidate", "verdict", "examples", "tokens", "seconds", "")


def table(outcomes: Sequence[Outcome], total: int) -> str:
    """One row a candidate; columns are aligned, numbers to the right."""
    rows = [_HEADINGS, *(_row(outcome, total) for outcome in outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in rows)


def failure(outcome: Outcome) -> str:
    """What the candidate did on its first failing example; empty when there is none."""
    bad = outcome.judgement.first_failure if outcome.judgement else None
    if outcome.judgement is None or bad is None:
        return ""
    number = outcome.judgement.tests.index(bad) + 1
    head = f"candidate {outcome.candidate.index + 1}, example {number}: {explain(bad)}"
    parts = [head, "input:", _block(bad.test.input)]
    if bad.verdict is Verdict.WA:
        parts += ["expected (-) and got (+):", difference(bad.test.output, _got(bad))]
    elif bad.result.stderr and bad.verdict in {Verdict.RE, Verdict.CE}:
        parts += ["standard error, its end:", _block(_text(bad.result.stderr), from_end=True)]
    return "\n".join(parts)


def explain(test: TestVerdict) -> str:
    """The verdict in words, with the cause where one is known."""
    result, words = test.result, VERDICT_NAMES[test.verdict]
    if test.verdict is Verdict.IE:
        return f"{words}, no fault of the program ({shown_line(result.detail) or 'no detail'})"
    if test.verdict is Verdict.CE and result.detail:
        return f"{words} ({shown_line(result.detail)})"
    if test.verdict is Verdict.TLE:
        return f"{words} ({result.cpu_s:.1f} s of CPU time)"
    if test.verdict is Verdict.RE:
        return f"{words} ({_ending(test)})"
    return words


def difference(expected: str, got: str) -> str:
    r"""Lines that are expected marked -, lines that came +, common ones unmarked.

    >>> difference("1\n2\n", "1\n3\n")
    '  1\n- 2\n+ 3'
    """
    want, have = _lines(expected), _lines(got)
    if max(len(want), len(have)) > MAX_COMPARED_LINES:  # comparing is quadratic
        want, have = want[:MAX_COMPARED_LINES], have[:MAX_COMPARED_LINES]
    lines: list[str] = []
    matcher = difflib.SequenceMatcher(None, want, have, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            lines += [f"  {line}" for line in want[a:b]]
        else:
            lines += [f"- {line}" for line in want[a:b]] + [f"+ {line}" for line in have[c:d]]
    if not have:
        lines.append("+ (no output)")
    first = next((i for i, line in enumerate(lines) if line[0] != " "), 0)
    return "\n".join(_elided(lines, start=max(0, first - 3)))


def shown_line(text: str) -> str:
    r"""One line with control characters shown as escapes, cut at 100 columns.

    >>> shown_line("a\x1b[2J\tb")
    'a\\x1b[2J\\tb'
    """
    shown = escaped(text)
    if len(shown) > MAX_COLUMNS:
        return f"{shown[:MAX_COLUMNS]}... ({len(shown) - MAX_COLUMNS} more characters)"
    return shown


def _row(outcome: Outcome, total: int) -> tuple[str, ...]:
    completion = outcome.candidate.completion
    notes = []
    if outcome.same_as is not None:
        notes.append(f"same program as {outcome.same_as + 1}")
    if outcome.candidate.program is None:
        notes.append(f"ended by {completion.finish_reason}")
    return (
        str(outcome.candidate.index + 1),
        verdict_label(outcome),
        f"{outcome.passed}/{total}" if outcome.judgement else "-",
        str(completion.usage.completion_tokens),
        f"{outcome.sample_s:.1f}",
        ", ".join(notes),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text.ljust(width) if column in {1, 5} else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _got(test: TestVerdict) -> str:
    return test.result.value if test.result.value is not None else _text(test.result.stdout)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _ending(test: TestVerdict) -> str:
    if test.result.signal is not None:
        return f"signal {test.result.signal}"
    if test.result.exit_code:
        return f"exit code {test.result.exit_code}"
    return "no usable value was returned"


def _lines(text: str) -> list[str]:
    """Lines as they are shown; trailing white space counts for nothing in any checker."""
    return [shown_line(line.rstrip()) for line in text.rstrip().split("\n")] if text.strip() else []


def _block(text: str, *, from_end: bool = False) -> str:
    lines = [f"  {line}" for line in _lines(text)] or ["  (empty)"]
    start = max(0, len(lines) - MAX_LINES) if from_end else 0
    return "\n".join(_elided(lines, start=start))


def _elided(lines: list[str], start: int) -> list[str]:
    end = start + MAX_LINES
    before = [f"  ... {start} lines"] if start else []
    after = [f"  ... {len(lines) - end} more lines"] if len(lines) > end else []
    return [*before, *lines[start:end], *after]
