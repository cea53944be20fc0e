"""Makes a fork cheap: what a child allocates lands on few pages, so that few are copied.

Python's allocator hands out the free blocks of the pages it already has, which after an import lie
scattered: a child that makes a few hundred small objects would touch as many pages as there are
such holes, each copied at 3 us. So the zygote fills the holes before it forks.
"""

from __future__ import annotations

import os
import sys

BYTES_HEADER = 33  # what a bytes object takes besides its content

_filling: list[object] = []


def fill_holes() -> None:
    """Fill the holes for good; with another allocator than Python's own there are none to see."""
    for size, free in _holes().items():
        if size == 16:
            _filling.extend([object() for _ in range(free)])
        elif size == 32:
            _filling.extend([float(number) for number in range(free)])
        else:
            _filling.extend([bytes(size - BYTES_HEADER) for _ in range(free)])


def _holes() -> dict[int, int]:
    """Free blocks in pages in use, by size; from what Python says of itself on stderr."""
    file, stderr = os.memfd_create("statistics"), os.dup(2)
    os.dup2(file, 2)
    try:
        sys._debugmallocstats()
    finally:
        os.dup2(stderr, 2)
        text = os.pread(file, 1 << 20, 0).decode("ascii", "replace")
        os.close(stderr)
        os.close(file)
    rows = (line.split() for line in text.splitlines())
    return {int(row[1]): int(row[4]) for row in rows if len(row) == 5 and "".join(row).isdigit()}
