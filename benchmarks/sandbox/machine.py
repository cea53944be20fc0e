"""Where and on what a measurement was made."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from deepcoder_cli.sandbox import layout


def facts() -> dict[str, object]:
    """What a reader must know to judge the numbers."""
    python = layout.current_interpreter()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "interpreter": python.executable.name,
        "pth_files": len(list(python.stdlib.glob("site-packages/*.pth"))),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "root": layout.running_as_root(),
        "bubblewrap": _first_line(["bwrap", "--version"]),
        "commit": _first_line(["git", "rev-parse", "--short", "HEAD"]),
        "load_before": os.getloadavg()[0],
    }


def _cpu_model() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.startswith("model name")]
    return lines[0].partition(":")[2].strip() if lines else "unknown"


def _first_line(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return "absent"
    return done.stdout.strip().partition("\n")[0] if done.returncode == 0 else "unknown"
