"""The languages a program can be written in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath


class Language(StrEnum):
    """What a program is written in."""

    PYTHON = "python"
    CPP = "cpp"
    JAVASCRIPT = "javascript"


SUFFIXES = {
    ".py": Language.PYTHON,
    **dict.fromkeys((".cpp", ".cc", ".cxx", ".c++"), Language.CPP),
    **dict.fromkeys((".js", ".mjs", ".cjs"), Language.JAVASCRIPT),
}


NAMES = {
    **dict.fromkeys(("cpp", "c++", "cc", "cxx"), Language.CPP),
    **dict.fromkeys(("javascript", "js", "mjs", "node"), Language.JAVASCRIPT),
}


def language_named(name: str) -> Language | None:
    """What a code block says it holds, where that can be run; Python has names of its own.

    >>> language_named("C++"), language_named("rust")
    (<Language.CPP: 'cpp'>, None)
    """
    return NAMES.get(name.lower())


def language_of(file_name: str) -> Language:
    """What a file holds, by its suffix; Python where that says nothing.

    >>> language_of("a.cc"), language_of("solution"), language_of("-")
    (<Language.CPP: 'cpp'>, <Language.PYTHON: 'python'>, <Language.PYTHON: 'python'>)
    """
    return SUFFIXES.get(PurePath(file_name).suffix.lower(), Language.PYTHON)
