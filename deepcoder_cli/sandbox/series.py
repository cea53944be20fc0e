"""The runs of one program's tests, one after another, on one zygote that is held for all of them.

What is the same for each test is then done once: after the first run, which leaves the compiled
code, the zygote is asked to host the program (see `inside.host`). And once a program has got
through its first test, the next one is requested while one runs, so the zygote never waits for us.

Series knows what to do next; its caller only waits, in a thread or in an event loop.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.inside.protocol import SIGNAL_WORDS
from deepcoder_cli.sandbox.outcome import lost
from deepcoder_cli.sandbox.program_file import ProgramFile
from deepcoder_cli.sandbox.run_files import RunFiles
from deepcoder_cli.sandbox.runner import FunctionCalls, Status
from deepcoder_cli.sandbox.sealed import SealedFile, utf8

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepcoder_cli.sandbox.pool import ZygotePool
    from deepcoder_cli.sandbox.runner import RunRequest, RunResult
    from deepcoder_cli.sandbox.slots import Place
    from deepcoder_cli.sandbox.zygote import Zygote

WORTH_HOSTING = 4  # a host costs what it saves in three runs
WIDTH = 2  # one runs, one waits


class Series:
    """What is under way and what comes next. Not for several threads."""

    def __init__(
        self, pool: ZygotePool, place: Place, requests: Iterable[RunRequest], count: int,
        binary: SealedFile | None,
    ) -> None:  # fmt: skip
        """Take `requests` one by one, as they can be begun; about `count` of them."""
        self._pool = pool
        self._place = place
        self._requests = iter(requests)
        self._left = count
        self._binary = binary
        self._program: ProgramFile | SealedFile | None = binary
        self._first: RunRequest | None = None
        self._may_host = True
        self._next: deque[RunRequest] = deque()
        self._under_way: deque[RunFiles] = deque()
        self._lost: RunRequest | None = None  # once already, and is tried again
        self._zygote: Zygote | None = None
        self._width = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def timeout_s(self) -> float:
        """How long the answer that is due next may take."""
        return self._under_way[0].timeout_s

    def has_more(self) -> bool:
        """Whether a result is still to come. What the requests raise, this raises.

        Raises:
            InputError: a request is not of the same program, arguments, language and limits.
        """
        while len(self._under_way) + len(self._next) < self._width:
            request = next(self._requests, None)
            if request is None:
                break
            self._first = self._first or request
            _must_be_alike(self._first, request)
            self._next.append(request)
        return bool(self._under_way or self._next)

    def zygote(self) -> Zygote:
        """The zygote of this series, which may still be starting.

        Raises:
            ZygoteLost: none can be had.
            OSError: the same.
        """
        if self._zygote is None:
            self._zygote = self._pool.zygote_for(self._next[0], self._place)
        return self._zygote

    def post(self) -> None:
        """Request what can be requested now; the zygote has to be ready.

        Raises:
            ZygoteLost: the zygote is gone.
            OSError: no descriptors are left.
        """
        zygote = self.zygote()
        while self._next and len(self._under_way) < self._width:
            request = self._next[0]  # until it is under way: whatever is raised, it is not lost
            self._program = self._program or self._pool.file_of(request)
            self._host_where_it_pays(zygote, request)
            run = RunFiles(request, self._program, with_code=not zygote.hosts)
            self._under_way.append(run)
            self._next.popleft()
            zygote.post(run.mode, request.limits, run.fds)

    def result(self) -> RunResult:
        """The result of the run whose answer has come.

        Raises:
            ZygoteLost: it was no answer.
        """
        report = self.zygote().reply()
        with self._under_way.popleft() as run:
            result = run.result(report, self._pool.tier)
        self._left -= 1
        self._lost = None
        if result.status is Status.EXITED and result.exit_code == 0:
            self._width = WIDTH
        return result

    def lose(self, error: Exception) -> RunResult | None:
        """Let go of the zygote; what it ran is tried once more (None), or its result is that."""
        again = [run.request for run in self._under_way]
        self._let_go()
        self._may_host = False  # should that be what fails
        self._next.extendleft(reversed(again))
        if not self._next:
            return None
        if self._next[0] is not self._lost:
            self._lost = self._next[0]
            return None
        self._next.popleft()
        self._left -= 1
        return lost(str(error), self._pool.tier)

    def close(self) -> None:
        """Kill what is under way and give back the zygote and the place."""
        try:
            if self._under_way and self._zygote is not None:
                self._zygote.cancel()
        finally:
            try:
                self._let_go()
            finally:
                self._place.give_back()

    def _let_go(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            self._pool.put_back(zygote)
        while self._under_way:
            self._under_way.popleft().close()

    def _host_where_it_pays(self, zygote: Zygote, request: RunRequest) -> None:
        """Ask for a host, if there is none, nothing is under way and enough runs are to come."""
        program = self._program
        if (
            self._under_way
            or not self._may_host
            or self._left < WORTH_HOSTING
            or zygote.hosts
            or not self._pool.hosts
            or not isinstance(program, ProgramFile)
            or program.code is None
            or request.argv
            or isinstance(request.call, FunctionCalls)
            or any(word in utf8(request.program) for word in SIGNAL_WORDS)
        ):
            return
        fds = [program.source.fd, program.code.fd]
        zygote.host(RunFiles.mode_of(request), request.limits, fds)


def _must_be_alike(first: RunRequest, request: RunRequest) -> None:
    """A host is made for one program and one set of limits."""
    for what in ("program", "argv", "language", "limits", "profile"):
        if getattr(first, what) != getattr(request, what):
            msg = f"the tests of a series differ in their {what} (all must have the same)."
            raise InputError(f"{msg} Run them one by one.")
    if (first.call is None) != (request.call is None):
        raise InputError("functions and scripts in one series (one of them). Run them one by one.")
