"""The checker a problem names, where it is a program in a file beside the problem."""

from __future__ import annotations

from pathlib import Path

PROGRAM = "program:"


def found_from(checker: str, folder: Path) -> str:
    """The name `checker`, with the path of a checker program made whole.

    Such a path is relative to the problem's `folder`. Whether there is such a file, or such a
    checker, is not looked at here.

    >>> found_from("program:check.py", Path("/problems/sum"))
    'program:/problems/sum/check.py'
    >>> found_from("tokens", Path("/problems/sum"))
    'tokens'
    """
    if not checker.startswith(PROGRAM):
        return checker
    path = Path(checker.removeprefix(PROGRAM).strip())
    return f"{PROGRAM}{(folder / path).absolute()}"
