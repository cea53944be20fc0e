"""The languages a program can be written in."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """What a program is written in."""

    PYTHON = "python"
    CPP = "cpp"
    JAVASCRIPT = "javascript"
