"""Uids of the host that nobody has, for sandboxes that are started as root."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path

UIDS = 0x70000000, 0x0FFF0000  # first and count
FEW_UIDS = 20000, 40000


def next_uid() -> int:
    """A uid that nobody has, drawn anew for each sandbox: the kernel counts processes by uid.

    From a range that no distribution and no container manager gives out; inside a container that
    maps few uids, from the few it has.
    """
    first, count = UIDS if _is_mapped(UIDS) else FEW_UIDS
    return first + secrets.randbelow(count)


@cache
def _is_mapped(uids: tuple[int, int]) -> bool:
    """Whether this process's user namespace knows all of `uids` (first, count)."""
    rows = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    spans = ((int(first), int(count)) for first, _, count in map(str.split, rows))
    first, count = uids
    return any(low <= first and first + count <= low + span for low, span in spans)
