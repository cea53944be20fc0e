"""Chat templates: what the prompt becomes, and what a content or a template cannot do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import ModelError
from deepcoder_cli.inference.llama.template import (
    DEEPSEEK_R1,
    ChatTemplate,
    Segment,
    leaves_reasoning_open,
)
from tests.inference.tiny_gguf import BOS, EOS, R1_TEMPLATE

CHAT = [("system", "S"), ("user", "Hi"), ("assistant", "Yo"), ("user", "More")]


def rendered(source: str, messages: list[tuple[str, str]]) -> str:
    segments = ChatTemplate(source, bos=BOS, eos=EOS).render(messages)
    return "".join(segment.text for segment in segments)


@pytest.mark.parametrize("source", [DEEPSEEK_R1, R1_TEMPLATE])
def test_deepseek_r1_prompt(source: str) -> None:
    assert rendered(source, CHAT) == (
        "<｜begin▁of▁sentence｜>S<｜User｜>Hi<｜Assistant｜>Yo<｜end▁of▁sentence｜>"
        "<｜User｜>More<｜Assistant｜><think>\n"
    )


def test_contents_are_marked_as_not_the_templates() -> None:
    segments = ChatTemplate(DEEPSEEK_R1, bos=BOS, eos=EOS).render([("user", "Hi")])
    assert [s for s in segments if not s.from_template] == [Segment("Hi", from_template=False)]


@given(st.text())
def test_any_content_arrives_unchanged(content: str) -> None:
    template = ChatTemplate(DEEPSEEK_R1, bos=BOS, eos=EOS)
    contents = [s.text for s in template.render([("user", content)]) if not s.from_template]
    assert "".join(contents) == content


def test_jinja_in_a_content_is_text() -> None:
    assert "{{ 7 * 6 }}{% if %}" in rendered(DEEPSEEK_R1, [("user", "{{ 7 * 6 }}{% if %}")])


def test_an_answer_that_mentions_the_tag_stays_whole_in_the_history() -> None:
    assert "a</think>b" in rendered(R1_TEMPLATE, [("user", "q"), ("assistant", "a</think>b")])


def test_thinking_is_asked_for_where_the_template_has_a_switch() -> None:
    source = "{% if enable_thinking %}<think>\n{% else %}<think></think>{% endif %}"
    segments = ChatTemplate(source, bos="", eos="").render([("user", "q")])
    assert leaves_reasoning_open(segments)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% for %}", "is broken"),
        ("{{ raise_exception('no system role') }}", "no system role"),
        ("{{ messages[99].content + 1 }}", "failed"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "failed"),
        ("{{ messages.clear() }}", "failed"),
        ("{% include '/etc/passwd' %}", "failed"),
    ],
)
def test_a_bad_template_is_a_model_error_of_one_line(source: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        rendered(source, [("user", "q")])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "from_template", "is_open"),
    [
        ("<｜Assistant｜><think>\n", True, True),
        ("<think>", True, True),
        ("<think>\n</think>", True, False),
        ("<｜Assistant｜>", True, False),
        ("please <think>\n", False, False),
    ],
)
def test_reasoning_is_open_only_when_the_template_opened_it(
    text: str, from_template: bool, is_open: bool
) -> None:
    assert leaves_reasoning_open([Segment(text, from_template)]) is is_open


def test_nothing_is_open_in_an_empty_prompt() -> None:
    assert not leaves_reasoning_open([])


def test_contents_are_normalised_to_nfc_as_the_models_own_tokenizer_does() -> None:
    template = ChatTemplate(DEEPSEEK_R1, bos="<B>", eos="<E>")

    segments = template.render([("user", "e\u0301")])

    assert [s.text for s in segments if not s.from_template] == ["\u00e9"]
