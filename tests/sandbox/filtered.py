"""Code run under a real filter of this machine's kernel, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = str(Path(__file__).parents[2])
# `call` makes a system call, by name and through the C library's own syscall(2): what it answers
# is the name of the error, or "done".
PRELUDE = """
import ctypes, errno, os, platform, sys, threading
from deepcoder_cli.sandbox.inside import kernel
from deepcoder_cli.sandbox.seccomp import general_filter, native_filter, strict_filter
from deepcoder_cli.sandbox.seccomp.syscalls import NUMBERS

def call(name, *arguments):
    number = NUMBERS[platform.machine()][name] if isinstance(name, str) else name
    try:
        kernel.system_call(number, *arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
program = {build}
if program is not None:
    kernel.Filter(program).take_on()
"""
STRICT = "strict_filter(own_pid=os.getpid())"
GENERAL = "general_filter()"
NOTHING = "None"


def python(
    code: str, build: str = STRICT, *, stdin: str = "", words: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `code` under the filter that the expression `build` makes; NOTHING is none."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE.format(build=build) + code, *words],
        input=stdin, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": REPOSITORY, "OPENBLAS_NUM_THREADS": "2"},
    )  # fmt: skip


def answers(calls: list[str], build: str = STRICT) -> dict[str, str]:
    """What each of `calls`, Python expressions that yield text, answers under the filter."""
    lines = "".join(f"print({call}, flush=True)\n" for call in calls)
    done = python(lines, build)
    assert done.returncode == 0, done.stderr
    return dict(zip(calls, done.stdout.split("\n"), strict=False))


def needs_filters() -> None:
    """Skip where the kernel, or a container, has no system-call filters."""
    done = python("print(call('unshare', 0))")
    if "EPERM" not in done.stdout:
        pytest.skip(f"needs a kernel with system-call filters: {done.stderr[-200:]}")
