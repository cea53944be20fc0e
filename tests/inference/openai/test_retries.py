"""Busy servers, stalls, drops, cancels: retried before the first event, told after it."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from email.utils import formatdate

import pytest

from deepcoder_cli.errors import EndpointError, EndpointUnavailable
from deepcoder_cli.inference.backend import Answer
from deepcoder_cli.inference.openai import retry
from deepcoder_cli.inference.openai.backend import EndpointBackend
from deepcoder_cli.inference.openai.failures import retry_after_s
from deepcoder_cli.types import EndpointRef
from tests.inference.openai.conftest import PARAMS, QUESTION, ask, done, stream, texts
from tests.inference.openai.scripted import BREAK, HANG, Reply, Script, as_json, delta, serving, sse

GOOD = sse(delta("stop", content="a"))
BEGUN = sse(delta(content="abc"), delta(content="de"), done=False).body


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
async def test_a_busy_server_is_asked_again(status: int) -> None:
    script = Script(as_json({"error": {"message": "busy"}}, status), GOOD)
    assert texts(await ask(script)) == ("", "a")
    assert len(script.requests) == 2


async def test_it_is_asked_again_only_so_often() -> None:
    script = Script(as_json({"error": {"message": "overloaded"}}, 503))
    with pytest.raises(EndpointUnavailable, match=r"busy.*503: overloaded"):
        await ask(script, retries=3)
    assert len(script.requests) == 4


async def test_a_quota_that_is_spent_is_not_waited_for() -> None:
    script = Script(as_json({"error": {"message": "x", "code": "insufficient_quota"}}, 429))
    with pytest.raises(EndpointError):
        await ask(script)
    assert len(script.requests) == 1


async def test_retry_after_is_waited_for() -> None:
    script = Script(as_json({}, 429, **{"Retry-After": "0.4"}), GOOD)
    start = time.monotonic()
    await ask(script)
    assert time.monotonic() - start >= 0.4


async def test_a_wait_that_is_too_long_is_an_error_at_once() -> None:
    script = Script(as_json({}, 429, **{"Retry-After": "3600"}))
    with pytest.raises(EndpointUnavailable) as caught:
        await ask(script)
    assert (len(script.requests), caught.value.retry_after_s) == (1, 3600)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": formatdate(1_000_010, usegmt=True)}, 10),
        ({"retry-after": formatdate(999_000, usegmt=True)}, 0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, now_s=1_000_000) == seconds


async def test_a_server_that_is_still_loading_is_waited_for_when_it_is_opened() -> None:
    script = Script(GOOD, models=as_json({"error": {"message": "Loading model"}}, 503))
    async with serving(script):
        opening = asyncio.create_task(EndpointBackend.start(EndpointRef("x", script.url)))
        while not script.asked:
            await asyncio.sleep(0.01)
        script.models = as_json({"data": [{"id": "m"}]})
        backend = await opening
        assert texts(await stream(backend)) == ("", "a")
        await backend.aclose()


async def test_a_stall_before_the_first_byte_is_retried() -> None:
    assert texts(await ask(Script(Reply([HANG]), GOOD), stall_s=0.2)) == ("", "a")


async def test_a_stall_after_a_first_piece_is_told_with_how_much_came() -> None:
    script = Script(Reply([*BEGUN, HANG]))
    said = r"stalled.*sent nothing for 0.2 s \(5 characters in 2 pieces had come\)"
    with pytest.raises(EndpointUnavailable, match=said):
        await ask(script, stall_s=0.2, opens_think="no")
    assert len(script.requests) == 1


async def test_keep_alive_comments_are_no_stall() -> None:
    ping: list[bytes | float | str] = [b": ping\n\n", 0.1] * 6
    script = Script(Reply([*ping, *GOOD.body]))
    assert texts(await ask(script, stall_s=0.4)) == ("", "a")
    assert len(script.requests) == 1


@pytest.mark.parametrize("end", ["reset", "closed", "closed in a chunked body", "half a chunk"])
async def test_a_drop_in_the_middle_is_never_a_stop(end: str) -> None:
    reply = {
        "reset": Reply([*BEGUN, BREAK]),
        "closed": Reply([*BEGUN]),
        "closed in a chunked body": Reply([*BEGUN, BREAK], chunked=True),
        "half a chunk": Reply([*BEGUN, b'data: {"choices":[{"delta":{"conte']),
    }[end]
    script = Script(reply)
    with pytest.raises(EndpointUnavailable, match=r"broke off.*5 characters in 2 pieces"):
        await ask(script, opens_think="no")
    assert len(script.requests) == 1


@pytest.mark.parametrize("reply", [Reply([BREAK]), Reply([]), Reply([b": ping\n\n", BREAK])])
async def test_a_drop_before_any_text_is_retried(reply: Reply) -> None:
    script = Script(reply, GOOD)
    assert texts(await ask(script)) == ("", "a")


async def test_a_drop_after_the_finish_loses_nothing() -> None:
    whole = sse(delta("stop", content="a"), done=False).body
    assert texts(await ask(Script(Reply([*whole, BREAK])))) == ("", "a")


async def test_a_stream_that_ends_before_its_first_chunk_is_asked_why() -> None:
    """llama-cpp-python's server refuses a prompt that is too long like this."""
    words = "Requested tokens (9006) exceed context window of 2048"
    why = as_json({"error": {"message": words}}, 400)
    script = Script(Reply([], chunked=True), why)
    with pytest.raises(Exception, match="9006 tokens"):
        await ask(script)
    assert [r.body["stream"] for r in script.requests] == [True, False]


async def test_an_error_within_the_stream_before_any_text_is_retried() -> None:
    error = {"error": {"message": "engine is restarting", "code": 503}}
    script = Script(sse(delta(role="assistant"), error), GOOD)
    assert texts(await ask(script)) == ("", "a")


@pytest.mark.parametrize(
    "error",
    [
        b'data: {"error":{"message":"out of blocks","code":500}}\n\n',
        b'error: {"code":500,"message":"out of blocks","type":"server_error","error":"x"}\n\n',
        b'data: {"error":"out of blocks","error_type":"overloaded"}\n\n',
        b'data: {"object":"error","message":"out of blocks","code":500}\n\n',
    ],
)
async def test_an_error_within_the_stream_after_text_is_told(error: bytes) -> None:
    script = Script(Reply([*BEGUN, error]))
    with pytest.raises(EndpointUnavailable, match=r"broke off.*5 characters"):
        await ask(script, opens_think="no")
    assert len(script.requests) == 1


async def test_closing_the_stream_closes_the_connection_at_once() -> None:
    async with serving(Script(Reply([*BEGUN, HANG]))) as script:
        ref = EndpointRef("x", script.url, opens_think="no")
        async with EndpointBackend.open(ref) as backend:
            async with aclosing(backend.stream(QUESTION, PARAMS)) as events:
                async for event in events:
                    assert event == Answer("abc", 1)
                    break
            await asyncio.wait_for(script.hung_up.wait(), 2)


@pytest.mark.parametrize("body", [[HANG], [*BEGUN, HANG]])
async def test_cancelling_the_reader_closes_the_connection_at_once(
    body: list[bytes | float | str],
) -> None:
    async with (
        serving(Script(Reply(body))) as script,
        EndpointBackend.open(EndpointRef("x", script.url)) as backend,
    ):
        task = asyncio.create_task(stream(backend))
        while not script.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(script.hung_up.wait(), 2)


async def test_cancelling_during_a_wait_for_a_busy_server_is_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 60)
    async with (
        serving(Script(as_json({}, 503))) as script,
        EndpointBackend.open(EndpointRef("x", script.url)) as backend,
    ):
        task = asyncio.create_task(stream(backend))
        while not script.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        done_, _ = await asyncio.wait([task], timeout=2)
        assert done_


async def test_streams_run_side_by_side() -> None:
    slow = Reply([0.3, *GOOD.body])
    async with (
        serving(Script(slow)) as script,
        EndpointBackend.open(EndpointRef("x", script.url)) as backend,
    ):
        start = time.monotonic()
        results = await asyncio.gather(*(stream(backend) for _ in range(20)))
        assert time.monotonic() - start < 3  # 6 s one after the other
    assert all(done(events).finish_reason == "stop" for events in results)


async def test_closing_the_backend_ends_its_streams() -> None:
    async with serving(Script(Reply([*BEGUN, HANG]))) as script:
        backend = await EndpointBackend.start(EndpointRef("x", script.url, opens_think="no"))
        events = backend.stream(QUESTION, PARAMS)
        assert await anext(events) == Answer("abc", 1)
        assert await anext(events) == Answer("de", 2)
        await backend.aclose()
        with pytest.raises(EndpointUnavailable):
            await anext(events)
        with pytest.raises(EndpointError, match="closed"):
            await anext(backend.stream(QUESTION, PARAMS))


async def test_where_nothing_listens_one_line_says_what_to_start(free_port: int) -> None:
    ref = EndpointRef("x", f"http://127.0.0.1:{free_port}/v1")
    with pytest.raises(EndpointUnavailable) as caught:
        await EndpointBackend.start(ref)
    said = str(caught.value)
    assert f"no server answers at http://127.0.0.1:{free_port}/v1 (connection refused)" in said
    assert "vllm serve" in said


async def test_an_unknown_host_is_told() -> None:
    with pytest.raises(EndpointUnavailable, match="cannot be reached"):
        await EndpointBackend.start(EndpointRef("x", "http://no-such-host.invalid/v1"))


async def test_a_server_that_went_away_between_two_requests_is_tried_again() -> None:
    async with serving(Script(GOOD)) as script:
        backend = await EndpointBackend.start(EndpointRef("x", script.url, retries=2))
    with pytest.raises(EndpointUnavailable, match="connection refused"):
        await stream(backend)
    await backend.aclose()


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert texts(await ask(Script(GOOD))) == ("", "a")
    with pytest.raises(EndpointUnavailable, match=r"proxy|refused"):
        await EndpointBackend.start(EndpointRef("x", "http://elsewhere.invalid/v1"))
