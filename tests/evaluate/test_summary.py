"""What a run is worth: denominators, refusals, what is missing."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.lengths import lengths_of
from deepcoder_cli.evaluate.summary import Summary, summarize
from tests.evaluate.runs import LCB, STRICT, run

if TYPE_CHECKING:
    from tests.evaluate.runs import Run

WHOLE = run(40, 4, (16384, 65536))


def strict(made: Run, **options: object) -> Summary:
    return summarize(made.info, made.samples, made.verdicts[STRICT], STRICT, **options)  # type: ignore[arg-type]


def test_pass_at_1_is_the_mean_over_problems_of_the_accepted_share_at_the_largest_budget() -> None:
    summary = strict(WHOLE)
    verdicts = WHOLE.verdicts[STRICT]
    ours = [sample for sample in WHOLE.samples if sample.budget == 65536]
    right = Counter(sample.problem for sample in ours if verdicts[sample.key].accepted)

    assert summary.score is not None
    assert summary.score.pass_at_1.value == pytest.approx(sum(right.values()) / 160)
    assert dict(summary.score.pass_at)[4].value == len(right) / 40
    assert (summary.score.problems, summary.score.samples) == (40, 160)
    assert (summary.score.accepted, summary.score.solved) == (sum(right.values()), len(right))
    assert [k for k, _ in summary.score.pass_at] == [1, 2, 4]
    assert summary.coverage.whole


def test_the_order_of_samples_is_no_matter() -> None:
    shuffled = list(WHOLE.samples)
    random.Random(4).shuffle(shuffled)

    assert strict(replace(WHOLE, samples=tuple(shuffled))) == strict(WHOLE)


def test_checkers_are_told_apart_and_a_verdict_of_another_is_refused() -> None:
    lenient = summarize(WHOLE.info, WHOLE.samples, WHOLE.verdicts[LCB], LCB)
    exact = strict(WHOLE)

    assert lenient.score is not None
    assert exact.score is not None
    assert lenient.score.accepted > exact.score.accepted
    with pytest.raises(InputError, match="judged by lcb-compat/1"):
        summarize(WHOLE.info, WHOLE.samples, WHOLE.verdicts[LCB], STRICT)


def test_errata_are_left_out_of_a_score_of_their_own() -> None:
    summary = strict(WHOLE, errata={"p000", "p001", "not of this benchmark"})

    assert summary.errata == ("p000", "p001")
    assert summary.score is not None
    assert summary.without_errata is not None
    assert (summary.score.problems, summary.without_errata.problems) == (40, 38)
    assert strict(WHOLE, errata={"elsewhere"}).without_errata is None


@pytest.mark.parametrize("budget", [16384, 65536])
def test_a_fault_of_the_judge_refuses_every_score_and_says_which(budget: int) -> None:
    sample = next(sample for sample in WHOLE.samples if sample.budget == budget)
    verdicts = dict(WHOLE.verdicts[STRICT])
    verdicts[sample.key] = replace(verdicts[sample.key], verdict="IE", detail="sandbox lost")
    summary = summarize(WHOLE.info, WHOLE.samples, verdicts, STRICT, errata={"p001"})

    assert [(fault.problem, fault.detail) for fault in summary.faults] == [("p000", "sandbox lost")]
    assert summary.score is summary.without_errata is None
    assert summary.by_difficulty == summary.by_platform == ()
    assert all(point.score is None for point in summary.by_budget)
    assert summary.lengths.known == 160  # what the judge has no part in is told all the same


def test_a_run_under_way_counts_what_is_there_and_what_is_judged() -> None:
    some = WHOLE.samples[160:250]  # 22 problems whole and 2 samples of one more, at 65536
    verdicts = {sample.key: WHOLE.verdicts[STRICT][sample.key] for sample in some[:87]}
    summary = summarize(WHOLE.info, some, verdicts, STRICT)
    there = summary.coverage

    assert (there.problems, there.sampled, there.complete) == (40, 23, 22)
    assert (there.samples_asked, there.samples, there.judged) == (160, 90, 87)
    assert not there.whole
    assert summary.score is not None
    assert (summary.score.problems, summary.score.samples) == (22, 87)
    assert {k: estimate.problems for k, estimate in summary.score.pass_at} == {1: 22, 2: 22, 4: 21}


def test_a_run_without_samples_has_no_score_and_is_no_error() -> None:
    summary = summarize(WHOLE.info, [], {}, STRICT)

    assert (summary.score, summary.faults, summary.lengths.median) == (None, (), None)


def test_samples_that_the_run_does_not_list_are_left_out_and_counted() -> None:
    first = WHOLE.samples[-1]
    strangers = (
        replace(first, key="a", problem="elsewhere"),
        replace(first, key="b", budget=4096),
        replace(first, key="c", index=4),
    )
    summary = strict(replace(WHOLE, samples=(*WHOLE.samples, *strangers)))

    assert summary.coverage.left_out == 3
    assert summary.score == strict(WHOLE).score


def test_a_sample_that_comes_twice_is_refused() -> None:
    again = replace(WHOLE.samples[0], key="another key, the same place")
    with pytest.raises(InputError, match=r"sample 0 of p000 at 16384 tokens comes twice"):
        strict(replace(WHOLE, samples=(*WHOLE.samples, again)))


def test_budgets_are_scored_apart_and_truncated_ones_are_called_so() -> None:
    most = [sample for sample in WHOLE.samples if sample.budget == 65536]
    cut = {
        sample.key: replace(WHOLE.verdicts[STRICT][sample.key], verdict="NP")
        if (sample.completion_tokens or 0) > 16384
        else WHOLE.verdicts[STRICT][sample.key]
        for sample in most
    }
    summary = strict(WHOLE, truncated={16384: cut})
    points = {(point.budget, point.how): point for point in summary.by_budget}

    assert list(points) == [(16384, "sampled"), (16384, "truncated"), (65536, "sampled")]
    longer = sum((sample.completion_tokens or 0) > 16384 for sample in most)
    assert points[16384, "truncated"].truncated == longer
    assert points[65536, "sampled"].score is not None
    assert summary.score is not None
    assert points[65536, "sampled"].score.pass_at_1 == summary.score.pass_at_1
    small = strict(WHOLE, budget=16384)
    assert small.score is not None
    assert points[16384, "sampled"].score is not None
    assert points[16384, "sampled"].score.pass_at_1 == small.score.pass_at_1
    assert small.truncated > summary.truncated
    with pytest.raises(InputError, match="no samples of budget 8192"):
        strict(WHOLE, budget=8192)


def test_parts_by_difficulty_and_platform_add_up() -> None:
    summary = strict(WHOLE)

    assert summary.score is not None
    assert [part.name for part in summary.by_difficulty] == ["easy", "medium", "hard"]
    for parts in (summary.by_difficulty, summary.by_platform):
        assert sum(part.accepted for part in parts) == summary.score.accepted
        assert sum(part.problems for part in parts) == 40


def test_a_data_set_that_tells_no_difficulty_has_no_such_table() -> None:
    plain = tuple(replace(about, difficulty=None) for about in WHOLE.info.problems)
    info = replace(WHOLE.info, problems=plain)
    assert strict(replace(WHOLE, info=info)).by_difficulty == ()

    some = replace(WHOLE.info, problems=(*WHOLE.info.problems[:39], plain[39]))
    names = [part.name for part in strict(replace(WHOLE, info=some)).by_difficulty]
    assert names == ["easy", "medium", "hard", "unknown"]


@given(st.lists(st.tuples(st.none() | st.integers(0, 70000), st.booleans())))
@settings(max_examples=60)
def test_every_completion_is_in_one_bin(completions: list[tuple[int | None, bool]]) -> None:
    lengths = lengths_of(completions)
    known = sorted(tokens for tokens, _ in completions if tokens is not None)

    assert sum(bin_.count for bin_ in lengths.bins) == lengths.known == len(known)
    assert lengths.unknown == len(completions) - len(known)
    assert len(lengths.bins) <= 16
    for bin_ in lengths.bins:
        inside = [t for t in known if bin_.low < t <= bin_.high or t == bin_.low == 0]
        assert len(inside) == bin_.count
        assert bin_.truncated <= bin_.count
    if known:
        assert lengths.median == known[(len(known) - 1) // 2]
        assert lengths.longest == known[-1] <= lengths.bins[-1].high
