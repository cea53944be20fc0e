"""`deepcoder eval report`: the run as a table, Markdown, JSON, or one HTML file with plots."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.commands.evaluate.options import existing_run
from deepcoder_cli.errors import EXIT_OK, InputError
from deepcoder_cli.evaluate.budget import parse_budgets
from deepcoder_cli.evaluate.codeforces import lines as rating_lines
from deepcoder_cli.evaluate.report.data import report_data
from deepcoder_cli.evaluate.report.terminal import report_text
from deepcoder_cli.evaluate.reporting import card_points, run_report
from deepcoder_cli.evaluate.store import cannot_write, replace_file
from deepcoder_cli.result import CommandResult

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.codeforces import CodeforcesResult
    from deepcoder_cli.evaluate.reporting import RunReport
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.store import RunFolder

EXIT_FAULTS = 1  # the judge failed somewhere, so there is no score
MARKDOWN, HTML = "report.md", "report.html"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The flags of `eval report`; None where a flag was not given."""

    path: str
    markdown: bool = False
    html: bool = False
    budget: str | None = None
    errata: str | None = None
    snapshot: str | None = None
    ratings: str | None = None


def report_command(options: ReportOptions, *, as_json: bool = False) -> CommandResult:
    """Print a run's report; with a flag also write it beside the run, plots included.

    Raises:
        InputError: no run, or nothing scored in it.
        OutputError: a report could not be written.
    """
    folder, info = existing_run(options.path)
    wanted = parse_budgets(options.budget) if options.budget else ()
    too_large = [budget for budget in wanted if budget > max(info.budgets)]
    if too_large:
        msg = f"budget above what was sampled: {too_large[0]} tokens (up to {max(info.budgets)})."
        raise InputError(f"{msg} Sample it with `eval run --budget`.")
    errata = Path(options.errata) if options.errata else None
    report = run_report(folder, info, budgets=wanted, errata_file=errata)
    rating = _rating(report, options)
    written = _write(folder, report, markdown=options.markdown, html=options.html)
    return _result(report, written, rating, as_json=as_json)


def _rating(report: RunReport, options: ReportOptions) -> CodeforcesResult | None:
    """The Codeforces rating of the run, where a snapshot of contests is given."""
    if options.snapshot is None:
        if options.ratings is not None:
            msg = f"a rating table without contests: --ratings {options.ratings}."
            raise InputError(f"{msg} Give the contests with --snapshot.")
        return None
    from deepcoder_cli.evaluate.codeforces import codeforces_summary, read_snapshot, read_table

    table = read_table(Path(options.ratings)) if options.ratings else None
    checker = report.summaries[0].checker
    budget = max(report.info.budgets)
    longest = {each.key for each in report.folder.samples() if each.budget == budget}
    verdicts = [each for key, each in report.verdicts[checker].items() if key in longest]
    return codeforces_summary(
        read_snapshot(Path(options.snapshot)), report.info.problems, verdicts,
        attempts=report.info.n, table=table,
    )  # fmt: skip


def report_result(folder: RunFolder, info: RunInfo, *, as_json: bool) -> CommandResult:
    """What `run` and `score` end with; a run without any verdict says how many samples it has."""
    if not folder.verdicts():
        count = sum(1 for _ in folder.samples())
        text = f"{count} samples in {folder.path}, none scored. `eval score` does that."
        return CommandResult(EXIT_OK, text, {"run": str(folder.path), "samples": count})
    return _result(run_report(folder, info), [str(folder.path)], None, as_json=as_json)


def _result(
    report: RunReport, written: list[str], rating: CodeforcesResult | None, *, as_json: bool
) -> CommandResult:
    faults = any(summary.faults for summary in report.summaries)
    data = report_data(report.info, report.summaries)
    text = ""
    if not as_json:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
        text = report_text(
            report.info, report.summaries, published=report.published,
            width=max(60, min(width, 120)), colour=sys.stdout.isatty(),
        ).rstrip("\n")  # fmt: skip
        if rating is not None:
            text += "\n\nCodeforces, " + "\n".join(rating_lines(rating))
        text += "".join(f"\n{place}" for place in ("", *written))
    data |= {"written": written, "codeforces": None if rating is None else asdict(rating)}
    return CommandResult(EXIT_FAULTS if faults else EXIT_OK, text, data)


def _write(folder: RunFolder, report: RunReport, *, markdown: bool, html: bool) -> list[str]:
    """Write what was asked for into the run's folder; the paths."""
    written: list[str] = []
    if markdown:
        from deepcoder_cli.evaluate.report.markdown import report_markdown
        from deepcoder_cli.evaluate.report.plots import draw_all

        drawn = draw_all(report.info, report.summaries, folder.path, published=card_points(report))
        pictures = [(what, file.name) for what, file in drawn]
        text = report_markdown(
            report.info, report.summaries, published=report.published, pictures=pictures
        )
        try:
            replace_file(folder.path / MARKDOWN, text.encode("utf-8", "replace"))
        except OSError as error:
            raise cannot_write(folder.path / MARKDOWN, error) from error
        written += [str(folder.path / name) for name in (MARKDOWN, *(name for _, name in pictures))]
    if html:
        from deepcoder_cli.evaluate.report.html import write_html

        write_html(
            folder.path / HTML, report.info, report.summaries, folder.samples(), report.verdicts,
            published=report.published,
        )  # fmt: skip
        written.append(str(folder.path / HTML))
    return written
