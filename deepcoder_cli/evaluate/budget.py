"""Token budgets: reading `16K,32K,64K`, and scoring a smaller budget from a longer run.

A table of scores by budget can be had in two ways, and says which: by sampling at each budget
(`sampled`), or by cutting the completions of the largest one (`truncated`), which costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepcoder_cli.evaluate.records import Sample, SampleVerdict

KI = 1024
MAX_TOKENS = 1 << 20
NO_PROGRAM = "NP"
Origin = Literal["sampled", "truncated"]
_BUDGET = re.compile(r"([0-9]{1,12})([kK]?)", re.ASCII)


def parse_budgets(text: str) -> tuple[int, ...]:
    """The budgets of a comma-separated list, in tokens, smallest first.

    K is 1024; a number without it is as it stands.

    Raises:
        InputError: something is no budget, below 1, above 1024K, or there twice.

    >>> parse_budgets("64K,16K, 3000")
    (3000, 16384, 65536)
    """
    budgets = [_budget(part.strip(), text) for part in text.split(",")]
    twice = next((budget for budget in budgets if budgets.count(budget) > 1), None)
    if twice is not None:
        msg = f"budget given twice: {label(twice)} in {text!r} (each once). Leave one out."
        raise InputError(msg)
    return tuple(sorted(budgets))


def _budget(part: str, text: str) -> int:
    found = _BUDGET.fullmatch(part)
    budget = int(found[1]) * (KI if found[2] else 1) if found else 0
    if not 1 <= budget <= MAX_TOKENS:
        msg = f"not a token budget: {part!r:.40} in {text!r:.80} (1 to 1024K tokens)."
        raise InputError(f"{msg} Write 16K,32K,64K.")
    return budget


def label(budget: int) -> str:
    """A budget as people write it.

    >>> label(65536), label(3000)
    ('64K', '3000')
    """
    return f"{budget // KI}K" if budget % KI == 0 else str(budget)


@dataclass(frozen=True, slots=True)
class BudgetVerdicts:
    """What a run is worth at one budget.

    Attributes:
        budget: in tokens.
        origin: `sampled` at this budget, or `truncated` from completions of a larger one.
        verdicts: one a sample, in the order given.
        cut: the keys of the samples that the budget cut.
    """

    budget: int
    origin: Origin
    verdicts: tuple[SampleVerdict, ...]
    cut: frozenset[str]

    @property
    def title(self) -> str:
        """Budget and origin, such as `16K (truncated)`."""
        return f"{label(self.budget)} ({self.origin})"


def at_budget(
    samples: Iterable[Sample], verdicts: Iterable[SampleVerdict], budget: int
) -> BudgetVerdicts:
    """The verdicts that the samples of a longer run have at `budget`.

    A completion of more than `budget` tokens is cut and scores nothing (NP). With the budget it
    was sampled at, the verdicts are its own and the origin is `sampled`.

    Not covered: a completion that ended its program before the cut and went on scores nothing here,
    where sampling at that budget might have found the program. Nor is a backend that counts the
    token that ends a completion told from one that does not, so a completion of just `budget`
    tokens counts as whole. And a model told of its budget would have answered otherwise.

    Args:
        samples: of one budget, the largest; they may be an iterator, and are read once.
        verdicts: of one checker on these samples; those on other samples are left out.
        budget: in tokens.

    Raises:
        InputError: a sample's budget is smaller than `budget` or differs from the others', or its
            number of tokens is not known and cannot be told from its budget.
    """
    sampled_at: set[int] = set()
    cut: dict[str, bool] = {}
    tokens: dict[str, int | None] = {}
    for sample in samples:
        sampled_at.add(sample.budget)
        cut[sample.key] = _is_cut(sample, budget)
        tokens[sample.key] = sample.completion_tokens
    if len(sampled_at) > 1:
        several = ", ".join(label(budget) for budget in sorted(sampled_at))
        raise InputError(f"samples of several budgets: {several} (one). Choose the largest.")
    origin: Origin = "sampled" if sampled_at == {budget} else "truncated"
    known = (verdict for verdict in verdicts if verdict.key in cut)
    if origin == "truncated":
        known = (
            _nothing(verdict, budget, tokens[verdict.key]) if cut[verdict.key] else verdict
            for verdict in known
        )
    return BudgetVerdicts(
        budget, origin, tuple(known), frozenset(key for key, was_cut in cut.items() if was_cut)
    )


def _is_cut(sample: Sample, budget: int) -> bool:
    if sample.budget < budget:
        msg = f"a budget of {label(budget)} is more than sampled: {label(sample.budget)}."
        raise InputError(f"{msg} Sample it with --budget {label(budget)}.")
    if sample.budget == budget:
        return sample.truncated
    if sample.completion_tokens is not None:
        return sample.completion_tokens > budget
    if sample.truncated:  # it took the whole of a larger budget
        return True
    msg = f"tokens of sample {sample.key} are not known (its backend does not count them)."
    raise InputError(f"{msg} Sample with --budget {label(budget)} instead of truncating.")


def _nothing(verdict: SampleVerdict, budget: int, tokens: int | None) -> SampleVerdict:
    """`verdict` as that of a completion without an answer."""
    length = "" if tokens is None else f" of {tokens:,} tokens"
    return replace(
        verdict, verdict=NO_PROGRAM, passed=0, first_failure=None, program=None, seconds=0.0,
        detail=f"the completion{length} was cut to {label(budget)}",
    )  # fmt: skip
