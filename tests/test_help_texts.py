"""The help of every command, word for word, at 80 columns.

After a wanted change: `UPDATE_GOLDEN=1 .venv/bin/pytest tests/test_help_texts.py`, then read the
difference before committing it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from deepcoder_cli.main import app

GOLDEN = Path(__file__).parent / "golden"
VERBS = getattr(typer.main.get_command(app), "commands", {})
COMMANDS = sorted(VERBS)
PAGES = [
    (),
    *((command,) for command in COMMANDS),
    *((c, verb) for c in COMMANDS for verb in sorted(getattr(VERBS[c], "commands", {}))),
]


def help_text(arguments: tuple[str, ...]) -> str:
    """What `deepcoder ARGUMENTS --help` prints on an 80-column terminal without colours."""
    start = "import sys; sys.argv[0] = 'deepcoder'; from deepcoder_cli.main import main; main()"
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "80", "TERM": "dumb", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", start, *arguments, "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("arguments", PAGES, ids=lambda page: " ".join(page) or "deepcoder")
def test_help_is_the_golden_text(arguments: tuple[str, ...]) -> None:
    golden = GOLDEN / f"help-{'-'.join(arguments) or 'deepcoder'}.txt"
    text = help_text(arguments)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


def test_there_is_no_golden_text_of_a_command_that_is_gone() -> None:
    kept = {path.stem.removeprefix("help-") for path in GOLDEN.glob("help-*.txt")}

    assert kept == {"-".join(page) or "deepcoder" for page in PAGES}


def test_short_and_long_help_are_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deepcoder_cli.main", "-h"],
        env={"PATH": os.environ["PATH"], "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "--help" in done.stdout
    assert done.stdout.count("\n") == help_text(()).count("\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_every_option_has_a_help_line(command: str) -> None:
    found = VERBS[command]

    assert (found.help or "").strip()
    bare = [
        parameter.name
        for parameter in found.params
        if parameter.param_type_name == "option" and not getattr(parameter, "help", None)
    ]
    assert bare == []
