"""The real sandbox of this machine; where there is none, tests that need it say so and skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner


@pytest.fixture(scope="session")
def runner() -> BubblewrapRunner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")
