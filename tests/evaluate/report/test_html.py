"""The HTML report in a real browser: it shows, sorts, filters, opens samples, and runs nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import OutputError
from deepcoder_cli.evaluate.report.html import write_html
from deepcoder_cli.evaluate.summary import summarize
from tests.evaluate.report.chromium import Page, needs_chromium
from tests.evaluate.report.hostile import ATTACKS, MARK, hostile_run
from tests.evaluate.runs import STRICT, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.evaluate.runs import Run

READY = "document.getElementById('samples') && !document.getElementById('samples').hidden"
OPENED = "document.querySelector('#detail details')"
FIRST_ROW = "[...document.querySelector('#window a').children].map(cell => cell.textContent)"
COUNT = "document.getElementById('count').textContent"
PROBLEM, VERDICT, TOKENS = 0, 5, 8  # columns of a run of one budget


def written(made: Run, path: Path) -> Path:
    summaries = [
        summarize(made.info, made.samples, some, name) for name, some in made.verdicts.items()
    ]
    write_html(path, made.info, summaries, iter(made.samples), made.verdicts)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with Page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def large() -> Run:
    return run(625, 8, reasoning_chars=1500)


@pytest.fixture(scope="module")
def large_file(large: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(large, tmp_path_factory.mktemp("large") / "report.html")


@pytest.fixture
def page(browser: Page, large_file: Path) -> Page:
    browser.size(1280, 900)
    browser.open(large_file)
    browser.until(READY)
    return browser


def tokens_of(row: list[str]) -> int:
    return int(row[TOKENS].replace(",", ""))


@needs_chromium
def test_five_thousand_samples_are_listed_and_only_those_seen_are_in_the_document(
    page: Page,
) -> None:
    assert page.value(COUNT) == "5,000 of 5,000 samples"
    assert page.value("document.querySelectorAll('#window a').length") < 80
    page.value("document.getElementById('body').scrollTop = 1e9")
    page.until("document.querySelector('#window a:last-child').textContent.includes('p624')")
    assert not page.told("Runtime.exceptionThrown")


@needs_chromium
def test_a_click_on_a_column_sorts_by_number_and_a_second_turns_it(page: Page, large: Run) -> None:
    lengths = [sample.completion_tokens or 0 for sample in large.samples]
    page.click("[data-column=tokens]")
    assert tokens_of(page.value(FIRST_ROW)) == min(lengths)
    page.click("[data-column=tokens]")
    assert tokens_of(page.value(FIRST_ROW)) == max(lengths)
    sorted_by = "document.querySelector('[aria-sort=descending]').textContent"
    assert page.value(sorted_by) == "tokens ▼"
    page.click("[data-column=problem]")
    assert page.value(FIRST_ROW)[PROBLEM] == "p000"


@needs_chromium
def test_words_verdict_and_cut_filter(page: Page, large: Run) -> None:
    page.value("document.getElementById('search').focus()")
    page.type("p017 LEETCODE")
    page.until(f"{COUNT} === '8 of 5,000 samples'")
    page.value("document.getElementById('search').value = ''")
    choose = (
        "(id, value) => { const e = document.getElementById(id);"
        "e.value = value; e.dispatchEvent(new Event('change')); }"
    )
    page.value(f"({choose})('verdict', 'TLE')")
    late = sum(verdict.verdict == "TLE" for verdict in large.verdicts[STRICT].values())
    assert page.value(COUNT) == f"{late:,} of 5,000 samples"
    assert page.value(FIRST_ROW)[VERDICT] == "TLE"
    page.value(f"({choose})('verdict', '')")
    page.click("#cut")
    cut = sum(sample.truncated for sample in large.samples)
    assert page.value(COUNT) == f"{cut:,} of 5,000 samples"
    page.value("document.getElementById('search').value = 'no such problem'")
    page.value("document.getElementById('search').dispatchEvent(new Event('input'))")
    page.until(f"{COUNT} === '0 of 5,000 samples'")
    assert page.value("document.getElementById('empty').hidden") is False


@needs_chromium
def test_a_row_opens_its_sample_with_every_text_and_esc_goes_back(page: Page, large: Run) -> None:
    page.value("document.getElementById('body').scrollTop = 34 * 400")
    page.until("document.querySelector('#window a[href=\"#sample-405\"]')")
    page.click('#window a[href="#sample-405"]')
    page.until(OPENED)
    sample = large.samples[405]
    verdict = large.verdicts[STRICT][sample.key]
    shown = page.value("document.getElementById('detail').textContent")
    prompt = next(about.prompt for about in large.info.problems if about.id == sample.problem)
    for text in (sample.reasoning, sample.answer, prompt, verdict.detail, sample.key):
        assert text in shown
    assert page.value("document.querySelector('.program').textContent") == verdict.program
    words = "[...document.querySelectorAll('.program .keyword')].map(node => node.textContent)"
    assert page.value(words) == ["import", "def"]
    page.click("#next")
    page.until(f"{OPENED} && location.hash === '#sample-406'")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    page.until("!document.getElementById('report').hidden")


@needs_chromium
def test_a_link_to_a_sample_opens_it_and_one_to_none_shows_the_table(
    browser: Page, large_file: Path
) -> None:
    browser.open(large_file, "#sample-4999")
    browser.until(OPENED)
    assert "p624" in browser.value("document.querySelector('#detail h2').textContent")
    browser.open(large_file, "#sample-5000")
    browser.until(READY)
    assert browser.value("document.getElementById('report').hidden") is False


@needs_chromium
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_nothing_runs_past_the_side_of_a_phone_or_a_desktop(
    browser: Page, large_file: Path, width: int, height: int
) -> None:
    browser.size(width, height)
    for fragment, there in (("", READY), ("#sample-3", OPENED)):
        browser.open(large_file, fragment)
        browser.until(there)
        assert browser.value("document.documentElement.scrollWidth") <= width


@needs_chromium
def test_what_a_hostile_model_wrote_is_shown_and_never_run(browser: Page, tmp_path: Path) -> None:
    made = hostile_run()
    path = written(made, tmp_path / "hostile.html")
    browser.events.clear()
    browser.open(path)
    browser.until(READY)
    for column in ("problem", "title", "platform"):
        browser.click(f"[data-column={column}]")
    for place in range(len(made.samples)):
        browser.value(f"location.hash = 'sample-{place}'")
        browser.until(f"{OPENED} && state.at === {place}")
    shown = browser.value("document.getElementById('detail').textContent")

    assert ATTACKS[0] in shown
    assert "␛[2J" in shown
    assert not re.search("[\x00\x1b\x9b\u2028\u202e]", shown)
    tags = "#detail a, iframe, img, object, embed, link, base"
    assert browser.value(f"document.querySelectorAll('{tags}').length") == 0
    assert browser.value(f"window.{MARK}") is None
    told = browser.told("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Log.entryAdded")
    assert told == []
    assert fetched(browser) == {path.resolve().as_uri()}


def fetched(page: Page) -> set[str]:
    """The addresses that were asked for, without fragments."""
    asked = page.told("Network.requestWillBeSent")
    return {event["params"]["request"]["url"].partition("#")[0] for event in asked}


@needs_chromium
def test_the_policy_stops_a_script_that_got_into_the_page(browser: Page, tmp_path: Path) -> None:
    """The second wall; and the proof that the test above would see what ran."""
    path = written(hostile_run(2), tmp_path / "broken.html")
    page, attack = path.read_text(), f"<script>window.{MARK} = 1</script>"
    holed = page.replace('<div id="report">', f'<div id="report">{attack}')
    assert holed != page
    path.write_text(holed)
    browser.open(path)
    browser.until(READY)
    assert browser.value(f"window.{MARK}") is None

    path.write_text(re.sub("<meta http-equiv=[^>]*>", "", holed))
    browser.open(path)
    browser.until(READY)
    assert browser.value(f"window.{MARK}") == 1


@needs_chromium
@pytest.mark.slow
def test_five_thousand_samples_of_60_kb_of_reasoning_stay_usable(
    browser: Page, tmp_path: Path
) -> None:
    made = run(625, 8, reasoning_chars=60_000)
    path = written(made, tmp_path / "large.html")
    browser.size(1280, 900)
    browser.open(path)
    browser.until(READY)
    browser.click("[data-column=tokens]")
    browser.click("[data-column=tokens]")
    browser.click("#window a")
    browser.until(OPENED)

    longest = max(made.samples, key=lambda sample: sample.completion_tokens or 0)
    assert longest.reasoning in browser.value("document.getElementById('detail').textContent")
    assert browser.value("performance.memory.usedJSHeapSize") < 200e6
    assert path.stat().st_size < sum(len(sample.reasoning) for sample in made.samples) / 2


def test_the_file_is_plain_text_without_any_attack_or_address(tmp_path: Path) -> None:
    page = written(hostile_run(3), tmp_path / "report.html").read_text()
    blocks = re.findall('<script type="text/plain" id="[a-z]+[0-9]*">([^<]*)</script>', page)
    own = re.sub('<script type="text/plain"[^>]*>[^<]*</script>', "", page)

    assert len(blocks) == 1 + 3 + 6  # the index, the prompts, the samples
    assert all(re.fullmatch("[A-Za-z0-9+/=]+", block) for block in blocks)
    assert own.count("<script") == own.count("</script>") == 1
    for tag in ("<img", "<iframe", "<svg onload", "<link", ' src="', "<meta http-equiv=refresh"):
        assert tag not in own
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", own)


def test_samples_without_verdicts_and_of_unlisted_problems_are_there(tmp_path: Path) -> None:
    made = run(3)
    samples = (*made.samples, replace(made.samples[0], key="stranger", problem="elsewhere"))
    empty = replace(made, samples=samples, verdicts={STRICT: {}})
    page = written(empty, tmp_path / "report.html").read_text()

    assert len(re.findall('id="s[0-9]+"', page)) == 4
    assert len(re.findall('id="p[0-9]+"', page)) == 4
    assert "3 samples without a verdict of strict/1" in page


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    made = run(3)
    path = tmp_path / "report.html"
    path.write_text("the old report")

    def failing() -> Iterator[Any]:
        yield made.samples[0]
        raise OSError(28, "No space left on device")

    summary = summarize(made.info, made.samples, made.verdicts[STRICT], STRICT)
    with pytest.raises(OutputError, match=r"report\.html \(No space left on device\)"):
        write_html(path, made.info, [summary], failing(), made.verdicts)

    assert path.read_text() == "the old report"
    assert list(tmp_path.iterdir()) == [path]
