"""The programs: files of small ones by theme, and those whose source cannot be seen plainly.

A file of `programs/` holds programs one after another. `#= name` starts one; a line `#< literal`
after it gives its stdin (a Python string or bytes), `#> literal` its arguments (a list).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.fidelity.odd import ODD_PROGRAMS

FOLDER = Path(__file__).with_name("programs")
START, STDIN, ARGUMENTS = "#= ", "#< ", "#> "


@dataclass(frozen=True, slots=True)
class Program:
    """One program with what it is given; `name` is its theme and what it is about."""

    name: str
    source: str
    stdin: bytes = b""
    argv: tuple[str, ...] = ()


def all_programs() -> list[Program]:
    """Every program, by file and place in it."""
    programs = [p for path in sorted(FOLDER.glob("*.txt")) for p in _programs_of(path)]
    programs += [Program(f"odd: {name}", *given) for name, given in ODD_PROGRAMS.items()]
    return programs


def _programs_of(path: Path) -> list[Program]:
    text = path.read_text(encoding="utf-8")
    return [_program(path.stem, part) for part in ("\n" + text).split("\n" + START)[1:]]


def _program(theme: str, part: str) -> Program:
    name, _, source = part.partition("\n")
    given: dict[str, object] = {STDIN: b"", ARGUMENTS: []}
    while source[: len(START)] in given:
        line, _, source = source.partition("\n")
        given[line[: len(START)]] = ast.literal_eval(line[len(START) :])
    stdin, argv = given[STDIN], given[ARGUMENTS]
    if isinstance(stdin, str):
        stdin = stdin.encode()
    assert isinstance(stdin, bytes)
    assert isinstance(argv, list)
    return Program(f"{theme}: {name}", source.rstrip("\n") + "\n", stdin, tuple(argv))
