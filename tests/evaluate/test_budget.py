"""Token budgets: how they are written, and what a longer run says of a smaller one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.budget import MAX_TOKENS, at_budget, label, parse_budgets
from deepcoder_cli.evaluate.records import Sample, SampleVerdict

K = 1024


def sample(key: str, tokens: int | None, *, budget: int = 64 * K, length: bool = False) -> Sample:
    end = "length" if length else "stop"
    return Sample(key, "b", "p", 0, "m", budget, 1, "thought", "answer", end, 10, tokens, 1.0)  # type: ignore[arg-type]


def verdict(key: str, kind: str = "AC") -> SampleVerdict:
    return SampleVerdict(key, "strict/1", kind, "p", 0, 5, 5, None, "", "print()", 0.2)


@given(st.sets(st.integers(1, MAX_TOKENS), min_size=1, max_size=6))
def test_labels_are_read_back(budgets: set[int]) -> None:
    text = ",".join(map(label, budgets))

    assert parse_budgets(text) == tuple(sorted(budgets))


def test_budgets_of_the_card_are_read() -> None:
    assert parse_budgets("16K,32K,64K") == (16384, 32768, 65536)
    assert parse_budgets(" 64k , 100") == (100, 65536)
    assert parse_budgets("1024K") == (MAX_TOKENS,)


@pytest.mark.parametrize(
    "text",
    ["", "16K,", "0", "0K", "-1", "1.5K", "16M", "K", "1025K", "1048577", "٣", "16 K", "9" * 50],
)
def test_what_is_no_budget_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(InputError, match="not a token budget: ") as error:
        parse_budgets(text)

    assert "(1 to 1024K tokens). Write 16K,32K,64K." in str(error.value)
    assert len(str(error.value)) < 250


def test_a_budget_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"budget given twice: 16K in '16K,16384'"):
        parse_budgets("16K,16384")


@given(st.text(max_size=30))
def test_any_text_gives_budgets_or_the_error(text: str) -> None:
    try:
        budgets = parse_budgets(text)
    except InputError:
        return
    assert all(1 <= budget <= MAX_TOKENS for budget in budgets)
    assert list(budgets) == sorted(set(budgets))


def test_a_completion_longer_than_the_budget_scores_nothing() -> None:
    samples = [sample("a", 16 * K), sample("b", 16 * K + 1), sample("c", 20), sample("d", 20)]
    verdicts = [verdict("a"), verdict("b"), verdict("c", "WA"), verdict("d")]

    found = at_budget(iter(samples), iter(verdicts), 16 * K)

    assert [one.verdict for one in found.verdicts] == ["AC", "NP", "WA", "AC"]
    assert (found.title, found.cut) == ("16K (truncated)", {"b"})
    cut = found.verdicts[1]
    assert cut == replace(
        verdict("b", "NP"), passed=0, program=None, seconds=0.0,
        detail="the completion of 16,385 tokens was cut to 16K",
    )  # fmt: skip
    assert (found.verdicts[0], found.verdicts[2]) == (verdicts[0], verdicts[2])


def test_the_sampled_budget_keeps_its_verdicts_and_says_so() -> None:
    samples = [sample("a", 64 * K, length=True), sample("b", 64 * K), sample("c", None)]
    verdicts = [verdict("a", "NP"), verdict("b"), verdict("c")]

    found = at_budget(samples, verdicts, 64 * K)

    assert found.verdicts == tuple(verdicts)
    assert (found.title, found.cut) == ("64K (sampled)", {"a"})


@given(
    st.lists(st.tuples(st.integers(0, 64 * K), st.sampled_from(["AC", "WA", "NP"])), max_size=30),
    st.integers(1, 64 * K), st.integers(1, 64 * K),
)  # fmt: skip
def test_a_smaller_budget_never_solves_more(
    drawn: list[tuple[int, str]], one: int, other: int
) -> None:
    samples = [sample(str(i), tokens) for i, (tokens, _) in enumerate(drawn)]
    verdicts = [verdict(str(i), kind) for i, (_, kind) in enumerate(drawn)]

    small, large = (
        {found.key for found in at_budget(samples, verdicts, budget).verdicts if found.accepted}
        for budget in sorted((one, other))
    )

    assert small <= large
    assert large <= {found.key for found in verdicts if found.accepted}


def test_verdicts_on_other_samples_are_left_out() -> None:
    found = at_budget([sample("a", 5)], [verdict("a"), verdict("z")], 10)

    assert [one.key for one in found.verdicts] == ["a"]


def test_unknown_tokens_are_told_unless_the_larger_budget_was_used_up() -> None:
    used_up = sample("a", None, length=True)

    found = at_budget([used_up], [verdict("a", "NP")], 16 * K)
    assert found.cut == {"a"}
    assert found.verdicts[0].detail == "the completion was cut to 16K"
    with pytest.raises(InputError, match="tokens of sample b are not known"):
        at_budget([used_up, sample("b", None)], [], 16 * K)


def test_a_larger_budget_and_several_budgets_cannot_be_told() -> None:
    with pytest.raises(InputError, match="a budget of 128K is more than sampled: 64K"):
        at_budget([sample("a", 5)], [], 128 * K)
    with pytest.raises(InputError, match="samples of several budgets: 32K, 64K"):
        at_budget([sample("a", 5), sample("b", 5, budget=32 * K)], [], 16 * K)
