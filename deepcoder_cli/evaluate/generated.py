"""The benchmark `generated`: problems made on the spot, so it is always there.

They are held-out compositions of `problems.generated`, a different one each, which the built-in
model was not trained on. With the seed it was trained and scored with they are the very problems of
its published pass@1 (docs/nano.md). They measure whether a model composes small steps; they say
next to nothing about contest problems.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.row import DatasetProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "generated"
SEED = 20250408  # finetune.nano's
COUNT = 400  # the problems of nano's published score
SPLIT = "held out"


def benchmark_name(seed: int = SEED) -> str:
    """Name and version: other seeds are other problems.

    >>> benchmark_name()
    'generated:20250408'
    """
    return f"{NAME}:{seed}"


def generated_problems(count: int = COUNT, seed: int = SEED) -> Iterator[DatasetProblem]:
    """`count` problems of held-out compositions; equal arguments give equal problems.

    Each has the statement as the generator words it, its two examples and eight further tests (ten
    in all), and the reference solution. Its tags are the kind of input and `held out`; its
    difficulty is the number of steps.

    Raises:
        InputError: fewer than one, or more than there are.
    """
    from deepcoder_cli.problems.generated import keys

    held_out = keys("heldout")
    if not 1 <= count <= len(held_out):
        msg = f"cannot generate {count} problems (1 to {len(held_out)}: one a composition)."
        raise InputError(f"{msg} Ask for fewer.")
    chosen = Random(f"score/{seed}").sample(held_out, count)  # noqa: S311 - reproducible
    return (_problem(key, seed) for key in chosen)


def _problem(key: str, seed: int) -> DatasetProblem:
    from deepcoder_cli.problems.generated import generate, parse

    composition = parse(key)
    made = generate(composition, seed)
    steps = len(composition.steps)
    return DatasetProblem(
        problem=made.problem,
        source=NAME,
        solutions=(made.program,),
        difficulty="1 step" if steps == 1 else f"{steps} steps",
        platform=NAME,
        tags=(composition.domain.name, SPLIT),
    )
