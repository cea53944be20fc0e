"""The reasoning parser: its rules one by one, then at every way of cutting the stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deepcoder_cli.inference.backend import Answer, Reasoning
from deepcoder_cli.inference.reasoning import CLOSE, OPEN, ReasoningParser

RULES = {
    "opened in the prompt": (True, "a\nb</think>c", "a\nb", "c"),
    "opened in the completion": (False, " \n<think>a</think>c", "a", "c"),
    "no reasoning at all": (False, "\n  just text", "", "\n  just text"),
    "only white space": (False, " \n ", "", " \n "),
    "never closed": (True, "a b", "a b", ""),
    "closed at once": (True, "</think>c", "", "c"),
    "closed without an opening": (False, "</think>c", "", "c"),
    "line breaks after the tags are dropped": (
        False,
        "<think>\n\na\n</think>\r\n\nc\n",
        "a\n",
        "c\n",
    ),
    "indentation after the tag stays": (True, "a</think>\n\n    code", "a", "    code"),
    "opening repeated": (True, "\n<think>\na</think>c", "a", "c"),
    "opening repeated in the completion": (False, "<think><think>a</think>c", "a", "c"),
    "a mention is text": (True, "the <think> tag</think>c", "the <think> tag", "c"),
    "nested at a line start": (True, "a\n<think>b</think>d</think>c", "a\nbd", "c"),
    "twice nested": (True, "a\n<think>b\n<think>d</think>e</think>f</think>c", "a\nb\ndef", "c"),
    "nested, the last closing missing": (True, "a\n<think>b</think>\nc", "a\nb\nc", "c"),
    "nested, both closings missing": (True, "a\n<think>b", "a\nb", ""),
    "closed inside a fence of the reasoning": (True, "```\nx</think>c", "```\nx", "c"),
    "stray closing in the answer": (True, "a</think>b</think>c", "a", "bc"),
    "closing in a fence of the answer": (
        True,
        "a</think>\n```python\ns = '</think>'\n```\nx</think>y",
        "a",
        "```python\ns = '</think>'\n```\nxy",
    ),
    "closing in a tilde fence": (True, "a</think>~~~\n</think>\n~~~", "a", "~~~\n</think>\n~~~"),
    "closing in a code span": (True, "a</think>The `</think>` tag", "a", "The `</think>` tag"),
    "closing in a span of two": (True, "a</think>``x ` </think>``", "a", "``x ` </think>``"),
    "closing after a code span": (True, "a</think>`b`</think>c", "a", "`b`c"),
    "opening in the answer is text": (True, "a</think>use <think>", "a", "use <think>"),
    "reasoning taken up again": (True, "a</think>\n<think>b</think>c", "ab", "c"),
    "less-than is no tag": (True, "if a < b</think>a</b", "if a < b", "a</b"),
    "cut inside a tag": (True, "a</thin", "a</thin", ""),
    "cut inside a tag of the answer": (False, "c<th", "", "c<th"),
    "tag after a false start": (True, "a<</think</think>c", "a<</think", "c"),
    "other spellings are text": (False, "<Think>a</Think>", "", "<Think>a</Think>"),
}


def parse(pieces: list[str], *, in_reasoning: bool) -> tuple[str, str]:
    parser = ReasoningParser(in_reasoning=in_reasoning)
    events = [event for piece in pieces for event in parser.push(piece)]
    return joined([*events, *parser.flush()])


def joined(events: list[Reasoning | Answer]) -> tuple[str, str]:
    reasoning = "".join(e.text for e in events if isinstance(e, Reasoning))
    return reasoning, "".join(e.text for e in events if isinstance(e, Answer))


@pytest.mark.parametrize(("opened", "text", "reasoning", "answer"), RULES.values(), ids=RULES)
def test_rule(opened: bool, text: str, reasoning: str, answer: str) -> None:
    assert parse([text], in_reasoning=opened) == (reasoning, answer)


@pytest.mark.parametrize(("opened", "text", "reasoning", "answer"), RULES.values(), ids=RULES)
def test_rule_holds_at_every_two_cuts(opened: bool, text: str, reasoning: str, answer: str) -> None:
    for i, j in itertools.combinations_with_replacement(range(len(text) + 1), 2):
        pieces = [text[:i], text[i:j], text[j:]]
        assert parse(pieces, in_reasoning=opened) == (reasoning, answer), pieces


@pytest.mark.parametrize(("opened", "text", "reasoning", "answer"), RULES.values(), ids=RULES)
def test_rule_holds_character_by_character(
    opened: bool, text: str, reasoning: str, answer: str
) -> None:
    assert parse(list(text), in_reasoning=opened) == (reasoning, answer)


FRAGMENTS = st.sampled_from([OPEN, CLOSE, "<", "</", "think", ">", "\n", "\r\n", "`", "```", "~~~"])
STREAMS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=20).map("".join)


@given(STREAMS, st.booleans(), st.data())
def test_cutting_the_stream_changes_nothing(text: str, opened: bool, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    assert parse(pieces, in_reasoning=opened) == parse([text], in_reasoning=opened)


@given(STREAMS, STREAMS, st.booleans())
def test_what_was_emitted_is_never_regretted(head: str, tail: str, opened: bool) -> None:
    early = ReasoningParser(in_reasoning=opened)
    reasoning, answer = joined(list(early.push(head)))
    final_reasoning, final_answer = parse([head + tail], in_reasoning=opened)
    assert final_reasoning.startswith(reasoning)
    assert final_answer.startswith(answer)


@given(st.text().filter(lambda t: "<" not in t), st.text().filter(lambda t: "<" not in t))
@example("é\u2028", "\x0c")
def test_plain_completion_is_cut_at_its_tag(reasoning: str, answer: str) -> None:
    expected = reasoning.lstrip("\r\n"), answer.lstrip("\r\n")
    assert parse([f"{reasoning}{CLOSE}{answer}"], in_reasoning=True) == expected


def test_token_counts_reach_the_events() -> None:
    parser = ReasoningParser(in_reasoning=True)
    assert [*parser.push("a</thi", 3), *parser.push("nk>b", 4)] == [
        Reasoning("a", 3),
        Answer("b", 4),
    ]
