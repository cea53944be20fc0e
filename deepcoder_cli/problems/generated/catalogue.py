"""The catalogue: more than 20,000 compositions that compute different things, and their split.

Each composition is run on 400 random inputs in eight blocks of 50. One that agrees with an
earlier (and shorter) one on a whole block counts as the same and is left out, so no two entries
agree on 200 random inputs but by great luck, and a held-out composition is never a training
composition in other words. The catalogue is a data file; `build` makes it again, bit by bit.

A line of words can be read as a string or as words, so held-out entries of either domain are also
compared with the training entries of both, on shared lines, and left out where they agree.

Not covered: the other domains are not compared with each other, as their inputs differ.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from deepcoder_cli.problems.generated.compose import (
    MAX_STEPS,
    Applied,
    Composition,
    all_of_length,
    parse,
)
from deepcoder_cli.problems.generated.compose import STEP as _STEP
from deepcoder_cli.problems.generated.inputs import DOMAIN
from deepcoder_cli.problems.generated.outputs import RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deepcoder_cli.problems.generated.inputs import Arguments, Domain
    from deepcoder_cli.problems.generated.step import Kind, Parameter

Split = Literal["train", "heldout"]

QUOTAS = {
    "int": 2400,
    "pair": 2400,
    "list": 11000,
    "list_k": 4500,
    "string": 2600,
    "words": 3300,
    "grid": 3300,
}
SEED = 20250408
BLOCKS, BLOCK = 8, 50
HELDOUT_PER_MILLE = 50
MAX_INT = 10**9
MAX_LENGTH = 90
CATALOGUE = Path(__file__).parent / "catalogue.txt.gz"


@cache
def keys(split: Split) -> tuple[str, ...]:
    """The keys of one split, in the catalogue's order."""
    return tuple(key for key in _all_keys() if split_of(key) == split)


def split_of(key: str) -> Split:
    """The split of a composition, by a hash of its key: 5 % are held out."""
    digest = hashlib.sha256(f"{SEED}:{key}".encode()).digest()
    return "heldout" if int.from_bytes(digest[:8]) % 1000 < HELDOUT_PER_MILLE else "train"


def compositions(split: Split) -> Iterator[Composition]:
    """The compositions of one split, in the catalogue's order."""
    return map(parse, keys(split))


@cache
def _all_keys() -> tuple[str, ...]:
    return tuple(gzip.decompress(CATALOGUE.read_bytes()).decode().split())


def probes(domain: Domain, seed: int, count: int) -> list[Arguments]:
    """`count` random arguments of a domain, sizes from 1 to 12."""
    rng = Random(f"{domain.name}/{seed}")
    return [domain.draw(rng, rng.randint(1, 12)) for _ in range(count)]


def outcomes(composition: Composition, inputs: Sequence[Arguments]) -> list[str]:
    """The answers on `inputs`, as JSON."""
    return [json.dumps(composition.evaluate(arguments)) for arguments in inputs]


def build(report: Callable[[str, int, int], None]) -> list[str]:
    """Make the catalogue's keys: about three minutes; `report` gets domain, done, quota."""
    found: list[str] = []
    for name, quota in QUOTAS.items():
        found += _build_domain(DOMAIN[name], quota, report)
    return without_retold(found)


def without_retold(found: Sequence[str]) -> list[str]:
    """The keys without held-out ones that a training one of the sister domain retells.

    >>> heldout = "words|capital_words,even_words|plain_words"
    >>> retold = "string|split,capital_words,even_words|plain_words"
    >>> [split_of(heldout), split_of(retold)]
    ['heldout', 'train']
    >>> without_retold([heldout, retold])
    ['string|split,capital_words,even_words|plain_words']
    """
    lines = probes(DOMAIN["words"], SEED + 1, BLOCKS * BLOCK)
    of_line = {"words": lines, "string": [(" ".join(words),) for (words,) in lines]}
    blocks = {key: _line_blocks(key, of_line) for key in found if key.split("|")[0] in of_line}
    trained = set().union(*(b for key, b in blocks.items() if split_of(key) == "train"))
    return [
        key
        for key in found
        if key not in blocks or split_of(key) == "train" or trained.isdisjoint(blocks[key])
    ]


def _line_blocks(key: str, of_line: dict[str, list[Arguments]]) -> set[tuple[int, str]]:
    composition = parse(key)
    return _hashes(outcomes(composition, of_line[composition.domain.name]))


def write(found: list[str]) -> None:
    """Write the catalogue file; the same keys give the same bytes."""
    text = "".join(f"{key}\n" for key in found)
    CATALOGUE.write_bytes(gzip.compress(text.encode(), mtime=0))


def _build_domain(domain: Domain, quota: int, report: Callable[[str, int, int], None]) -> list[str]:
    inputs = probes(domain, SEED, BLOCKS * BLOCK)
    seen: set[tuple[int, str]] = set()
    found: list[str] = []
    for composition in _proposals(domain):
        if len(found) == quota:
            break
        blocks = _fingerprint(composition, inputs)
        if blocks and seen.isdisjoint(blocks):
            seen.update(blocks)
            found.append(composition.key)
            if len(found) % 100 == 0:
                report(domain.name, len(found), quota)
    return found


def _proposals(domain: Domain) -> Iterator[Composition]:
    """Short ones first and all of them, then random longer ones: half of two steps, no end."""
    yield from all_of_length(domain, 1)
    rng = Random(f"proposals/{domain.name}/{SEED}")
    two_steps = QUOTAS[domain.name] * 2
    for i in range(QUOTAS[domain.name] * 40):
        yield _random(domain, 2 if i < two_steps else MAX_STEPS, rng)


def _random(domain: Domain, length: int, rng: Random) -> Composition:
    steps: list[Applied] = []
    kind = domain.kind
    for _ in range(length):
        step = rng.choice(_BY_KIND[kind])
        steps.append(Applied(step.name, _parameter(step.parameters, domain, rng)))
        kind = step.gives
    result = rng.choice([r for r in RESULTS if r.kind is kind])
    drawn = Composition(
        domain, tuple(steps), Applied(result.name, _parameter(result.parameters, domain, rng))
    )
    uses_k = any(part.parameter == "k" for part in (*drawn.steps, drawn.result))
    return drawn if uses_k or not domain.has_k else _random(domain, length, rng)


def _parameter(parameters: tuple[Parameter, ...], domain: Domain, rng: Random) -> Parameter | None:
    if not parameters:
        return None
    if domain.has_k and isinstance(parameters[0], int):
        return "k"
    return rng.choice(parameters)


_BY_KIND: dict[Kind, list[Any]] = {}
for _step in _STEP.values():
    _BY_KIND.setdefault(_step.takes, []).append(_step)


def _fingerprint(
    composition: Composition, inputs: Sequence[Arguments]
) -> set[tuple[int, str]] | None:
    """A hash for each block of answers; None when the answers are dull or too large."""
    answers: list[str] = []
    for arguments in inputs:
        for step, value in enumerate(composition.values(arguments)):  # lazily: stop in time
            if not _modest(value) or _too_much(composition, step, value):
                return None
        answers.append(json.dumps(value))
    if _dull(answers):
        return None
    return _hashes(answers)


def _hashes(answers: Sequence[str]) -> set[tuple[int, str]]:
    blocks = ("\n".join(answers[i : i + BLOCK]) for i in range(0, len(answers), BLOCK))
    return {(i, hashlib.sha256(b.encode()).hexdigest()) for i, b in enumerate(blocks)}


def _too_much(composition: Composition, step: int, value: Any) -> bool:
    limit = _STEP[composition.steps[step].name].limit if step < len(composition.steps) else None
    return limit is not None and value > limit


def _modest(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) <= MAX_INT
    return len(value) <= MAX_LENGTH and (isinstance(value, str) or all(map(_modest, value)))


def _dull(answers: list[str]) -> bool:
    """Whether one answer makes up most of the answers."""
    return Counter(answers).most_common(1)[0][1] > 0.7 * len(answers)
