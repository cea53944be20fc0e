"""20,000 runs leave nothing behind. `make soak` does 100,000."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmarks.soak import growth, soak

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.local import LocalRunner


@pytest.mark.slow
def test_twenty_thousand_runs_leave_nothing_behind(runner: LocalRunner) -> None:
    samples, wrong = asyncio.run(soak(runner, 20_000, tell=False))

    assert not wrong
    assert growth(samples) == {}
    assert samples[-1].runs == 20_000
