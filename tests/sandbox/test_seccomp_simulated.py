"""Every filter answers every number as declared, on both architectures, by interpreting it."""

from __future__ import annotations

import pytest

from deepcoder_cli.sandbox.seccomp import general_filter, native_filter, strict_filter
from deepcoder_cli.sandbox.seccomp.allowed import NATIVE_NAMES, STRICT_CHECKS, STRICT_NAMES
from deepcoder_cli.sandbox.seccomp.bpf import X32_BIT
from deepcoder_cli.sandbox.seccomp.denied import (
    GENERAL_ABSENT,
    GENERAL_CHECKS,
    GENERAL_NAMES,
    GENERAL_PRETENDED,
)
from deepcoder_cli.sandbox.seccomp.filters import OWN_PID_MARK
from deepcoder_cli.sandbox.seccomp.staged import zygote_filter
from deepcoder_cli.sandbox.seccomp.syscalls import AUDIT_ARCH, NUMBERS
from tests.sandbox.filter_machine import (
    ABSENT,
    ALLOWED,
    KILLED,
    PRETENDED,
    REFUSED,
    answer,
    run,
)

MACHINES = tuple(AUDIT_ARCH)
ALL_NUMBERS = range(601)
PROGRAM_FD, PID = 63, 4711
ONES = (1 << 64) - 1
SIGNALS = {"kill", "tkill", "tgkill"}
ARGUMENTS = [{}, dict.fromkeys(range(6), ONES), dict.fromkeys(range(6), 0x5A5A5A5A5A5A5A5A)]
NAMES = {machine: {at: name for name, at in NUMBERS[machine].items()} for machine in MACHINES}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("native", [False, True])
def test_allow_lists_allow_what_is_declared(
    machine: str, arguments: dict[int, int], native: bool
) -> None:
    build = native_filter(PROGRAM_FD, machine) if native else strict_filter(machine)
    names = {*STRICT_NAMES, *SIGNALS, *(NATIVE_NAMES if native else ())}
    looked_into = {*STRICT_CHECKS, *(["execveat"] if native else [])}
    for number in ALL_NUMBERS:
        name = NAMES[machine].get(number, "")
        if name not in looked_into:
            assert answer(build, machine, number, arguments) == _declared(name, number, names), name


def _declared(name: str, number: int, names: set[str]) -> str:
    if name in names:
        return ALLOWED
    return ABSENT if number >= 448 or name in {"clone3", "openat2"} else REFUSED


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_the_deny_list_denies_what_is_declared(machine: str, arguments: dict[int, int]) -> None:
    build = general_filter(machine)
    declared = dict.fromkeys(GENERAL_NAMES, REFUSED) | dict.fromkeys(GENERAL_ABSENT, ABSENT)
    declared |= dict.fromkeys(GENERAL_PRETENDED, PRETENDED)
    for number in ALL_NUMBERS:
        name = NAMES[machine].get(number, "")
        if name not in GENERAL_CHECKS:
            assert answer(build, machine, number, arguments) == declared.get(name, ALLOWED), name


# Each with arguments that the filter lets through, and with some that it does not.
STRICT_CASES = [
    ("sendto", {3: 0x4000}, {3: 1}), ("recvfrom", {3: 0x40}, {3: 0x41}),
    ("mmap", {3: 0x22}, {3: 0x21}), ("mmap", {3: 0x02}, {3: 0x40022}), ("mmap", {3: 1}, {3: 0x23}),
    ("mmap", {3: 0x20022}, {3: 0x2022}), ("mmap", {3: 0x4022}, {3: 0x28}),
    ("clone", {0: 0x003D0F00}, {0: 0x01200011}), ("clone", {0: 0x007D0F00}, {0: 0x103D0F00}),
    ("clone", {0: 0x003D0F00}, {0: 0x003D0B00}), ("clone", {0: 0x003D0F00}, {0: 0x4111}),
    ("fcntl", {1: 0}, {1: 5}), ("fcntl", {1: 1030}, {1: 1031}), ("fcntl", {1: 4}, {1: 8}),
    ("fcntl", {1: 3}, {1: 1033}), ("fcntl", {1: 2}, {1: 1024}),
    ("ioctl", {1: 0x5401}, {1: 0x5412}), ("ioctl", {1: 0x5421}, {1: 0x541C}),
    ("ioctl", {1: 0x541B}, {1: 0xFF005412}),
    ("socketpair", {0: 1, 1: 1}, {0: 1, 1: 2}), ("socketpair", {0: 1, 1: 0x80801}, {0: 2, 1: 1}),
    ("prctl", {0: 15}, {0: 22}), ("prctl", {0: 4, 1: 1}, {0: 4, 1: 0}), ("prctl", {0: 16}, {0: 1}),
    ("prlimit64", {0: 0}, {0: 1}), ("futex", {1: 129}, {1: 6}), ("futex", {1: 0x189}, {1: 0x8B}),
    ("openat", {2: 0x80241}, {2: 2}), ("openat", {2: 0}, {2: 0x242}),
    ("pipe2", {1: 0x80800}, {1: 0x80}),
    ("close_range", {2: 4}, {2: 2}), ("madvise", {2: 4}, {2: 12}), ("madvise", {2: 103}, {2: 21}),
    ("fsync", {0: 2}, {0: 3}), ("fdatasync", {0: 0}, {0: ONES}),
    ("sched_getparam", {0: 0}, {0: 1}), ("sched_getscheduler", {0: 0}, {0: 1}),
]  # fmt: skip
GENERAL_CASES = [
    ("setsockopt", {1: 1, 2: 2}, {1: 1, 2: 7}), ("setsockopt", {1: 6, 2: 7}, {1: 1, 2: 26}),
    ("sendto", {3: 0x4000}, {3: 1}), ("sendmsg", {2: 0}, {2: 1}), ("sendmmsg", {3: 0}, {3: 1}),
    ("socket", {0: 1}, {0: 2}), ("socket", {0: 1}, {0: 10}), ("socket", {0: 1}, {0: 40}),
    ("socket", {0: 1}, {0: 16}), ("socketpair", {0: 1}, {0: 30}),
    ("clone", {0: 0x01200011}, {0: 0x10000011}), ("clone", {0: 0x4111}, {0: 0x40000000}),
    ("mmap", {3: 0x22}, {3: 0x21}), ("mmap", {3: 1}, {3: 0x23}), ("mmap", {3: 2}, {3: 0x40022}),
    ("fcntl", {1: 6}, {1: 1031}), ("ioctl", {1: 0x5413}, {1: 0x5412}),
    ("ioctl", {1: 1}, {1: 0x541C}),
    ("prctl", {0: 1}, {0: 22}), ("personality", {0: 0xFFFFFFFF}, {0: 0x0040000}),
    ("prlimit64", {0: 0}, {0: 1}), ("setpriority", {0: 0}, {0: 0, 1: 1}),
    ("setpriority", {0: 0}, {0: 1}), ("sched_setaffinity", {0: 0}, {0: 1}),
    ("sched_setscheduler", {0: 0}, {0: 1}), ("sched_setparam", {0: 0}, {0: 1}),
    ("sched_setattr", {0: 0}, {0: 1}), ("madvise", {2: 4}, {2: 12}),
]  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_decide_where_they_are_looked_into(machine: str) -> None:
    strict, native = strict_filter(machine), native_filter(PROGRAM_FD, machine)
    for name, good, bad in STRICT_CASES:
        for build in (strict, native):
            assert answer(build, machine, name, good) == ALLOWED, (name, good)
            assert answer(build, machine, name, bad) == REFUSED, (name, bad)
    for name, good, bad in GENERAL_CASES:
        assert answer(general_filter(machine), machine, name, good) == ALLOWED, (name, good)
        assert answer(general_filter(machine), machine, name, bad) == REFUSED, (name, bad)


def test_every_call_that_is_looked_into_has_a_case() -> None:
    assert {name for name, _, _ in STRICT_CASES} == {*STRICT_CHECKS} - {"open"}
    assert {name for name, _, _ in GENERAL_CASES} == {*GENERAL_CHECKS}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_compiled_program_is_executed_by_its_descriptor_alone(machine: str) -> None:
    build = native_filter(PROGRAM_FD, machine)

    assert answer(build, machine, "execveat", {0: PROGRAM_FD, 4: 0x1000}) == ALLOWED
    assert answer(build, machine, "execveat", {0: PROGRAM_FD + 1, 4: 0x1000}) == REFUSED
    assert answer(build, machine, "execveat", {0: PROGRAM_FD, 4: 0}) == REFUSED
    assert answer(build, machine, "execveat", {0: PROGRAM_FD, 4: 0x1100}) == REFUSED
    assert answer(build, machine, "execve") == REFUSED
    assert (
        answer(strict_filter(machine), machine, "execveat", {0: PROGRAM_FD, 4: 0x1000}) == REFUSED
    )


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", sorted(SIGNALS))
def test_only_itself_may_be_signalled_when_its_id_is_given(machine: str, call: str) -> None:
    for build in (
        strict_filter(machine, own_pid=PID), native_filter(PROGRAM_FD, machine, own_pid=PID)
    ):  # fmt: skip
        assert answer(build, machine, call, {0: PID}) == ALLOWED
        for other in (0, 1, -1, -PID, PID + 1, OWN_PID_MARK):
            assert answer(build, machine, call, {0: other}) == REFUSED


def test_giving_the_own_id_replaces_only_what_signals_are_compared_with() -> None:
    mark = OWN_PID_MARK.to_bytes(4, "little")
    for machine in MACHINES:
        marked = strict_filter(machine, own_pid=OWN_PID_MARK)
        code = {marked[at : at + 4] for at in range(4, len(marked), 8)}
        assert mark in code
        assert strict_filter(machine, own_pid=1) == marked.replace(mark, b"\1\0\0\0")
        assert 1 <= marked.count(mark) <= len(SIGNALS)


def _filters(machine: str) -> list[bytes]:
    built = [strict_filter(machine), native_filter(PROGRAM_FD, machine), general_filter(machine)]
    return [*built, zygote_filter(PROGRAM_FD, machine)]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_foreign_architecture_kills_and_x32_is_refused(machine: str) -> None:
    for build in _filters(machine):
        for foreign in (
            0x40000003,
            0x40000028,
            0,
            *({*AUDIT_ARCH.values()} - {AUDIT_ARCH[machine]}),
        ):
            assert run(build, foreign, NUMBERS[machine]["getpid"], {}) == KILLED
        for number in (0, 39, 512, 547, 0x3FFFFFFF):
            assert answer(build, machine, X32_BIT | number) == REFUSED
