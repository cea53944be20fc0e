"""Who PID 1 of a sandbox is, and why nobody in there can reach it."""

from __future__ import annotations

import os
import signal

from . import kernel


def become_untouchable(uid: int) -> None:
    """Drop root for good where we have it; then nobody in here may trace, read or signal us."""
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
