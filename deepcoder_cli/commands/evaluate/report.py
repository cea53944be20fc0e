"""`deepcoder eval report`: the run as a table, Markdown, JSON, or one HTML file with plots."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.commands.evaluate.options import existing_run
from deepcoder_cli.errors import EXIT_OK, InputError
from deepcoder_cli.evaluate.budget import parse_budgets
from deepcoder_cli.evaluate.report.json_data import report_data
from deepcoder_cli.evaluate.report.terminal import report_text
from deepcoder_cli.evaluate.reporting import run_report
from deepcoder_cli.evaluate.store import cannot_write, replace_file
from deepcoder_cli.result import CommandResult

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.reporting import RunReport
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.store import RunFolder

EXIT_FAULTS = 1  # the judge failed somewhere, so there is no score
MARKDOWN, HTML = "report.md", "report.html"


def report_command(
    path: str,
    *,
    markdown: bool = False,
    html: bool = False,
    budgets: str | None = None,
    errata: str | None = None,
    as_json: bool = False,
) -> CommandResult:
    """Print a run's report; with a flag also write it beside the run, plots included.

    Raises:
        InputError: no run, or nothing scored in it.
        OutputError: a report could not be written.
    """
    folder, info = existing_run(path)
    wanted = parse_budgets(budgets) if budgets else ()
    too_large = [budget for budget in wanted if budget > max(info.budgets)]
    if too_large:
        msg = f"no such budget in {path}: {too_large[0]} tokens (sampled with {max(info.budgets)})."
        raise InputError(f"{msg} Sample it with `eval run --budget`.")
    report = run_report(folder, info, budgets=wanted, errata_file=Path(errata) if errata else None)
    written = _write(folder, report, markdown=markdown, html=html)
    return _result(report, written, as_json=as_json)


def report_result(folder: RunFolder, info: RunInfo, *, as_json: bool) -> CommandResult:
    """What `run` and `score` end with; a run without any verdict says how many samples it has."""
    if not folder.verdicts():
        count = sum(1 for _ in folder.samples())
        text = f"{count} samples in {folder.path}, none scored. `eval score` does that."
        return CommandResult(EXIT_OK, text, {"run": str(folder.path), "samples": count})
    return _result(run_report(folder, info), [str(folder.path)], as_json=as_json)


def _result(report: RunReport, written: list[str], *, as_json: bool) -> CommandResult:
    faults = any(summary.faults for summary in report.summaries)
    data = report_data(report.info, report.summaries, published=report.published)
    text = ""
    if not as_json:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
        text = report_text(
            report.info, report.summaries, published=report.published,
            width=max(60, min(width, 120)), colour=sys.stdout.isatty(),
        ).rstrip("\n")  # fmt: skip
        text += "".join(f"\n\n{place}" for place in written)
    return CommandResult(EXIT_FAULTS if faults else EXIT_OK, text, {**data, "written": written})


def _write(folder: RunFolder, report: RunReport, *, markdown: bool, html: bool) -> list[str]:
    """Write what was asked for into the run's folder; the paths."""
    written: list[str] = []
    pictures: dict[str, bytes] = {}
    if markdown or html:
        from deepcoder_cli.evaluate.report.plots import plots_of

        pictures = plots_of(report.info, report.summaries)
    files: dict[str, bytes] = {}
    if markdown:
        from deepcoder_cli.evaluate.report.markdown import report_markdown

        files |= pictures
        text = report_markdown(
            report.info, report.summaries, published=report.published, pictures=list(pictures)
        )
        files[MARKDOWN] = text.encode("utf-8", "replace")
    if html:
        from deepcoder_cli.evaluate.report.html import report_html

        page = report_html(
            report.info, report.summaries, report.samples, report.verdicts,
            published=report.published, pictures=pictures,
        )  # fmt: skip
        files[HTML] = page.encode("utf-8", "replace")
    for name, content in files.items():
        try:
            replace_file(folder.path / name, content)
        except OSError as error:
            raise cannot_write(folder.path / name, error) from error
        written.append(str(folder.path / name))
    return written
