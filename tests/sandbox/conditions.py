"""Machines that lack something, made for one command: namespaces, a system call, room on /tmp."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

LOAD, JUMP_EQUAL, RETURN, NUMBER_AT, ALLOW = 0x20, 0x15, 0x06, 0, 0x7FFF0000
REPOSITORY = str(Path(__file__).parents[2])
REFUSED = 0x00050000
X86 = platform.machine() == "x86_64"
MEMFD_CREATE = 319 if X86 else 279
LANDLOCK = (444, 445, 446)
PRCTL, SECCOMP = (157, 317) if X86 else (167, 277)


def python(
    code: str, *outer: str, env: dict[str, str] | None = None, filtered: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `code` in a Python of its own, under the command `outer`."""
    environment = {**os.environ, "PYTHONPATH": REPOSITORY, **(env or {})}
    words = list(outer)
    with tempfile.TemporaryFile() as file:
        if filtered is not None:
            file.write(filtered)
            file.seek(0)
            words += ["--seccomp", str(file.fileno())]
        return subprocess.run(
            [*words, sys.executable, "-c", code],
            env=environment, pass_fds=(file.fileno(),), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip


def ordinary_python() -> str | None:
    """A Python that an ordinary user can run, and this package with it; None where there is none.

    The one that runs the tests may lie in a folder of root's.
    """
    from deepcoder_cli.sandbox.layout import current_interpreter
    from deepcoder_cli.sandbox.probe import readable_by_all

    if not readable_by_all(Path(REPOSITORY, "deepcoder_cli", "__init__.py")):
        return None
    candidates = [current_interpreter().executable, Path("/usr/bin/python3")]
    for path in candidates:
        if path.exists() and readable_by_all(path.resolve()) and _is_recent(path):
            return str(path)
    return None


def _is_recent(path: Path) -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([str(path), "-c", code], check=False).returncode == 0


def as_somebody(
    code: str, python: str, *outer: str, root: bool = False, path: str = "/nowhere"
) -> subprocess.CompletedProcess[str]:
    """Run `code` as an ordinary user (`root`: as we are), by default without bubblewrap on PATH."""
    user = {} if root or os.geteuid() != 0 else {"user": 65534, "group": 65534, "extra_groups": []}
    return subprocess.run(
        [*outer, python, "-c", code],
        env={"PATH": path, "PYTHONPATH": REPOSITORY, "HOME": "/", "LANG": "C.UTF-8"},
        cwd="/", capture_output=True, text=True, timeout=120, check=False, **user,
    )  # type: ignore[call-overload]  # fmt: skip


def without_namespaces() -> list[str]:
    """A command under which nobody can make a namespace, as in most containers."""
    denied = ["--cap-drop", "ALL"] if os.geteuid() == 0 else ["--unshare-user", "--disable-userns"]
    return ["bwrap", *denied, "--dev-bind", "/", "/"]


def with_a_filter() -> list[str]:
    """A command that takes on a filter and is otherwise like none."""
    kept = ["--cap-add", "ALL"] if os.geteuid() == 0 else []
    return ["bwrap", *kept, "--dev-bind", "/", "/"]


def refusing(calls: tuple[int, ...], error: int) -> bytes:
    """A filter under which `calls` fail with `error`, as in a kernel without them."""
    code = [_op(LOAD, NUMBER_AT)]
    for number in calls:
        code += [_op(JUMP_EQUAL, number, 0, 1), _op(RETURN, REFUSED | error)]
    return b"".join([*code, _op(RETURN, ALLOW)])


def _op(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, k)


def refusing_filters(error: int) -> bytes:
    """A filter under which no further filter can be taken on."""
    code = [
        _op(LOAD, NUMBER_AT),
        _op(JUMP_EQUAL, SECCOMP, 0, 1), _op(RETURN, REFUSED | error),
        _op(JUMP_EQUAL, PRCTL, 0, 3),
        _op(LOAD, 16), _op(JUMP_EQUAL, 22, 0, 1), _op(RETURN, REFUSED | error),
    ]  # fmt: skip
    return b"".join([*code, _op(RETURN, ALLOW)])
