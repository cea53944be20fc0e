"""LocalRunner: the sandbox of this machine. Strict runs go to zygotes, general ones to bubblewrap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.sandbox.runner import Profile, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
    from deepcoder_cli.sandbox.pool import ZygotePool
    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Terminal, Tier


class LocalRunner:
    """A `LiveRunner` for any task, thread or event loop, and in any number of processes."""

    def __init__(self, pool: ZygotePool, general: BubblewrapRunner) -> None:
        """Use `pool` for strict runs and `general` for all others."""
        self.pool = pool
        self.general = general

    @property
    def tier(self) -> Tier:
        """The isolation that is in force."""
        return self.pool.tier

    def run(self, request: RunRequest) -> RunResult:
        """Run one program once; Ctrl-C kills it and everything it started.

        A run lost to the machine is tried once more, then its status is INFRASTRUCTURE.
        """
        result = self._run(request)
        return self._run(request) if result.status is Status.INFRASTRUCTURE else result

    async def arun(self, request: RunRequest) -> RunResult:
        """`run` for an event loop; cancelling kills everything before this returns."""
        result = await self._arun(request)
        return await self._arun(request) if result.status is Status.INFRASTRUCTURE else result

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, showing output as it comes. Always general."""
        return self.general.run_live(request, stdin=stdin, show=show)

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run at a terminal of the program's own. Always general."""
        return await self.general.arun_live(request, terminal=terminal, show=show)

    def close(self) -> None:
        """End every process that waits for work."""
        self.pool.close()

    def _run(self, request: RunRequest) -> RunResult:
        if request.profile_in_force is Profile.GENERAL:
            return self.general.run(request)
        return self.pool.run(request)

    async def _arun(self, request: RunRequest) -> RunResult:
        if request.profile_in_force is Profile.GENERAL:
            return await self.general.arun(request)
        return await self.pool.arun(request)
