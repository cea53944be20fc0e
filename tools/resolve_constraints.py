"""Writes constraints-cpu.txt anew: what pip resolves now for the `dev` extra on this machine.

Run it through `make constraints`, then `make test` and `make check` before committing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "constraints-cpu.txt"


def resolve() -> list[str]:
    """Pins of everything that `deepcoder-cli[dev]` needs, the project itself left out."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
    command += ["--ignore-installed", "--report", "-", f"{ROOT}[dev]"]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found = [package["metadata"] for package in json.loads(report.stdout)["install"]]
    return sorted(pin(p["name"], p["version"]) for p in found if p["name"] != "deepcoder-cli")


def pin(name: str, version: str) -> str:
    """One line of the file; a local build label such as `+cpu` is not part of the pin.

    >>> pin("Torch_Thing", "2.13.0+cpu")
    'torch-thing==2.13.0'
    """
    return f"{name.lower().replace('_', '-')}=={version.partition('+')[0]}"


def main() -> None:
    """Replace the pins below the comment at the head of the file."""
    head = [line for line in TARGET.read_text().splitlines() if line.startswith("#")]
    TARGET.write_text("\n".join(head + resolve()) + "\n")


if __name__ == "__main__":
    main()
