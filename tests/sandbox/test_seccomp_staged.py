"""The filters of a zygote and of its child together allow what the one filter allows."""

from __future__ import annotations

import itertools
import random

import pytest

from deepcoder_cli.sandbox.seccomp import OWN_PID_MARK, native_filter, strict_filter
from deepcoder_cli.sandbox.seccomp.allowed import STRICT_CHECKS
from deepcoder_cli.sandbox.seccomp.staged import SIGNALS, child_filter, zygote_filter
from deepcoder_cli.sandbox.seccomp.syscalls import AUDIT_ARCH, NUMBERS
from tests.sandbox.filter_machine import answer, both

MACHINES = tuple(AUDIT_ARCH)
PROGRAM_FD, PID = 63, 4711
ONES = (1 << 64) - 1
ARGUMENTS = [{}, dict.fromkeys(range(6), ONES), dict.fromkeys(range(6), 0x5A5A5A5A5A5A5A5A)]
# Words that some check compares an argument with, and their neighbours.
WORDS = (
    0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15, 16, 17, 21, 22, 63, 64, 103, 129, 1030, 1031, PID,
    0x21, 0x22, 0x1000, 0x5401, 0x5412, 0x541C, 0x53564D41, 0x003D0F00, 0x007D0F00, 0x01200011,
    0x11, 0x10F00, 0x40022, 0x80000, 0x80800, 0x20000000, ONES,
)  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("own_pid", [None, PID])
def test_two_stages_allow_what_the_one_filter_allows(
    machine: str, native: bool, own_pid: int | None
) -> None:
    child = child_filter(machine, native=native, own_pid=own_pid is not None)
    child = child.replace(OWN_PID_MARK.to_bytes(4, "little"), PID.to_bytes(4, "little"))
    stages = [zygote_filter(PROGRAM_FD, machine), child]
    whole = (
        native_filter(PROGRAM_FD, machine, own_pid=own_pid)
        if native
        else strict_filter(machine, own_pid=own_pid)
    )
    for number, arguments in itertools.chain(
        itertools.product(range(601), ARGUMENTS), _probes(machine)
    ):
        expected = answer(whole, machine, number, arguments)
        assert both(stages, machine, number, arguments) == expected, (number, arguments)


def _probes(machine: str) -> list[tuple[int, dict[int, int]]]:
    """Calls that some filter looks into, with arguments near those it compares them with."""
    chance = random.Random(3)
    names = {*STRICT_CHECKS, *SIGNALS, "execveat", "recvmsg"} & {*NUMBERS[machine]}
    probes = [({at: word}, name) for name in sorted(names) for at in range(5) for word in WORDS]
    mixed = [dict.fromkeys(range(5), 0) for _ in range(60)]
    for arguments in mixed:
        arguments.update({at: chance.choice(WORDS) for at in range(5)})
    probes += [(arguments, name) for name in sorted(names) for arguments in mixed]
    return [(NUMBERS[machine][name], arguments) for arguments, name in probes]
