"""How numbers are written in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.verdict import VERDICT_NAMES

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.estimators import Estimate
    from deepcoder_cli.evaluate.scores import Score

_NAMES = {str(verdict): name for verdict, name in VERDICT_NAMES.items()} | {"NP": "no program"}


def percent(share: float) -> str:
    """A fraction in per cent, one digit after the point.

    >>> percent(169 / 279)
    '60.6'
    """
    return f"{100 * share:.1f}"


def interval(estimate: Estimate) -> str:
    """An estimate in per cent with its interval."""
    return f"{percent(estimate.value)} [{percent(estimate.low)}, {percent(estimate.high)}]"


def pass_at_1(score: Score | None) -> str:
    """pass@1 with its interval, or a dash."""
    return interval(score.pass_at_1) if score else "-"


def tokens(count: int) -> str:
    """A token budget.

    >>> tokens(65536), tokens(1000)
    ('64K', '1,000')
    """
    return f"{count // 1024}K" if count and count % 1024 == 0 else f"{count:,}"


def share(count: int, of: int) -> str:
    """A count with its share.

    >>> share(12, 279)
    '12 (4.3 %)'
    """
    return f"{count:,} ({percent(count / of)} %)" if of else f"{count:,}"


def of(count: int, whole: int) -> str:
    """A count of a whole: `168 of 279`."""
    return f"{count:,} of {whole:,}"


def some(count: int, noun: str) -> str:
    """A count with its noun, which takes an s.

    >>> some(1, "sample"), some(2, "sample")
    ('1 sample', '2 samples')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def verdict(code: str) -> str:
    """A verdict's code with its name.

    >>> verdict("WA")
    'WA wrong answer'
    """
    return f"{code} {_NAMES[code]}" if code in _NAMES else code
