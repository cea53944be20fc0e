"""The real sandbox, for judging."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner


@pytest.fixture(scope="session")
def runner() -> Runner:
    try:
        return default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")
