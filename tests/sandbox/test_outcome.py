"""How a run's report becomes a status where the sandbox of this machine cannot show it."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from deepcoder_cli.sandbox.descriptors import open_descriptors
from deepcoder_cli.sandbox.job import Job
from deepcoder_cli.sandbox.outcome import result_of
from deepcoder_cli.sandbox.runner import RunRequest, Status, Tier
from deepcoder_cli.types import Limits


@pytest.mark.parametrize(
    ("report", "status"),
    [
        ("- 9 950000 1000000 9000", Status.CPU_LIMIT),  # the kernel's backstop, counting otherwise
        ("- 9 800000 1000000 9000", Status.SIGNALED),  # it killed itself
        ("- 6 950000 1000000 9000", Status.SIGNALED),
        ("memory 9 950000 1000000 9000", Status.MEMORY_LIMIT),
        ("wall 9 950000 1000000 9000", Status.WALL_LIMIT),
        ("- 0 950000 1000000 9000", Status.EXITED),
    ],
)
def test_signal_9_close_to_the_cpu_limit_is_the_cpu_limit(report: str, status: Status) -> None:
    request = RunRequest("", limits=Limits(cpu_s=1.0))
    with ExitStack() as stack:
        job = Job(request, (), {})
        fds = open_descriptors(job, stack, archive=b"", stdin=None, terminal=None)
        os.write(fds.report, f"started\n{report}\n".encode())
        result = result_of(request, fds, cpu_s=1.0, wall_s=1.0, tier=Tier.B)

    assert result.status is status
