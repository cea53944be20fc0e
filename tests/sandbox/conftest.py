"""The real sandbox of this machine; where there is none, tests that need it say so and skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.launchers import BubblewrapLauncher
from deepcoder_cli.sandbox.pool import ZygotePool
from deepcoder_cli.sandbox.probe import bubblewrap, default_runner
from deepcoder_cli.sandbox.runner import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.sandbox.local import LocalRunner


@pytest.fixture(scope="session")
def runner() -> LocalRunner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")


@pytest.fixture
def pool() -> Iterator[ZygotePool]:
    """A pool of its own, with two workers."""
    try:
        default_runner(Tier.B)
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")
    found = bubblewrap()
    assert found is not None
    pool = ZygotePool(BubblewrapLauncher(found.path), workers=2)
    yield pool
    pool.close()
