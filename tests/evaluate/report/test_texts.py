"""The reports as text and Markdown, word for word.

After a wanted change: `UPDATE_GOLDEN=1 .venv/bin/pytest tests/evaluate/report/test_texts.py`, then
read the difference before committing it.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

from deepcoder_cli.evaluate.compare import Side, compare
from deepcoder_cli.evaluate.report.comparison import comparison_markdown, comparison_text
from deepcoder_cli.evaluate.report.data import report_data
from deepcoder_cli.evaluate.report.markdown import report_markdown
from deepcoder_cli.evaluate.report.parts import Published
from deepcoder_cli.evaluate.report.terminal import report_text
from deepcoder_cli.evaluate.summary import summarize
from tests.evaluate.report.hostile import hostile_run
from tests.evaluate.runs import LCB, STRICT, run

if TYPE_CHECKING:
    from deepcoder_cli.evaluate.summary import Summary
    from tests.evaluate.runs import Run

GOLDEN = Path(__file__).parent / "golden"
CARD = Published(
    "LiveCodeBench v5, pass@1", "model card (LiveCodeBench's checker)",
    (("DeepCoder-14B-Preview", "60.6"), ("DeepSeek-R1-Distill-Qwen-14B", "53.0"),
     ("O3-Mini-2025-1-31 (Low)", "60.9")),
)  # fmt: skip


def summaries(made: Run) -> list[Summary]:
    return [
        summarize(made.info, made.samples, some, name, errata={"p003"})
        for name, some in made.verdicts.items()
    ]


def whole() -> Run:
    return run(40, 4, (16384, 32768, 65536))


def single() -> Run:
    """One sample a problem, one checker."""
    made = run(279, 1)
    return replace(made, verdicts={STRICT: made.verdicts[STRICT]})


def under_way() -> Run:
    """168 of 279 sampled, the last twenty not judged; four rows of the data set refused."""
    made = run(279, 1)
    verdicts = {
        name: {sample.key: some[sample.key] for sample in made.samples[:148]}
        for name, some in made.verdicts.items()
    }
    info = replace(made.info, refused=(("no-tests", 3), ("unsafe-pickle", 1)))
    info = replace(
        info, problems=(replace(info.problems[0], sample_graded=True), *info.problems[1:])
    )
    return replace(made, info=info, samples=made.samples[:168], verdicts=verdicts)


def faulty() -> Run:
    """The strict judge failed on seven samples, the other on none."""
    made = run(20, 2)
    bad = {
        sample.key: replace(made.verdicts[STRICT][sample.key], verdict="IE", detail="sandbox lost")
        for sample in made.samples[:7]
    }
    return replace(made, verdicts={**made.verdicts, STRICT: {**made.verdicts[STRICT], **bad}})


RUNS = {"whole": whole, "single": single, "under-way": under_way, "faulty": faulty}


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RUNS)
def test_the_terminal_report_is_the_golden_one_and_fits_80_columns(name: str) -> None:
    made = RUNS[name]()
    text = report_text(made.info, summaries(made), published=[CARD])

    assert max(map(cell_len, text.splitlines())) <= 80
    golden(f"report-{name}.txt", text + "\n")


@pytest.mark.parametrize("name", ["whole", "faulty"])
def test_the_markdown_report_is_the_golden_one(name: str) -> None:
    made = RUNS[name]()
    golden(f"report-{name}.md", report_markdown(made.info, summaries(made), published=[CARD]))


@pytest.mark.parametrize("n", [1, 4])
def test_the_comparison_is_the_golden_one(n: int) -> None:
    a, b = run(60, n, seed=1), run(50, n, seed=2, skill=0.9)
    one = Side("runs/base", a.info, a.samples, a.verdicts[STRICT], STRICT)
    info = replace(b.info, temperature=0.8, model="nano")
    made = compare(one, Side("runs/tuned", info, b.samples, b.verdicts[STRICT], STRICT))
    text = comparison_text(made)

    assert max(map(cell_len, text.splitlines())) <= 80
    golden(f"compare-{n}.txt", text + "\n")
    golden(f"compare-{n}.md", comparison_markdown(made))


def test_there_is_no_golden_text_of_a_case_that_is_gone() -> None:
    kept = {f"report-{name}.txt" for name in RUNS} | {"report-whole.md", "report-faulty.md"}
    kept |= {f"compare-{n}.{kind}" for n in (1, 4) for kind in ("txt", "md")}

    assert {path.name for path in GOLDEN.iterdir()} == kept


def test_no_score_stands_without_its_checker_and_none_of_ours_under_the_cards() -> None:
    made = whole()
    lines = report_text(made.info, summaries(made), published=[CARD]).splitlines()
    beside = lines[next(i for i, line in enumerate(lines) if line.startswith("Beside")) :]
    ours = [line for line in beside if line.startswith("this run")]

    assert [line.split()[-1] for line in ours] == [STRICT, LCB]
    theirs = next(line for line in beside if line.startswith("DeepCoder-14B-Preview"))
    assert "model card" in theirs
    assert STRICT not in theirs


def test_values_of_another_kind_stand_beside_the_runs_own_of_that_kind_alone() -> None:
    made = single()
    ours = (("this run, sample-graded", "1712 (91.0 %)", STRICT),)
    rating = Published("Codeforces rating", "model card", (("DeepCoder", "1936 (95.3 %)"),), ours)
    lines = report_text(made.info, summaries(made), published=[CARD, rating]).splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("Codeforces rating"))

    assert lines[start + 3].split() == [
        "this",
        "run,",
        "sample-graded",
        "1712",
        "(91.0",
        "%)",
        STRICT,
    ]
    assert lines[start + 4].startswith("DeepCoder")
    assert lines[start + 5] == ""


def test_a_refused_score_shows_no_number_of_that_checker() -> None:
    made = faulty()
    text = report_text(made.info, summaries(made)[:1])

    assert "No score by strict/1: the judge failed on 7 samples (IE)" in " ".join(text.split())
    for line in text.splitlines():
        if line.startswith(("pass@", "easy", "hard", "atcoder", "problems ", "solved")):
            assert "[" not in line
    assert text.count("refused: 7 IE") >= 6


def test_a_third_checker_gets_a_table_of_its_own_within_80_columns() -> None:
    made = run(30, 2)
    third = {
        key: replace(verdict, checker="evalplus-base/0.1.10")
        for key, verdict in made.verdicts[STRICT].items()
    }
    more = replace(made, verdicts={**made.verdicts, "evalplus-base/0.1.10": third})
    text = report_text(more.info, summaries(more), published=[CARD])

    assert max(map(cell_len, text.splitlines())) <= 80
    assert text.count("Score at 64K tokens") == 2


def test_hostile_words_reach_neither_the_terminal_nor_markdown() -> None:
    made = hostile_run()
    said = summaries(made)
    text = report_text(made.info, said, published=[CARD])
    markdown = report_markdown(made.info, said, published=[CARD])
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)

    for shown in (text, markdown):
        assert all(char.isprintable() or char == "\n" for char in shown)
    assert max(map(cell_len, text.splitlines())) <= 80
    for tag in ("<script", "<img", "<svg", "<iframe", "<a ", "<meta"):
        assert tag not in html
    assert html.count("<table>") == markdown.count("\n| :--")


def test_the_data_are_json_and_a_refused_score_is_null() -> None:
    made = faulty()
    data = json.loads(json.dumps(report_data(made.info, summaries(made))))

    assert data["checkers"][STRICT]["score"] is None
    assert len(data["checkers"][STRICT]["faults"]) == 7
    assert data["checkers"][LCB]["score"]["pass_at"]["1"]["problems"] == 20
    assert "problems" not in data["run"]
    assert any("No score by strict/1" in alert for alert in data["alerts"])
