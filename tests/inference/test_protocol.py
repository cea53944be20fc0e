"""Lines between parent and worker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.inference.llama.protocol import Generate, Text, decode, encode


@given(st.text(), st.integers(0, 10**6))
def test_any_text_survives_on_one_line(text: str, tokens: int) -> None:
    line = encode(Text(1, text, tokens))
    assert line.count(b"\n") == 1
    assert decode(line) == Text(1, text, tokens)


def test_a_request_survives() -> None:
    request = Generate(7, [["user", "\ud800é\n"]], 0.6, 0.95, 10, None)
    assert decode(encode(request)) == request


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"type": "Nope"}', b'{"type": "Cancel"}'])
def test_another_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own errors are among them
        decode(line)
