"""`deepcoder eval compare`: two runs of one benchmark, problem by problem."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from deepcoder_cli.commands.evaluate.options import existing_run
from deepcoder_cli.errors import EXIT_OK, InputError
from deepcoder_cli.evaluate.compare import Side, compare
from deepcoder_cli.evaluate.report.comparison import (
    comparison_data,
    comparison_markdown,
    comparison_text,
)
from deepcoder_cli.evaluate.reporting import ours_first
from deepcoder_cli.result import CommandResult

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.records import SampleVerdict
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.store import RunFolder


def compare_command(
    first: str, second: str, *, checker: str | None = None, markdown: bool = False
) -> CommandResult:
    """The paired difference of two runs, by the first checker that both have, or the one named.

    Raises:
        InputError: no runs, or runs that cannot be compared.
    """
    runs = [existing_run(path) for path in (first, second)]
    verdicts = [folder.verdicts() for folder, _ in runs]
    name = _common(verdicts, checker, first, second)
    a, b = (
        _side(path, folder, info, found[name], name)
        for path, (folder, info), found in zip((first, second), runs, verdicts, strict=True)
    )
    made = compare(a, b)
    if markdown:
        return CommandResult(EXIT_OK, comparison_markdown(made).rstrip(), comparison_data(made))
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if on_terminal else 80
    text = comparison_text(made, width=max(60, min(width, 120)), colour=on_terminal)
    return CommandResult(EXIT_OK, text.rstrip("\n"), comparison_data(made))


def _side(
    path: str, folder: RunFolder, info: RunInfo, verdicts: dict[str, SampleVerdict], checker: str
) -> Side:
    return Side(path, info, folder.samples(), verdicts, checker)


def _common(
    verdicts: list[dict[str, dict[str, SampleVerdict]]], wanted: str | None, *paths: str
) -> str:
    """The name of the checker to compare by."""
    common = sorted(set(verdicts[0]) & set(verdicts[1]), key=ours_first)
    for name in common:
        if wanted is None or wanted in {name, name.partition("/")[0]}:
            return name
    has = "; ".join(
        f"{path}: {', '.join(found) or 'none'}" for path, found in zip(paths, verdicts, strict=True)
    )
    msg = f"no common verdicts of {wanted or 'any checker'} ({has})."
    raise InputError(f"{msg} Run `eval score` on both.")
