"""The tables of system calls agree with the kernel's headers, where there are some."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deepcoder_cli.sandbox.seccomp import allowed, denied, staged
from deepcoder_cli.sandbox.seccomp.syscalls import FIRST_COMMON, NUMBERS

HEADERS = {
    "x86_64": ("x86_64-linux-gnu/asm/unistd_64.h", "asm/unistd_64.h"),
    "aarch64": ("asm-generic/unistd.h",),
}
# What arm64's own header defines before it includes the generic one.
ARM64 = ("RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "SYS_CLONE3", "MEMFD_SECRET")
DEFINED = ("-D__BITS_PER_LONG=64", *(f"-D__ARCH_WANT_{name}" for name in ARM64))
NOT_CALLS = {"syscalls", "arch_specific_syscall"}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_those_of_the_headers(machine: str) -> None:
    declared = _of_the_headers(machine)

    assert len(declared) > 250
    ours = NUMBERS[machine]
    assert {name: ours.get(name) for name in declared} == declared


@pytest.mark.parametrize("machine", HEADERS)
def test_every_older_number_is_one_of_the_headers(machine: str) -> None:
    declared = _of_the_headers(machine)
    newest = max(declared.values())

    assert {n: at for n, at in NUMBERS[machine].items() if at <= newest} == declared


def test_no_number_has_two_names() -> None:
    for numbers in NUMBERS.values():
        assert len(set(numbers.values())) == len(numbers)
        assert max(numbers.values()) > FIRST_COMMON


def test_every_name_in_a_filter_is_a_system_call() -> None:
    known = set().union(*NUMBERS.values())
    named = {*allowed.STRICT_NAMES, *allowed.NATIVE_NAMES, *allowed.STRICT_CHECKS}
    named |= {
        *denied.GENERAL_NAMES,
        *denied.GENERAL_ABSENT,
        *denied.GENERAL_PRETENDED,
        *denied.GENERAL_CHECKS,
    }
    named |= {*staged.ZYGOTE_ALONE, *staged.SIGNALS}

    assert named - known == set()


def _of_the_headers(machine: str) -> dict[str, int]:
    header = next(
        (h for name in HEADERS[machine] if (h := Path("/usr/include", name)).is_file()), None
    )
    if header is None or shutil.which("gcc") is None:
        pytest.skip(f"needs gcc and the kernel headers of {machine}")
    text = subprocess.run(
        ["gcc", "-E", "-dM", *DEFINED, "-x", "c", header],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    values = dict(re.findall(r"#define (__NR\w+) (\w+)", text))
    calls = {n.removeprefix("__NR_"): v for n, v in values.items() if n.startswith("__NR_")}
    numbers = {name: values.get(value, value) for name, value in calls.items()}
    return {n: int(v) for n, v in numbers.items() if v.isdigit() and n not in NOT_CALLS}
