"""The descriptors that one strict run is given, and what is kept of programs from run to run."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Self

from deepcoder_cli.sandbox.inside.protocol import (
    CALLS_MODE,
    FUNCTION_MODE,
    HAS_EXTRA,
    NATIVE_MODE,
    READ_CODE,
    SCRIPT_MODE,
    WRITE_CODE,
)
from deepcoder_cli.sandbox.outcome import result_from
from deepcoder_cli.sandbox.program_file import ProgramFile
from deepcoder_cli.sandbox.runner import FunctionCalls
from deepcoder_cli.sandbox.sealed import SealedFile, sealed, utf8

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.outcome import Report
    from deepcoder_cli.sandbox.runner import RunRequest, RunResult, Tier

KEPT_PROGRAMS = 64
GRACE_S = 10.0  # how long a zygote may be late in enforcing the wall limit


class RunFiles:
    """The descriptors of one run, open until it is closed."""

    def __init__(
        self, request: RunRequest, program: ProgramFile | SealedFile, *, with_code: bool = True
    ) -> None:
        """Open what `request` needs; a `program` that is no ProgramFile is a binary to execute.

        A host has the program's code already, and is given none (`with_code`).
        """
        self.request = request
        self.mode = self.mode_of(request)
        self._with_code = with_code
        self._program = program
        self._code: int | None = None
        self._owned: list[int] = []
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @property
    def timeout_s(self) -> float:
        """How long a zygote may take to answer."""
        return self.request.limits.wall_limit_s + GRACE_S

    def result(self, report: Report, tier: Tier) -> RunResult:
        """What came of it; code that the run left for later ones is kept."""
        out, err, note = self.fds[2:5]
        if self._code is not None and isinstance(self._program, ProgramFile):
            self._program.keep_code(self._code)
        return result_from(self.request, report, stdout=out, stderr=err, note=note, tier=tier)

    @staticmethod
    def mode_of(request: RunRequest) -> int:
        """What kind of run it is."""
        if isinstance(request.call, FunctionCalls):
            return CALLS_MODE
        return SCRIPT_MODE if request.call is None else FUNCTION_MODE

    def close(self) -> None:
        """Close them all."""
        owned, self._owned = self._owned, []
        for fd in owned:
            os.close(fd)

    def __del__(self) -> None:
        if hasattr(self, "_owned") and os is not None:  # at the interpreter's end it may be gone
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        stdin = self._hold(sealed("stdin", self.request.stdin))
        output = [self._hold(os.memfd_create(name)) for name in ("out", "err", "note")]
        self.fds = [0, stdin, *output]
        extra = b"\0".join(map(utf8, self.request.argv))
        if isinstance(call := self.request.call, FunctionCalls):
            extra = call.plan
        elif call is not None:
            extra = utf8(f"{call.name}\n{call.arguments}")
        if extra:
            self.mode |= HAS_EXTRA
            self.fds.append(self._hold(sealed("extra", extra)))
        if isinstance(self._program, SealedFile):
            self.mode |= NATIVE_MODE
            self.fds[0] = self._program.fd
        else:
            self.fds[0] = self._hold(self._program.reopened())
            if self._with_code:
                self._take_code(self._program)

    def _hold(self, fd: int) -> int:
        self._owned.append(fd)
        return fd

    def _take_code(self, program: ProgramFile) -> None:
        """Hand over the code that an earlier run left, or a file to leave it in."""
        self._left_code = program.code  # held, so that it stays open
        if self._left_code is not None:
            self.mode |= READ_CODE
            self.fds.append(self._left_code.fd)
        elif program.wants_code:
            self.mode |= WRITE_CODE
            self._code = self._hold(os.memfd_create("code", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
            self.fds.append(self._code)


class Programs:
    """The last few programs: one program runs on many tests."""

    def __init__(self) -> None:
        """Hold none."""
        self._lock = threading.Lock()
        self._files: OrderedDict[str, ProgramFile] = OrderedDict()

    def file_of(self, program: str) -> ProgramFile:
        """The file of `program`, made where it is new."""
        with self._lock:
            file = self._files.get(program)
        if file is None:
            file = ProgramFile(program)
        with self._lock:
            file = self._files.setdefault(program, file)
            self._files.move_to_end(program)
            if len(self._files) > KEPT_PROGRAMS:
                self._files.popitem(last=False)  # closed when its last run lets go of it
        return file
