"""The SSE parser: the same events however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.inference.openai import sse
from deepcoder_cli.inference.openai.sse import EventTooLongError, SseEvent, SseParser

RECORDED = (
    b"\xef\xbb\xbf: ping - 2026-11-24 15:00:00\r\n\r\n"
    b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n'
    b"event: message\rid: 3\rretry: 10\rdata:no space\r\r"
    b"data: one\ndata:  two\r\ndata\n\r\n"
    b'data: {"content":"\xc3\xa9\xf0\x9f\x90\x8d"}\n\n\n\n'
    b'error: {"code":500}\n\nnonsense\n\n'
    b"data: [DONE]"
)
EVENTS = [
    SseEvent('{"choices":[{"delta":{"role":"assistant"}}]}'),
    SseEvent("no space"),
    SseEvent("one\n two\n"),
    SseEvent('{"content":"é🐍"}'),
    SseEvent('{"code":500}'),
    SseEvent("[DONE]", complete=False),
]


def parse(*pieces: bytes) -> list[SseEvent]:
    parser = SseParser()
    found = [event for piece in pieces for event in parser.push(piece)]
    return [*found, *parser.flush()]


def reference(data: bytes) -> list[SseEvent]:
    """The standard's algorithm on the whole text, line by line."""
    lines = (
        data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )
    events: list[SseEvent] = []
    gathered: list[str] = []
    for line in lines[:-1]:
        if not line and gathered:
            events.append(SseEvent("\n".join(gathered)))
            gathered = []
        name, _, value = line.partition(":")
        if line and name in {"data", "error"}:
            gathered.append(value.removeprefix(" "))
    name, _, value = lines[-1].partition(":")
    if name in {"data", "error"}:
        gathered.append(value.removeprefix(" "))
    return [*events, SseEvent("\n".join(gathered), complete=False)] if gathered else events


def test_a_recorded_stream_whole() -> None:
    assert parse(RECORDED) == EVENTS


@pytest.mark.parametrize("cut", range(len(RECORDED) + 1))
def test_a_recorded_stream_cut_at_every_position(cut: int) -> None:
    assert parse(RECORDED[:cut], RECORDED[cut:]) == EVENTS


def test_a_recorded_stream_byte_by_byte() -> None:
    assert parse(*(RECORDED[i : i + 1] for i in range(len(RECORDED)))) == EVENTS


PIECES = st.sampled_from(
    [b"data: ", b"data:", b"data", b":", b"error: x", b"\r", b"\n", b"\r\n", b"\n\n", b"x", b" ",
     "é🐍".encode(), b"\xff", b"\xf0\x9f", b"\xef\xbb\xbf", b"[DONE]", b"\x00", b"\xe2\x80\xa8"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40), st.data())
def test_any_stream_is_read_as_the_standard_says_however_it_is_cut(
    parts: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    bounds = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(bounds)]
    assert parse(*pieces) == reference(whole)


def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_CHARS", 1000)
    parser = SseParser()
    with pytest.raises(EventTooLongError):
        [event for _ in range(100) for event in parser.push(b"x" * 50)]
