"""Which program of an answer is judged: our own rule, and those of two other graders.

`strict` is `extract.program`: the last closed block of the answer labelled Python. `rllm` and `lcb`
look at the whole completion, reasoning included, as the graders of rLLM and LiveCodeBench do, for
scores that can be set beside theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deepcoder_cli import extract
from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.evaluate.records import Sample

_BLOCK = re.compile(r"```(?:\w+)?\n(.*?)```", re.DOTALL)
END_OF_REASONING = "\n</think>\n\n"


def program_of(sample: Sample, mode: str) -> str | None:
    """The program of a sample; None where there is none.

    Raises:
        InputError: no such mode.
    """
    if sample.is_program:
        return sample.answer
    try:
        rule = MODES[mode]
    except KeyError:
        msg = f"unknown way to extract programs: {mode} ({', '.join(MODES)})."
        raise InputError(f"{msg} Choose one of these.") from None
    return rule(sample)


def labelled(checker: str, mode: str) -> str:
    """A checker's name with the way of extraction, so that no two ways are ever mixed up.

    >>> labelled("strict/1", "strict"), labelled("strict/1", "lcb")
    ('strict/1', 'strict/1 lcb')
    """
    return checker if mode == "strict" else f"{checker} {mode}"


def _strict(sample: Sample) -> str | None:
    """Reasoning that was never closed leaves no answer, and so no program."""
    return extract.program(sample.answer)


def _rllm(sample: Sample) -> str | None:
    """The last fenced block anywhere, whatever its language (rllm/rewards/code_reward.py)."""
    blocks = _BLOCK.findall(_whole(sample))
    return blocks[-1].strip() if blocks else None


def _lcb(sample: Sample) -> str | None:
    """What lies between the last two lines with a fence (lcb_runner, extraction_utils.py)."""
    lines = _whole(sample).split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    if len(fences) < 2:
        return None
    return "\n".join(lines[fences[-2] + 1 : fences[-1]])


def _whole(sample: Sample) -> str:
    if not sample.reasoning:
        return sample.answer
    if sample.truncated and not sample.answer:
        return sample.reasoning
    return sample.reasoning + END_OF_REASONING + sample.answer


MODES: dict[str, Callable[[Sample], str | None]] = {"strict": _strict, "rllm": _rllm, "lcb": _lcb}
