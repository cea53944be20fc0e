"""A fault of deepcoder itself: one line for people, the traceback in a file to mend it by."""

from __future__ import annotations

import os
import time
import traceback
from typing import TYPE_CHECKING

from deepcoder_cli import paths
from deepcoder_cli.errors import DeepcoderError

if TYPE_CHECKING:
    from pathlib import Path


def internal_error(error: BaseException) -> DeepcoderError:
    """The one line for an error that nobody foresaw; its traceback is written to the log."""
    log = record_crash(error)
    where = f"the traceback is in {log}" if log else "--debug shows the traceback"
    failure = DeepcoderError(
        f"a fault of deepcoder: {type(error).__name__}: {error} ({where}). Please report it."
    )
    failure.__cause__ = error
    return failure


def record_crash(error: BaseException) -> Path | None:
    """Append the traceback of `error` to `crashes.log` in the logs folder; None where it cannot."""
    try:
        log = paths.logs_dir() / "crashes.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        text = f"{stamp} process {os.getpid()}\n{''.join(traceback.format_exception(error))}\n"
        with log.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except (OSError, DeepcoderError):
        return None
    return log
