"""LocalRunner: the sandbox of this machine, zygotes for strict runs and bubblewrap for others."""

from __future__ import annotations

from contextlib import aclosing
from itertools import chain
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError, SandboxUnavailable
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunResult, Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

    from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
    from deepcoder_cli.sandbox.pool import ZygotePool
    from deepcoder_cli.sandbox.runner import RunRequest, Terminal, Tier
    from deepcoder_cli.sandbox.sealed import SealedFile


class LocalRunner:
    """A `LiveRunner` for any task, thread or event loop, and in any number of processes."""

    def __init__(self, pool: ZygotePool, general: BubblewrapRunner | None) -> None:
        """Use `pool` for strict runs and `general` for all others; None where there is no way."""
        self.pool = pool
        self.general = general

    @property
    def tier(self) -> Tier:
        """The isolation that is in force."""
        return self.pool.tier

    def run(self, request: RunRequest) -> RunResult:
        """Run one program once; Ctrl-C kills it and everything it started.

        A run lost to the machine is tried once more, then its status is INFRASTRUCTURE.

        Raises:
            SandboxUnavailable: a general run, where there are no namespaces.
            ToolchainMissing: no compiler or interpreter for the language.
            InputError: a profile its language does not run under, or a file name of no use.
        """
        result = self._run(request)
        return self._run(request) if result.status is Status.INFRASTRUCTURE else result

    async def arun(self, request: RunRequest) -> RunResult:
        """`run` for an event loop; cancelling kills everything before this returns."""
        result = await self._arun(request)
        return await self._arun(request) if result.status is Status.INFRASTRUCTURE else result

    def run_each(self, requests: Iterable[RunRequest], count: int) -> Iterator[RunResult]:
        """`run` one program's `count` tests in turn, at less cost than one by one.

        All with the same program, language, profile and limits. The next may have begun when a
        result is taken; closing the iterator ends everything.
        """
        requests = iter(requests)
        for first in requests:
            found = None if _is_general(first) else self._binary(first)
            if _is_general(first) or isinstance(found, RunResult):
                yield self.run(first)
                continue
            yield from self.pool.run_each(chain([first], requests), count, found)

    async def arun_each(
        self, requests: Iterable[RunRequest], count: int
    ) -> AsyncGenerator[RunResult, None]:
        """`run_each` for an event loop."""
        requests = iter(requests)
        for first in requests:
            found = None if _is_general(first) else await self._abinary(first)
            if _is_general(first) or isinstance(found, RunResult):
                yield await self.arun(first)
                continue
            each = self.pool.arun_each(chain([first], requests), count, found)
            async with aclosing(each):
                async for result in each:
                    yield result

    def run_live(
        self, request: RunRequest, *, stdin: int, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run with the pipe `stdin` as input, showing output as it comes. Always general."""
        return self._general().run_live(request, stdin=stdin, show=show)

    async def arun_live(
        self, request: RunRequest, *, terminal: Terminal, show: Callable[[int, bytes], None]
    ) -> RunResult:
        """Run at a terminal of the program's own. Always general."""
        runner = self._general()
        return await runner.arun_live(request, terminal=terminal, show=show)

    def close(self) -> None:
        """End every process that waits for work."""
        self.pool.close()

    def _run(self, request: RunRequest) -> RunResult:
        if _is_general(request):
            return self._general().run(request)
        binary = self._binary(request)
        return binary if isinstance(binary, RunResult) else self.pool.run(request, binary)

    async def _arun(self, request: RunRequest) -> RunResult:
        if _is_general(request):
            return await self._general().arun(request)
        binary = await self._abinary(request)
        return binary if isinstance(binary, RunResult) else await self.pool.arun(request, binary)

    def _binary(self, request: RunRequest) -> SealedFile | RunResult | None:
        """What to execute, for a language that is compiled; or the result of not compiling."""
        if request.language is not Language.CPP:
            return None
        return self._general().compilation.compiled(request)

    async def _abinary(self, request: RunRequest) -> SealedFile | RunResult | None:
        """`_binary` for an event loop."""
        if request.language is not Language.CPP:
            return None
        return await self._general().compilation.acompiled(request)

    def _general(self) -> BubblewrapRunner:
        if self.general is None:
            raise SandboxUnavailable(
                f"no general profile: tier {self.tier} (at least B). Install bubblewrap, and see "
                "what `deepcoder doctor` says."
            )
        return self.general


def _is_general(request: RunRequest) -> bool:
    """Whether it runs under the general profile; JavaScript cannot do otherwise."""
    if request.profile is Profile.STRICT and request.language is Language.JAVASCRIPT:
        raise InputError("no strict profile: javascript (python or cpp). Use general.")
    return request.profile_in_force is Profile.GENERAL
