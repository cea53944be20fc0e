"""`--unsafe`: programs run without a sandbox, because someone asked for it in so many words.

Nothing ever falls back to this. Every result carries the tier `none`, and a line on stderr names
the risk. DEEPCODER_FORBID_UNSAFE=1 in the environment (of a shared machine, or of a training job)
takes the flag away.
"""

from __future__ import annotations

import os
import sys

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.plain import PlainRunner

FORBID = "DEEPCODER_FORBID_UNSAFE"
WARNING = (
    "deepcoder: warning: --unsafe: no sandbox. Programs can read, change and send everything that "
    "you can.\n"
)


class UnsafeRunner(PlainRunner):
    """Runs programs as you: only resource limits stand between them and this machine."""


def unsafe_runner() -> UnsafeRunner:
    """The runner for `--unsafe`; says on stderr what that means.

    Raises:
        InputError: DEEPCODER_FORBID_UNSAFE is set.
    """
    if os.environ.get(FORBID, "") not in {"", "0"}:
        raise InputError(f"--unsafe is forbidden here: {FORBID} is set. Leave it out.")
    if sys.stderr is not None:
        sys.stderr.write(WARNING)
        sys.stderr.flush()
    return UnsafeRunner()
