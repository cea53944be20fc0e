"""What the kernel does here when `kernel_proof` tries it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deepcoder_cli.sandbox import kernel_proof


@dataclass(frozen=True, slots=True)
class Kernel:
    """What the kernel did when tried; an empty text means that it works, else why not."""

    landlock_abi: int
    landlock: str
    seccomp: str
    namespaces: str
    memory_files: str


def try_kernel() -> Kernel:
    """Try the parts of the kernel in processes of their own."""
    script = Path(kernel_proof.__file__)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().rpartition("\n")[2] or "it did not start"
        return Kernel(0, said, said, said, said)
    return Kernel(**json.loads(done.stdout))
