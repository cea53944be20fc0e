"""A run that was told to need the sandbox fails where a test was skipped for want of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
REQUIRED = (
    "needs a working sandbox: bubblewrap is not installed",
    "no sandbox here: x",
    "no sandbox on this machine: x",
    "the built-in model is not here: no nano-f16.gguf",
    "the built-in model nano is not there: chat with it was not driven",
)


@pytest.mark.parametrize(
    ("reasons", "switch", "code"),
    [(REQUIRED, "1", 1), (REQUIRED, "", 0), (["root reads every file"], "1", 0)],
    ids=["required", "not-required", "another-reason"],
)
def test_what_is_required_must_not_be_skipped(
    tmp_path: Path, reasons: list[str], switch: str, code: int
) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    skips = [f"def test_{n}(): pytest.skip({why!r})" for n, why in enumerate(reasons)]
    (tmp_path / "test_it.py").write_text(
        "\n".join(["import pytest", *skips, "def test_passed(): pass"])
    )
    done = subprocess.run(
        [*PYTEST, "--rootdir", tmp_path, "."],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DEEPCODER_REQUIRE_SANDBOX": switch},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = f"FAILED: {len(REQUIRED)} skipped for want of" in done.stdout

    assert (done.returncode, failed) == (code, bool(code)), done.stdout
