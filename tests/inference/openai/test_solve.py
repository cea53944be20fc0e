"""`deepcoder solve` when its endpoint fails on the way: what was found is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.inference.openai.scripted import Script, as_json, delta, sse

if TYPE_CHECKING:
    from collections.abc import Callable

PROBLEM = Path(__file__).parents[3] / "examples" / "problem.md"
WRONG = "```python\nprint(0)\n```\n"


def test_a_candidate_that_is_done_is_shown_when_the_endpoint_fails_at_the_next(
    in_a_thread: Callable[[Script], Script], tmp_path: Path
) -> None:
    fails = as_json({"error": {"message": "out of memory"}}, 503)
    script = in_a_thread(Script(sse(delta("stop", content=WRONG)), fails))
    (tmp_path / "deepcoder").mkdir()
    table = f'[endpoints.lab]\nurl = "{script.url}"\nretries = 0\n'
    (tmp_path / "deepcoder" / "config.toml").write_text(table)
    command = [sys.executable, "-m", "deepcoder_cli.main", "solve", str(PROBLEM), "-m", "lab"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "s.py"), "-n", "3", "--json"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 9, done.stderr
    found = json.loads(done.stdout)
    assert [c["program"] for c in found["candidates"]] == ["print(0)\n"]
    assert "out of memory" in done.stderr
    assert len(script.requests) == 2
