"""How long a context fits into this machine's memory, when none was asked for.

An estimate against the out-of-memory killer, for engines that compute on the CPU: f16 keys and
values, the weights, and a reserve. Not covered: memory on other devices.
"""

from __future__ import annotations

from pathlib import Path

LEAST_TOKENS = 2048
_RESERVE_BYTES = 1 << 30  # compute buffers, this process, and what else wakes up meanwhile
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_UNKNOWN = 1 << 62


def fitting_context(wanted_tokens: int, *, bytes_per_token: int, weight_bytes: int) -> int:
    """`wanted_tokens`, halved until its KV cache fits beside the weights; at least 2,048.

    >>> fitting_context(4096, bytes_per_token=0, weight_bytes=0)
    4096
    """
    room = available_bytes() - weight_bytes - _RESERVE_BYTES
    tokens = wanted_tokens
    while tokens * bytes_per_token > room and tokens // 2 >= LEAST_TOKENS:
        tokens //= 2
    return tokens


def available_bytes() -> int:
    """Memory that can be had without swapping, within the container's limit."""
    return min(_machine_available(), _container_available())


def _machine_available() -> int:
    """MemAvailable; a very large number where the system does not say."""
    try:
        return _table(_MEMINFO)["MemAvailable:"] << 10
    except (OSError, KeyError):
        return _UNKNOWN


def _container_available() -> int:
    """What the cgroup's limit leaves, its file cache counted as free; very much without one."""
    try:
        limit = int((_CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        usage = _table(_CGROUP / "memory.stat")
        return limit - used + usage["active_file"] + usage["inactive_file"]
    except (OSError, ValueError, KeyError):  # ValueError: the limit is "max"
        return _UNKNOWN


def _table(path: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows}
