"""Bytes -> text, at every split of the bytes into tokens."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.inference.llama.detokenizer import Detokenizer


def decoded(pieces: list[bytes]) -> list[str]:
    detokenizer = Detokenizer(pieces)
    return [*(detokenizer.push(token) for token in range(len(pieces))), detokenizer.flush()]


def test_every_split_of_multibyte_text_gives_the_text() -> None:
    text = "aé€𝄞<｜"
    data = text.encode()
    for cuts in itertools.chain.from_iterable(
        itertools.combinations(range(1, len(data)), n) for n in range(4)
    ):
        pieces = [data[a:b] for a, b in itertools.pairwise([0, *cuts, len(data)])]
        assert "".join(decoded(pieces)) == text


def test_a_character_appears_only_when_it_is_whole() -> None:
    assert decoded([b"\xf0", b"\x9d\x84", b"\x9e!"]) == ["", "", "𝄞!", ""]


def test_an_unfinished_character_is_replaced_at_the_end() -> None:
    assert decoded([b"a\xe2\x82"]) == ["a", "�"]


def test_tokens_longer_than_32_bytes_survive() -> None:
    assert "".join(decoded([b"-" * 64, b" " * 4000])) == "-" * 64 + " " * 4000


@given(st.binary(), st.data())
def test_invalid_bytes_become_what_python_makes_of_them(raw: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[a:b] for a, b in itertools.pairwise([0, *cuts, len(raw)])]
    assert "".join(decoded(pieces)) == raw.decode("utf-8", "replace")
