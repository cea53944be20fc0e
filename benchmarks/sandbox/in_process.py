"""A grader in the manner of LiveCodeBench's, to measure against. It isolates nothing: never use it.

The manner, step by step, as in LiveCodeBench's `testing_util.run_test` and `check_correctness`
(written anew here): a manager process for the results and one forked process for each program;
in that, destructive functions are set to None, the program is parsed, wrapped into a function
behind a page of imports, and executed once; each test calls the function with `open` and `stdin`
patched and stdout caught, under an alarm, and the lines are compared, as decimals where they
differ. The expected outputs are in the same process as the program: it could simply read them.
"""

from __future__ import annotations

import ast
import builtins
import faulthandler
import io
import json
import multiprocessing
import os
import platform
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from decimal import Decimal, InvalidOperation
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import mock_open, patch

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S = 6
STAR_IMPORTED = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random",
    "statistics", "itertools", "functools", "operator", "io", "sys", "json", "builtins", "typing",
)  # fmt: skip
PRELUDE = "".join(f"from {name} import *\n" for name in STAR_IMPORTED)
PRELUDE += "".join(f"import {name}\n" for name in STAR_IMPORTED) + "sys.setrecursionlimit(50000)\n"
DISARMED = {
    builtins: "quit",
    os: "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename "
    "renames truncate replace unlink fchmod fchown chmod chown chroot lchown getcwd chdir",
    shutil: "rmtree move chown",
    subprocess: "Popen",
}


class Timeout(Exception):  # noqa: N818 - the manner
    """The alarm went off."""


class Stdin(io.TextIOWrapper):
    """Text input that has a `buffer` as the real one does."""

    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")


def grade(program: str, inputs: list[str], outputs: list[str]) -> list[bool]:
    """Whether each test is right; shorter than `inputs` when one is not."""
    sample = json.dumps({"inputs": inputs, "outputs": outputs})
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        results, notes = manager.list(), manager.list()
        process = context.Process(target=_child, args=(sample, program, results, notes))
        process.start()
        process.join(timeout=(TIMEOUT_S + 1) * len(inputs) + 5)
        if process.is_alive():
            process.kill()
        return list(results[0]) if len(results) else []


def _child(sample: str, program: str, results: Any, notes: Any) -> None:  # noqa: ANN401
    """Grade in the forked process; `results` and `notes` are the manager's lists."""
    signal.signal(signal.SIGALRM, _on_alarm)
    _disarm()
    tests = json.loads(sample)
    signal.alarm(TIMEOUT_S)
    try:
        results.append(_run(_compiled(program), tests["inputs"], tests["outputs"]))
    except BaseException:  # noqa: BLE001 - whatever the program raises
        results.append([False])
    finally:
        notes.append({})
        signal.alarm(0)


def _run(function: Callable[[], object], inputs: list[str], outputs: list[str]) -> list[bool]:
    verdicts: list[bool] = []
    for text, expected in zip(inputs, outputs, strict=True):
        signal.alarm(TIMEOUT_S)
        faulthandler.enable(2)
        caught = io.StringIO()
        with redirect_stdout(caught):
            _call(function, text)
        signal.alarm(0)
        faulthandler.disable()
        verdicts.append(_same(caught.getvalue(), expected))
        if not verdicts[-1]:
            break
    return verdicts


def _call(function: Callable[[], object], text: str) -> None:
    stdin = Stdin(text)
    lines = iter(text.split("\n"))
    with (
        patch("builtins.open", mock_open(read_data=text)),
        patch("sys.stdin", stdin),
        patch("sys.stdin.readline", lambda *_: next(lines) + "\n"),
        patch("sys.stdin.readlines", lambda *_: text.split("\n")),
        patch("sys.stdin.read", lambda *_: text),
        suppress(SystemExit),
    ):
        function()


def _compiled(program: str) -> Callable[[], object]:
    """The program as one function, its imports before it."""
    body = ast.parse(_without_name_guard(program)).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    rest = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    wrapped = ast.FunctionDef("wrapped_function", nothing, rest, [], lineno=-1)
    source = "\n".join([PRELUDE, *map(ast.unparse, imports), ast.unparse(wrapped)])
    module = ModuleType("solution")
    code = compile(source, "<string>", "exec", dont_inherit=True)
    exec(code, module.__dict__)
    function: Callable[[], object] = module.wrapped_function
    return function


def _without_name_guard(program: str) -> str:
    tree = ast.parse(program)
    last = tree.body[-1]
    if isinstance(last, ast.If) and ast.unparse(last.test) == "__name__ == '__main__'":
        return "\n".join(map(ast.unparse, [*tree.body[:-1], *last.body]))
    return program


def _same(output: str, expected: str) -> bool:
    got, want = ([line.strip() for line in text.strip().split("\n")] for text in (output, expected))
    return len(got) == len(want) and all(map(_same_line, got, want))


def _same_line(got: str, want: str) -> bool:
    if got == want:
        return True
    try:
        return [Decimal(word) for word in got.split()] == [Decimal(word) for word in want.split()]
    except InvalidOperation:
        return False


def _disarm() -> None:
    faulthandler.disable()
    platform.uname()
    os.environ["OMP_NUM_THREADS"] = "1"
    for owner, names in DISARMED.items():
        for name in names.split():
            setattr(owner, name, None)
    for name in ("ipdb", "joblib", "resource", "psutil", "tkinter"):
        sys.modules[name] = None  # type: ignore[assignment]


def _on_alarm(_signal: int, _frame: object) -> None:
    raise Timeout
