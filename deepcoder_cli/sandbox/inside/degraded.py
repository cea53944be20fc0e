"""A zygote without namespaces: Landlock, the call filter and limits alone hold its children.

What a process namespace would see to is seen to here: a child dies with the zygote, and its limit
on processes counts from what the same user runs already.
"""

from __future__ import annotations

import os
import resource
import signal

from . import kernel, landlock, server, zygote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Zygote(server.Zygote):
    """Forks children that do not outlive it."""

    def _enter(self) -> None:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        landlock.restrict_self(self._rules)
        if os.getppid() != self._pid:  # the zygote was gone before its end could be told
            os._exit(70)

    def serve(self) -> NoReturn:
        """Serve one run after another."""
        self._pid = os.getpid()
        super().serve()


def main(argv: list[str]) -> None:
    """Serve in the folder of the second argument, with as many processes as the third says."""
    os.chdir(argv[1])
    server.LIMITS = tuple(  # type: ignore[assignment]  # of as many
        (what, int(argv[2]) if what == resource.RLIMIT_NPROC else limit)
        for what, limit in server.LIMITS
    )
    server.Zygote = Zygote  # type: ignore[misc]
    zygote.main(argv[:1])
