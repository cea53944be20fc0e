"""Starting a real server as a process, and waiting until it answers."""

from __future__ import annotations

import contextlib
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@contextlib.contextmanager
def running(
    command: Sequence[str], url: str, log: Path, environment: Mapping[str, str], within_s: float
) -> Iterator[str]:
    """`url`, while `command` serves it; its output goes to `log`."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=environment, start_new_session=True
        )
    try:
        _wait(process, url, log, within_s)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, within_s: float) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5)
        except urllib.error.HTTPError:  # it wants a key: it is there
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    tail = log.read_text(errors="replace")[-3000:]
    raise AssertionError(f"the server did not come up: {tail}")
