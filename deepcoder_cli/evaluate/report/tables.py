"""The tables of a report: a column for each checker, a row for each thing it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.evaluate.report import words
from deepcoder_cli.evaluate.report.parts import Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deepcoder_cli.evaluate.report.parts import Published
    from deepcoder_cli.evaluate.scores import Score
    from deepcoder_cli.evaluate.summary import Summary

Row = tuple[str, ...]
NOTHING = Section("", (), ())


def scores(summaries: Sequence[Summary]) -> Section:
    """pass@k, its denominators, and both again without the errata."""
    all_scores = [summary.score for summary in summaries]
    sound = [summary.without_errata for summary in summaries]
    ks = sorted({k for score in all_scores if score for k, _ in score.pass_at} | {1})
    rows = [_row(f"pass@{k}", summaries, (_at(score, k) for score in all_scores)) for k in ks]
    if errata := len(summaries[0].errata):
        without = f"without {errata} {'erratum' if errata == 1 else 'errata'}"
        rows.append(_row(f"pass@1 {without}", summaries, map(words.pass_at_1, sound)))
        rows.append(_row(f"problems {without}", summaries, map(_problems, sound)))
    rows += [
        _row("problems", summaries, map(_problems, all_scores)),
        _row("solved at least once", summaries, map(_solved, all_scores)),
        _row("samples accepted", summaries, map(_accepted, all_scores)),
    ]
    title = f"Score at {words.tokens(summaries[0].budget)} tokens: % of problems [95 % interval]"
    return _table(title, ("",), summaries, rows)


def beside(summaries: Sequence[Summary], published: Published) -> Section:
    """This run above what others published, and by whose rules each was checked."""
    ours: Sequence[Row] | None = published.ours
    if ours is None:
        ours = tuple(
            (*_row("this run", [summary], [words.pass_at_1(summary.score)]), summary.checker)
            for summary in summaries
        )
    theirs = [(label, value, published.checker) for label, value in published.rows]
    title = f"Beside what is published: {published.title}"
    return Section(title, ("", "", "checked by"), (*ours, *theirs))


def by_difficulty(summaries: Sequence[Summary]) -> Section:
    """pass@1 by the data set's own word."""
    return _by("By difficulty: pass@1, %", summaries, [s.by_difficulty for s in summaries])


def by_platform(summaries: Sequence[Summary]) -> Section:
    """pass@1 by where the problems are from."""
    return _by("By platform: pass@1, %", summaries, [s.by_platform for s in summaries])


def by_budget(summaries: Sequence[Summary]) -> Section:
    """pass@1 at each budget; nothing where there is but one."""
    points = summaries[0].by_budget
    if len(points) < 2:
        return NOTHING
    rows = []
    for place, point in enumerate(points):
        label = f"{words.tokens(point.budget)} {point.how}"
        cut = words.share(point.truncated, point.samples)
        at = (words.pass_at_1(summary.by_budget[place].score) for summary in summaries)
        rows.append(_row(label, summaries, at, cut))
    most = words.tokens(summaries[0].budget)
    note = f"truncated: the {most} samples cut at that many tokens, not sampled anew."
    simulated = any(point.how == "truncated" for point in points)
    title = "By budget: pass@1, %"
    return _table(title, ("", "cut"), summaries, rows, (note,) if simulated else ())


def verdicts(summaries: Sequence[Summary]) -> Section:
    """How often each verdict came."""
    counts = [dict(summary.verdicts) for summary in summaries]
    of = [summary.coverage.judged for summary in summaries]
    codes = dict.fromkeys(code for some in counts for code in some)
    rows = [
        (
            words.verdict(code),
            *(words.share(some.get(code, 0), n) for some, n in zip(counts, of, strict=True)),
        )
        for code in codes
    ]
    return _table("Verdicts: samples (%)", ("",), summaries, rows)


def completions(summary: Summary) -> Section:
    """Lengths, and how many were cut or hold no program."""
    lengths, samples = summary.lengths, summary.coverage.samples
    rows = [
        ("cut by the budget", words.share(summary.truncated, samples)),
        ("no program", words.share(summary.no_program, summary.coverage.judged)),
    ]
    if summary.no_program:
        rows.append(("no program, of which cut", f"{summary.no_program_truncated:,}"))
    quantiles = (
        ("tokens, median", lengths.median),
        ("tokens, 90 % have at most", lengths.p90),
        ("tokens, longest", lengths.longest),
    )
    rows += [(label, f"{value:,}") for label, value in quantiles if value is not None]
    if lengths.unknown:
        rows.append(("tokens not told by the backend", words.some(lengths.unknown, "sample")))
    title = f"Completions at {words.tokens(summary.budget)} tokens (programs by {summary.checker})"
    return Section(title, ("", ""), tuple(rows))


def _table(
    title: str,
    first: Row,
    summaries: Sequence[Summary],
    rows: Iterable[Row],
    notes: tuple[str, ...] = (),
) -> Section:
    return Section(title, (*first, *(s.checker for s in summaries)), tuple(rows), notes)


def _row(
    label: str, summaries: Sequence[Summary], cells: Iterable[str], *before: str
) -> tuple[str, ...]:
    """A row of scores: a cell for each checker, or what keeps it from having one."""
    said = (
        f"refused: {len(summary.faults)} IE" if summary.faults else cell
        for summary, cell in zip(summaries, cells, strict=True)
    )
    return (label, *before, *said)


def _by(title: str, summaries: Sequence[Summary], parts: Sequence[Sequence[Score]]) -> Section:
    named = [{score.name: score for score in some} for some in parts]
    rows = []
    for name in dict.fromkeys(score.name for some in parts for score in some):
        problems = max(some[name].problems for some in named if name in some)
        cells = (words.pass_at_1(some.get(name)) for some in named)
        rows.append(_row(name, summaries, cells, f"{problems:,}"))
    return _table(title, ("", "problems"), summaries, rows)


def _at(score: Score | None, k: int) -> str:
    estimate = dict(score.pass_at).get(k) if score else None
    if score is None or estimate is None:
        return "-"
    fewer = f" of {estimate.problems:,}" if estimate.problems < score.problems else ""
    return words.interval(estimate) + fewer


def _problems(score: Score | None) -> str:
    return f"{score.problems:,}" if score else "-"


def _solved(score: Score | None) -> str:
    return words.of(score.solved, score.problems) if score else "-"


def _accepted(score: Score | None) -> str:
    return words.of(score.accepted, score.samples) if score else "-"
