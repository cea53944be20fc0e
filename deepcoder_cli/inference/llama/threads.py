"""How many threads the engine uses: one a physical core that this process may really use."""

from __future__ import annotations

import os
from pathlib import Path

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def default_threads() -> int:
    """Physical cores within affinity and the container's quota; one is left free from four up.

    The free core runs the terminal and judges programs: an engine on every core makes both
    wait, and itself too.
    """
    cores = min(_physical_cores(), _quota())
    return cores - 1 if cores >= 4 else max(1, cores)


def _physical_cores() -> int:
    """Hyperthreads share a core's arithmetic units: counted once."""
    cpus = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    return len({_core_of(cpu) for cpu in cpus})


def _core_of(cpu: int) -> str:
    try:
        return Path(_SIBLINGS.format(cpu)).read_text(encoding="ascii")
    except OSError:
        return str(cpu)


def _quota() -> int:
    """CPUs that the cgroup grants, rounded up; very many where it sets no limit."""
    try:
        limit, period = _QUOTA.read_text(encoding="ascii").split()
        return -(-int(limit) // int(period))
    except (OSError, ValueError):
        return 1 << 16
