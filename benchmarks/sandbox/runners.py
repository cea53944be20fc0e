"""The sandbox of this machine with a number of workers of one's choice."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.launchers import BubblewrapLauncher
from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.pool import ZygotePool
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def runner_with(workers: int) -> Iterator[LocalRunner]:
    """A sandbox of the kind that `default_runner` has proved, with `workers` zygotes of its own.

    Raises:
        SystemExit: bubblewrap is not installed.
        SandboxUnavailable: no sandbox works here.
    """
    tier = default_runner().tier
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SystemExit("bubblewrap is not installed. Install the package `bubblewrap`.")
    pool = ZygotePool(BubblewrapLauncher(bwrap, tier=tier), workers)
    runner = LocalRunner(pool, BubblewrapRunner(bwrap, tier=tier))
    try:
        yield runner
    finally:
        runner.close()
