"""The layers of the sandbox by name, and the tier that those proved amount to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.runner import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable

BUBBLEWRAP, IDENTITY, CAPABILITIES = "bubblewrap", "ordinary user", "no capabilities"
PROCESSES, NETWORK, FILES = "own processes", "no network", "no host files"
IPC, HOST_NAME, NO_GAIN = "own IPC", "own host name", "no new privileges"
FILTER, LANDLOCK, ENVIRONMENT = "call filter", "Landlock", "no environment"
TIME, MEMORY, OUTPUT = "time limit", "memory limit", "output limit"
SEATBELT = "sandbox-exec"
NOTHING_LEFT, CGROUP = "nothing left", "cgroup"
PYTHON, NUMPY, CPP, JAVASCRIPT = "Python", "numpy", "C++", "JavaScript"

NAMESPACES = frozenset({BUBBLEWRAP, PROCESSES, NETWORK, IPC, HOST_NAME, FILES})
ALWAYS = frozenset(
    {IDENTITY, CAPABILITIES, NO_GAIN, FILTER, ENVIRONMENT, TIME, MEMORY, OUTPUT, NOTHING_LEFT}
)
NEEDED = {
    Tier.A: ALWAYS | NAMESPACES | {LANDLOCK},
    Tier.B: ALWAYS | NAMESPACES,
    Tier.C: (ALWAYS - {CAPABILITIES}) | {NETWORK, FILES, LANDLOCK},
}
STRENGTH = (Tier.NONE, Tier.C, Tier.B, Tier.A)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer and whether it holds.

    Attributes:
        name: one of the names of this module.
        proved: it was tried here, by running, and held.
        how: what was tried.
        detail: what was seen; or why it could not be tried.
        absent: it does not exist here, as opposed to existing and failing.
        untried: there is no sandbox to try it in.
    """

    name: str
    proved: bool
    how: str
    detail: str
    absent: bool = False
    untried: bool = False


def tier_of(layers: Iterable[Layer]) -> Tier:
    """The highest tier of which every layer was proved."""
    proved = {layer.name for layer in layers if layer.proved}
    return next((tier for tier, needed in NEEDED.items() if needed <= proved), Tier.NONE)


def at_least(tier: Tier, lowest: Tier) -> bool:
    """Whether `tier` is as strong as `lowest`.

    >>> at_least(Tier.B, Tier.C), at_least(Tier.C, Tier.B), at_least(Tier.A, Tier.A)
    (True, False, True)
    """
    return STRENGTH.index(tier) >= STRENGTH.index(lowest)
