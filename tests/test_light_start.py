"""`deepcoder --help` starts as fast as typer: it loads typer and our own core, nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer

from deepcoder_cli.main import app

COMMANDS = sorted(getattr(typer.main.get_command(app), "commands", {}))
ALLOWED = {"typer", "annotated_doc", "shellingham", "typing_extensions", "deepcoder_cli"}
TYPERS_OWN = {"pydantic", "pydantic_core", "annotated_types", "typing_inspection"}
HEAVY_STDLIB = {"asyncio", "sqlite3", "multiprocessing", "concurrent", "http", "ssl", "unittest"}
LIGHT_ROOMS = {
    "main", "eval_verbs", "options", "errors", "result", "types", "paths", "config", "visible",
}  # fmt: skip

PROBE = """
import contextlib, io, json, sys
before = set(sys.modules)
from deepcoder_cli.main import main
sys.argv = ["deepcoder", *sys.argv[1:]]
out = io.StringIO()
with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
    main()
print(json.dumps({"text": out.getvalue(), "modules": sorted(set(sys.modules) - before)}))
"""


def modules_loaded_by(*arguments: str) -> tuple[str, set[str]]:
    """What the command line printed, and the modules it imported beyond bare Python's."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if not k.startswith(("COV_", "_DEEPCODER"))},
    )
    found = json.loads(done.stdout)
    return found["text"], set(found["modules"])


STARTS = [("--help",), ("--version",), *((command, "--help") for command in COMMANDS)]


@pytest.mark.parametrize("arguments", STARTS, ids=" ".join)
def test_help_and_version_load_typer_and_the_core_only(arguments: tuple[str, ...]) -> None:
    text, modules = modules_loaded_by(*arguments)

    assert text.startswith("deepcoder 0." if "--version" in arguments else "Usage: ")
    tops = {name.partition(".")[0] for name in modules}
    third_party = {top for top in tops if not top.startswith("_sysconfigdata")}
    third_party -= sys.stdlib_module_names
    # typer reads a command's options with pydantic; the two plain starts never get that far
    allowed = ALLOWED | TYPERS_OWN if len(arguments) > 1 else ALLOWED
    assert third_party - allowed == set()
    assert modules & HEAVY_STDLIB == set()
    rooms = {name.split(".")[1] for name in modules if name.startswith("deepcoder_cli.")}
    assert rooms - LIGHT_ROOMS == set()


def test_the_probe_sees_a_heavy_import() -> None:
    probe = PROBE.replace(
        "before = ", "before = set(sys.modules); import asyncio; before = before or "
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, "--version"], capture_output=True, text=True, check=True
    )

    assert "asyncio" in json.loads(done.stdout)["modules"]
