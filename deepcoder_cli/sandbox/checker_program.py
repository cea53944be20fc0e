"""A user's own checker: a Python or C++ program by testlib's convention, run in the sandbox.

It is given the names of three files, `input output answer`, and says with its exit code what the
output is worth: 0 right; 1, 2, 4 or 8 wrong (testlib's wrong answer, presentation error, dirt and
unexpected end of file). Where it fails (anything else, any limit, any signal), it is tried on the
expected output: right there, it was the program's output that made it fail, and that is wrong;
else the fault is the checker's own (IE). So it is with 3, by which a checker blames itself.

The expected output is given to the checker alone, in a sandbox of its own run; the program under
test has ended by then. Not covered: partial scores, interactive checkers, Python checkers in
more than one file.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner, RunResult

PREFIX = "program:"
MAX_SOURCE_BYTES = 1 << 20
MAX_SAID = 300
ARGUMENTS = ("input", "output", "answer")
ACCEPTS, REFUSES, BLAMES_ITSELF = 0, (1, 2, 4, 8), 3
_LANGUAGES = {
    ".py": Language.PYTHON,
    ".cpp": Language.CPP,
    ".cc": Language.CPP,
    ".cxx": Language.CPP,
}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([\w.-]+)"[^\n]*$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CheckerProgram:
    """A checker that is a program.

    Attributes:
        name: what messages call it; its file's name.
        source: the program itself, in one file.
        language: Python or C++.
        limits: what one check may use, whatever the limits of the program under test.
    """

    name: str
    source: str
    language: Language = Language.PYTHON
    limits: Limits = field(default_factory=Limits)

    def request(self, *, given: bytes, output: bytes, answer: bytes) -> RunRequest:
        """The run that checks `output`, made from the input `given`, against `answer`."""
        return RunRequest(
            self.source,
            limits=self.limits,
            argv=ARGUMENTS,
            language=self.language,
            profile=Profile.GENERAL,
            files=tuple(zip(ARGUMENTS, (given, output, answer), strict=True)),
        )


def load_checker_program(path: str) -> CheckerProgram:
    """The checker in the file `path`; headers that a C++ one includes from beside it, put in.

    Raises:
        InputError: no Python or C++ file, not UTF-8, over 1 MiB, or it cannot be read.
    """
    file = Path(path)
    language = _LANGUAGES.get(file.suffix.lower())
    if language is None:
        known = ", ".join(_LANGUAGES)
        raise InputError(f"checker program of an unknown kind: {path} ({known}). Choose another.")
    source = _read(file)
    if language is Language.CPP:
        source = _with_headers(source, file.parent)
    return CheckerProgram(file.name, source, language)


async def acheck(
    checker: CheckerProgram, runner: Runner, *, given: bytes, output: bytes, answer: bytes
) -> tuple[Verdict, str]:
    """What `checker` says of `output`: AC, WA or IE, and a line for people."""
    request = checker.request(given=given, output=output, answer=answer)
    result = await runner.arun(request)
    verdict, why = verdict_of_check(result, checker.name)
    if verdict is not Verdict.IE or _says_whose_fault(result):
        return verdict, why
    on_expected = await runner.arun(checker.request(given=given, output=answer, answer=answer))
    if (on_expected.status, on_expected.exit_code) != (Status.EXITED, ACCEPTS):
        return verdict, why
    if _may_be_the_machine(result):
        result = await runner.arun(request)
        verdict, why = verdict_of_check(result, checker.name)
        if verdict is not Verdict.IE or _says_whose_fault(result):
            return verdict, why
    return Verdict.WA, f"{why}. On the expected output it does not: the output is at fault."


def _says_whose_fault(result: RunResult) -> bool:
    """Whether a failure cannot come of the output."""
    by_itself = result.status is Status.EXITED and result.exit_code == BLAMES_ITSELF
    return by_itself or result.status in {Status.INFRASTRUCTURE, Status.COMPILE_ERROR}


def _may_be_the_machine(result: RunResult) -> bool:
    """Whether a machine out of time or memory ends a checker like this."""
    return result.status is Status.WALL_LIMIT or result.signal == signal.SIGKILL


def verdict_of_check(result: RunResult, name: str) -> tuple[Verdict, str]:
    """The verdict that the run of a checker means, and a line for people."""
    said = _last_line(result.stderr) or _last_line(result.stdout)
    if result.status is not Status.EXITED:
        why = f"{result.status.value}, {result.detail or said}".rstrip(", ")
        return Verdict.IE, f"checker {name} failed: {why}"
    if result.exit_code == ACCEPTS:
        return Verdict.AC, said
    if result.exit_code in REFUSES:
        return Verdict.WA, f"checker {name}: {said or f'exit code {result.exit_code}'}"
    why = f"exit code {result.exit_code}, {said}".rstrip(", ")
    return Verdict.IE, f"checker {name} failed: {why}"


def _with_headers(source: str, folder: Path) -> str:
    r"""`source` with each `#include "name"` that is a file in `folder` put in once.

    A checker travels as one file, so testlib.h comes along where it lies beside the checker.
    """
    seen: set[str] = set()

    def put_in(include: re.Match[str]) -> str:
        header = folder / include[1]
        if include[1] in seen:
            return ""
        if not header.is_file():
            return include[0]
        seen.add(include[1])
        return _INCLUDE.sub(put_in, _read(header))

    return _INCLUDE.sub(put_in, source)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_SOURCE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        msg = f"checker program cannot be read: {file} ({reason}). Check the path."
        raise InputError(msg) from error
    if len(data) > MAX_SOURCE_BYTES:
        raise InputError(f"checker program is too big: {file} (1 MiB is allowed). Shorten it.")
    return text


def _last_line(data: bytes) -> str:
    """The last line, cut; a checker may quote a hostile output, so control characters are shown."""
    return escaped(data.decode("utf-8", "replace").strip().rpartition("\n")[2][:MAX_SAID])
