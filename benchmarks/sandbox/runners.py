"""The sandbox of this machine with a number of workers of one's choice."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.launchers import BubblewrapLauncher
from deepcoder_cli.sandbox.local import LocalRunner
from deepcoder_cli.sandbox.pool import ZygotePool

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def runner_with(workers: int) -> Iterator[LocalRunner]:
    """A sandbox on bubblewrap with `workers` zygotes of its own.

    Raises:
        SystemExit: bubblewrap is not installed.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SystemExit("bubblewrap is not installed. Install the package `bubblewrap`.")
    runner = LocalRunner(ZygotePool(BubblewrapLauncher(bwrap), workers), BubblewrapRunner(bwrap))
    try:
        yield runner
    finally:
        runner.close()
