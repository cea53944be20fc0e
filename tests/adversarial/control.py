# ruff: noqa: E501 - programs are shown as they are
"""The control of an attack: the same program without the sandbox's layers, where it harms nothing.

bubblewrap with a bare interpreter, namespaces of its own and memory in place of every folder that
can be written: no system-call filter, no Landlock, no limits. Attacks bound themselves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.layout import current_interpreter
from tests.adversarial.attack import CANARY

if TYPE_CHECKING:
    from tests.adversarial.attack import Attack

TIMEOUT_S = 60
HERE = Path(__file__).parent  # may lie under /tmp, which the control sees empty
BYSTANDER = 'sleep 60 </dev/null >/dev/null 2>&1 & exec "$@"'  # another process, to be attacked
NAMESPACES = {"pid": "--unshare-pid", "net": "--unshare-net"}


def bare(attack: Attack, victim: Path) -> bytes:
    """What `attack` prints, both streams, run with nothing in its way.

    `victim` is copied, and the copy put in its place: the attack may do to it what it likes.
    """
    with tempfile.TemporaryDirectory(prefix="throw-away-") as folder:
        copy = Path(folder, "victim")
        shutil.copytree(victim, copy, symlinks=True)
        command = _command(attack, Path(folder), str(victim))
        done = subprocess.run(
            [*_throw_away(attack, copy, victim), "sh", "-c", BYSTANDER, "sh", *command, *attack.argv],
            input=attack.stdin, capture_output=True, timeout=TIMEOUT_S, check=False,
            env={**os.environ, "CANARY": CANARY},
        )  # fmt: skip
        return done.stdout + done.stderr


def _throw_away(attack: Attack, copy: Path, victim: Path) -> list[str]:
    """bubblewrap's command line: all of the host to read, nothing of it to change."""
    namespaces = [flag for name, flag in NAMESPACES.items() if name not in attack.needs]
    return [
        "bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000",
        "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", *namespaces,
        "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
        "--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--ro-bind", str(HERE), str(HERE),
        "--bind", str(copy), str(victim), "--bind", str(copy.parent), "/var/tmp/control",
        "--chdir", "/tmp", "--die-with-parent", "--new-session", "--",
    ]  # fmt: skip


def _command(attack: Attack, folder: Path, victim: str) -> list[str]:
    """Put the program into `folder` and say how it is started."""
    program = attack.program(victim)
    if attack.language is Language.CPP:
        (folder / "main").write_bytes(_compiled(program))
        (folder / "main").chmod(0o755)
        return ["/var/tmp/control/main"]
    if attack.language is Language.JAVASCRIPT:
        (folder / "main.js").write_text(program, encoding="utf-8")
        return ["node", "/var/tmp/control/main.js"]
    (folder / "main.py").write_text(program, encoding="utf-8")
    return [str(current_interpreter().executable), "-P", "/var/tmp/control/main.py"]


@cache
def _compiled(program: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "main.cpp"), Path(folder, "main")
        source.write_text(program, encoding="utf-8")
        compiler = ["g++", "-O1", "-std=c++17", "-pthread", "-o", str(binary), str(source)]
        subprocess.run(compiler, check=True, capture_output=True, timeout=TIMEOUT_S)
        return binary.read_bytes()
