"""Expected outputs kept in a file of the user's, by data set and version of the rules."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deepcoder_cli import paths
from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.evalplus import rules
from deepcoder_cli.evaluate.evalplus.canonical import run_canonical
from deepcoder_cli.evaluate.evalplus.values import PARTS, Expected, ExpectedValue, expected_of
from deepcoder_cli.problems.datasets.evalplus import read_evalplus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from deepcoder_cli.problems.datasets.evalplus import EvalplusProblem
    from deepcoder_cli.sandbox.runner import Runner

__all__ = ["Expected", "aexpected_outputs", "expected_outputs", "key_of"]


async def aexpected_outputs(
    path: Path, problems: Sequence[EvalplusProblem], runner: Runner, *, folder: Path | None = None
) -> dict[str, Expected]:
    """What `problems` of the data set file at `path` are to return, by task.

    They come from the file kept for that data set and these rules, or from a run of all canonical
    solutions (half a minute of CPU time for HumanEval+), which is then kept.

    Raises:
        InputError: a canonical solution fails.
        SandboxUnavailable: the sandbox lost a run.
        OutputError: the file cannot be written.
    """
    kept = (folder or paths.expected_outputs_dir()) / f"{key_of(path)}.json"
    values = _load(kept)
    if values is None or any(p.task_id not in values for p in problems):
        every = {p.task_id: p for p in (*read_evalplus(path), *problems)}
        values = await run_canonical(list(every.values()), runner)
        _keep(kept, values)
    return {p.task_id: expected_of(p, values[p.task_id]) for p in problems}


def expected_outputs(
    path: Path, problems: Sequence[EvalplusProblem], runner: Runner, *, folder: Path | None = None
) -> dict[str, Expected]:
    """`aexpected_outputs` for callers without an event loop."""
    return asyncio.run(aexpected_outputs(path, problems, runner, folder=folder))


def key_of(path: Path) -> str:
    """What kept outputs are known by: the data set file's SHA-256 and the version of the rules.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return f"{hashlib.file_digest(file, 'sha256').hexdigest()}-{rules.RULES_VERSION}"
    except OSError as error:
        raise InputError(f"cannot read a data set: {path} ({error}). Give another.") from error


def _keep(path: Path, values: dict[str, dict[str, tuple[ExpectedValue, ...]]]) -> None:
    """Write the file as a whole, or not at all."""
    rows = {
        task: {name: [_row(value) for value in part] for name, part in parts.items()}
        for task, parts in values.items()
    }
    half = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(rows), encoding="ascii")
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink()
        raise OutputError(
            f"cannot keep expected outputs: {path} ({error}). Make room, or set XDG_CACHE_HOME."
        ) from error


def _load(path: Path) -> dict[str, dict[str, tuple[ExpectedValue, ...]]] | None:
    """What is kept; None where there is nothing of use."""
    try:
        rows = json.loads(path.read_text(encoding="ascii"))
        return {
            task: {name: tuple(map(_value, parts[name])) for name in PARTS}
            for task, parts in rows.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _row(value: ExpectedValue) -> list[Any]:
    body = None if value.body is None else base64.b64encode(value.body).decode("ascii")
    return [
        body, value.digest, value.size, value.tagged, value.seconds, value.atol, value.atol_after,
        value.same,
    ]  # fmt: skip


def _value(row: list[Any]) -> ExpectedValue:
    body, *rest = row
    return ExpectedValue(None if body is None else base64.b64decode(body), *rest)
