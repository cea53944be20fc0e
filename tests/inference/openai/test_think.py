"""Where the reasoning is when the server leaves that to its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.inference.openai.think import Splitter, ThinkGuess
from tests.inference.openai.conftest import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.inference.backend import Event
    from deepcoder_cli.types import FinishReason

PLAIN, FAMILY = "llama-3", "agentica-org/DeepCoder-14B-Preview"


def split(
    guess: ThinkGuess, *pieces: str, reason: FinishReason = "stop", fields: Sequence[str] = ()
) -> tuple[str, str]:
    splitter = Splitter(guess)
    events: list[Event] = [e for text in fields for e in splitter.reasoning(text, 1)]
    events += [e for piece in pieces for e in splitter.content(piece, 1)]
    events += splitter.finish(reason, 1)
    return texts(events)


@pytest.mark.parametrize("model", [PLAIN, FAMILY, "nano"])
def test_auto_finds_an_open_think_whatever_the_model_is_called(model: str) -> None:
    assert split(ThinkGuess("auto", model), "hm", "</th", "ink>\n\n", "42") == ("hm", "42")


@pytest.mark.parametrize("model", [PLAIN, FAMILY])
def test_auto_takes_an_answer_without_any_tag_as_the_answer(model: str) -> None:
    _, answer = split(ThinkGuess("auto", model), "4", "2")
    assert answer == "42"


@pytest.mark.parametrize("model", [PLAIN, FAMILY])
def test_a_think_in_the_content_is_read(model: str) -> None:
    assert split(ThinkGuess("auto", model), "\n<th", "ink>\nhm</think>42") == ("hm", "42")


@pytest.mark.parametrize("setting", ["auto", "yes", "no"])
@pytest.mark.parametrize("model", [PLAIN, FAMILY])
def test_after_a_reasoning_field_the_content_is_the_answer(setting: str, model: str) -> None:
    guess = ThinkGuess(setting, model)  # type: ignore[arg-type]
    assert split(guess, "\n\n4", "2", fields=["h", "m"]) == ("hm", "42")


def test_the_family_of_deepcoder_streams_its_reasoning_at_once() -> None:
    splitter = Splitter(ThinkGuess("auto", FAMILY))
    assert texts(list(splitter.content("hm", 1))) == ("hm", "")


def test_the_folder_in_a_models_name_does_not_count() -> None:
    assert ThinkGuess("auto", "/srv/deepcoder/models/llama.gguf").opens == "unknown"


def test_reasoning_that_the_budget_cut_is_no_answer() -> None:
    for guess in (ThinkGuess("auto", FAMILY), ThinkGuess("yes", PLAIN)):
        assert split(guess, "```python\nprint()\n```", reason="length")[1] == ""


def test_with_yes_reasoning_that_never_closes_is_no_answer() -> None:
    assert split(ThinkGuess("yes", PLAIN), "hm") == ("hm", "")


def test_with_no_a_closing_tag_makes_nothing_reasoning() -> None:
    assert split(ThinkGuess("no", FAMILY), "hm", "</think>42")[0] == ""


def test_what_was_seen_is_remembered() -> None:
    guess = ThinkGuess("auto", PLAIN)
    split(guess, "hm</think>42")
    assert texts(list(Splitter(guess).content("hm", 1))) == ("hm", "")

    guess = ThinkGuess("auto", PLAIN)
    split(guess, "42")
    assert texts(list(Splitter(guess).content("42", 1))) == ("", "42")


def test_an_answer_that_the_budget_cut_teaches_nothing() -> None:
    guess = ThinkGuess("auto", PLAIN)
    assert split(guess, "hm", reason="length") == ("", "hm")
    assert guess.opens == "unknown"


@given(
    st.lists(st.sampled_from(["a", "\n", "<think>", "</think>", "</thi", "nk>", "`", " "])),
    st.sampled_from(["auto", "yes", "no"]),
    st.sampled_from([PLAIN, FAMILY]),
    st.integers(0, 40),
)
def test_the_pieces_do_not_matter(parts: list[str], setting: str, model: str, cut: int) -> None:
    whole = "".join(parts)
    once = split(ThinkGuess(setting, model), *([whole] if whole else []))  # type: ignore[arg-type]
    cuts = [piece for piece in (whole[:cut], whole[cut:]) if piece]
    assert split(ThinkGuess(setting, model), *cuts) == once  # type: ignore[arg-type]
    singly = split(ThinkGuess(setting, model), *whole)  # type: ignore[arg-type]
    assert singly == once
