"""Each kind of server, as it speaks; every recorded stream also cut into single bytes."""

from __future__ import annotations

import json

import pytest

from deepcoder_cli.errors import EndpointError, EndpointUnavailable, InputError
from deepcoder_cli.inference.backend import Prefill
from deepcoder_cli.types import SamplingParams, Usage
from tests.inference.openai.conftest import ask, done, texts
from tests.inference.openai.scripted import Reply, Request, Script, as_json, delta, sse

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
FINISHED = {"choices": [], "usage": USAGE}

KINDS = {
    "vLLM": sse(
        delta(role="assistant", content=""),
        delta(reasoning="h"),
        delta(reasoning="m"),
        delta(content="\n\n4"),
        delta("stop", content="2"),
        FINISHED,
    ),
    "vLLM without a reasoning parser": sse(
        delta(role="assistant", content=""),
        *(delta(content=text) for text in ("hm", "</thi", "nk>", "\n\n4")),
        delta("stop", content="2"),
        FINISHED,
    ),
    "SGLang": sse(
        delta(role="assistant", content="", reasoning_content=None),
        delta(content=None, reasoning_content="hm"),
        delta(content="42", reasoning_content=None),
        delta("stop", content=None),
        FINISHED,
    ),
    "TGI": Reply(
        [
            b'data:{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":'
            b'"assistant","content":"<think>\\nhm</think>\\n4"},"finish_reason":null}],'
            b'"usage":null}\n\ndata:{"choices":[{"index":0,"delta":{"role":"assistant","content":'
            b'"2"},"finish_reason":"eos_token"}],"usage":null}\n\ndata:{"choices":[],"usage":'
            b'{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}\n\ndata: [DONE]\n\n'
        ]
    ),
    "TensorRT-LLM": sse(
        delta(role="assistant"),
        delta(reasoning_content="hm", content=None),
        delta(content="42"),
        delta("stop", content=""),
        FINISHED,
    ),
    "llama-server": sse(
        b": keep-alive\n\n",
        delta(role="assistant", content=None),
        delta(reasoning_content="hm"),
        delta(content="42"),
        delta("stop"),
        {"choices": [], "usage": USAGE, "timings": {"predicted_n": 5}},
    ),
    "Ollama": sse(
        delta(role="assistant", content="", reasoning="hm"),
        delta(role="assistant", content="42"),
        delta("stop", role="assistant", content=""),
        {**FINISHED, "model": "m"},
    ),
    "LM Studio": sse(
        delta(role="assistant", content="<think>"),
        delta(content="hm"),
        delta(content="</think>"),
        delta(content="42"),
        delta("stop"),
        FINISHED,
    ),
    "OpenRouter": sse(
        b": OPENROUTER PROCESSING\n\n",
        delta(content="", reasoning="hm", reasoning_details=[{"text": "hm"}]),
        delta(content="", reasoning="", reasoning_content=""),
        delta(content="42"),
        {**delta("stop", content=""), "usage": USAGE},
    ),
    "Mistral": sse(
        delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]),
        delta(content=[{"type": "text", "text": "42"}]),
        {**delta("stop", content=""), "usage": USAGE},
    ),
    "both reasoning fields": sse(
        delta(reasoning="hm", reasoning_content="hm"), delta("stop", content="42"), FINISHED
    ),
    "CRLF, no last line end, no end mark": Reply(
        [
            b"\r\n\r\n".join(
                b"data: " + json.dumps(chunk).encode()
                for chunk in (delta(reasoning="hm"), delta("stop", content="42"), FINISHED)
            )
        ]
    ),
    "no blank lines between events": Reply(
        [
            b"".join(
                b"data: " + json.dumps(chunk).encode() + b"\n"
                for chunk in (delta(reasoning="hm"), delta("stop", content="42"), FINISHED)
            )
            + b"data: [DONE]\n\n"
        ]
    ),
    "no streaming": as_json(
        {
            "choices": [
                {
                    "message": {"role": "assistant", "content": "42", "reasoning_content": "hm"},
                    "finish_reason": "stop",
                }
            ],
            "usage": USAGE,
        }
    ),
    "no streaming, raw tags": as_json(
        {
            "choices": [{"message": {"content": "<think>hm</think>42"}, "finish_reason": "stop"}],
            "usage": USAGE,
        }
    ),
}  # fmt: skip


def bytewise(reply: Reply) -> Reply:
    whole = b"".join(piece for piece in reply.body if isinstance(piece, bytes))
    pieces: list[bytes | float | str] = [whole[i : i + 1] for i in range(len(whole))]
    return Reply(pieces, reply.status, reply.type, reply.headers, chunked=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", ["whole", "bytewise"])
async def test_reasoning_answer_and_usage_of_each_server(kind: str, cut: str) -> None:
    reply = KINDS[kind] if cut == "whole" else bytewise(KINDS[kind])
    events = await ask(Script(reply))

    assert texts(events) == ("hm", "42")
    assert done(events).finish_reason == "stop"
    assert done(events).usage == Usage(12, 5)
    assert done(events).seed == 7


async def test_the_request_holds_what_was_asked_and_no_n() -> None:
    script = Script(sse(delta("stop", content="x")))
    await ask(script, body={"top_k": 0, "chat_template_kwargs": {"thinking": True}})

    request = script.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Why?"}],
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 64,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
        "top_k": 0,
        "chat_template_kwargs": {"thinking": True},
    }


async def test_without_usage_the_pieces_are_counted_and_it_is_said() -> None:
    events = await ask(Script(sse(delta(content="a"), delta(content="b"), delta("stop"))))
    assert done(events).usage == Usage(0, 2, reported=False)


async def test_zeros_for_usage_are_no_usage() -> None:
    zeros = {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    events = await ask(Script(sse(delta(content="a"), delta("stop"), zeros)))
    assert done(events).usage == Usage(0, 1, reported=False)


async def test_cached_tokens_are_read() -> None:
    usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": 8}}
    events = await ask(Script(sse(delta("stop", content="a"), {"choices": [], "usage": usage})))
    assert done(events).usage == Usage(12, 5, 8)


async def test_the_progress_of_reading_is_given_where_the_server_tells_it() -> None:
    progress = {"choices": [], "prompt_progress": {"total": 9, "processed": 4, "cache": 0}}
    events = await ask(Script(sse(progress, delta("stop", content="a"))))
    assert events[0] == Prefill(4, 9)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "stop"),
        ("eos_token", "stop"),
        ("stop_sequence", "stop"),
        ("tool_calls", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
    ],
)
async def test_finish_reasons(finish: str, reason: str) -> None:
    events = await ask(Script(sse(delta(finish, content="a"))))
    assert done(events).finish_reason == reason


async def test_an_end_mark_without_a_finish_reason_is_a_stop() -> None:
    assert done(await ask(Script(sse(delta(content="a"))))).finish_reason == "stop"


@pytest.mark.parametrize(
    ("finish", "said"),
    [
        ("content_filter", "filter withheld the answer.*1 characters in 1 pieces"),
        ("abort", "broke off"),
        ("melted", "unknown way.*'melted'"),
    ],
)
async def test_other_finish_reasons_are_errors(finish: str, said: str) -> None:
    with pytest.raises(EndpointError, match=said):
        await ask(Script(sse(delta(finish, content="a"))))


async def test_a_server_that_keeps_the_line_open_after_the_finish_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from deepcoder_cli.inference.openai import attempt

    monkeypatch.setattr(attempt, "AFTER_FINISH_S", 0.1)
    reply = Reply([*sse(delta("stop", content="a"), done=False).body, "hang"])
    assert texts(await ask(Script(reply))) == ("", "a")


BODIES = {
    "OpenAI": (400, '{"error":{"message":"bad temperature","type":"x","code":null}}'),
    "vLLM, older": (400, '{"object":"error","message":"bad temperature","code":400}'),
    "FastAPI": (422, '{"detail":[{"loc":["body","temperature"],"msg":"bad temperature"}]}'),
    "FastAPI, text": (422, '{"detail":"bad temperature"}'),
    "TGI": (422, '{"error":"bad temperature","error_type":"validation"}'),
    "plain": (400, "bad temperature"),
    "HTML": (400, "<html><head><title>400 bad temperature</title></head><body>x</body></html>"),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_the_servers_own_words_are_in_the_error(kind: str) -> None:
    status, body = BODIES[kind]
    script = Script(Reply([body.encode()], status, "application/json"))
    with pytest.raises(EndpointError, match=r"refused the request.*bad temperature") as caught:
        await ask(script)
    assert type(caught.value) is EndpointError
    assert len(script.requests) == 1
    assert "\n" not in str(caught.value)


async def test_an_error_body_cannot_drive_the_terminal() -> None:
    with pytest.raises(EndpointError) as caught:
        await ask(Script(Reply([b"\x1b]0;owned\x07 bad"], 400)))
    assert "\x1b" not in str(caught.value)


async def test_401_says_which_variable_to_set() -> None:
    with pytest.raises(EndpointError, match=r"wants a key.*No key"):
        await ask(Script(as_json({"error": {"message": "No key"}}, 401)))


async def test_a_model_that_is_not_there_lists_those_that_are() -> None:
    models = as_json({"data": [{"id": "a"}, {"id": "org/b"}]})
    refusal = as_json({"error": {"message": "The model `c` does not exist."}}, 404)
    with pytest.raises(EndpointError, match=r"does not serve 'c'.*serves a, org/b.*Name one"):
        await ask(Script(refusal, models=models), model="c")


async def test_several_models_and_none_named_lists_them() -> None:
    models = as_json({"data": [{"id": "a"}, {"id": "b"}]})
    with pytest.raises(EndpointError, match=r"several models.*a, b.*#a'"):
        await ask(Script(models=models))


async def test_a_server_without_a_list_of_models_needs_one_named() -> None:
    answer = sse(delta("stop", content="a"))
    absent = Reply([b"Not Found"], 404, "text/plain")
    assert texts(await ask(Script(answer, models=absent), model="m")) == ("", "a")
    with pytest.raises(EndpointError, match="lists no model"):
        await ask(Script(answer, models=absent))


async def test_something_else_that_answers_is_told() -> None:
    page = Reply([b"<html><title>Welcome to nginx!</title></html>"], 200, "text/html")
    with pytest.raises(EndpointError, match=r"lists no models.*Welcome to nginx"):
        await ask(Script(models=page))
    with pytest.raises(EndpointUnavailable, match="broke off"):
        await ask(Script(page), retries=0)


async def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(EndpointError, match="redirects"):
        await ask(Script(Reply([], 307, headers={"Location": "http://127.0.0.1:1/"})))


async def test_a_chunk_that_is_no_json_is_told_with_how_far_it_came() -> None:
    script = Script(sse(delta(content="abc"), b"data: {oops}\n\n"))
    with pytest.raises(EndpointError, match=r"no completion.*oops.*3 characters in 1 pieces"):
        await ask(script)


def too_large(request: Request) -> Reply:
    """vLLM 0.31 with a context of 100 and a prompt of 40 tokens."""
    budget = request.body.get("max_tokens")
    if budget is not None and budget > 60:
        words = (
            f"'max_tokens' or 'max_completion_tokens' is too large: {budget}. This model's maximum "
            "context length is 100 tokens and your request has 40 input tokens."
        )
        return as_json({"error": {"message": words, "code": 400}}, 400)
    return sse(delta("length", content="a"))


async def test_a_budget_over_the_context_is_made_to_fit() -> None:
    script = Script(too_large)
    events = await ask(script, params=SamplingParams())
    assert done(events).finish_reason == "length"
    assert [r.body["max_tokens"] for r in script.requests] == [65536, 60]


async def test_where_the_prompts_length_is_not_told_the_budget_is_left_to_the_server() -> None:
    words = "max_tokens=65536 cannot be greater than max_model_len=100. Please request fewer."
    script = Script(as_json({"error": {"message": words}}, 400), sse(delta("length", content="a")))
    await ask(script, params=SamplingParams())
    assert "max_tokens" not in script.requests[1].body


async def test_a_prompt_over_the_context_is_bad_input_with_both_numbers() -> None:
    words = "request (9412 tokens) exceeds the available context size (8192 tokens)"
    body = {"error": {"message": words, "type": "exceed_context_size_error"}}
    with pytest.raises(InputError, match=r"too long: 9412 tokens \(the context holds 8192\)"):
        await ask(Script(as_json(body, 400)))


async def test_the_context_is_read_from_the_list_of_models() -> None:
    from deepcoder_cli.inference.openai.backend import EndpointBackend
    from deepcoder_cli.types import EndpointRef
    from tests.inference.openai.scripted import serving

    models = as_json({"data": [{"id": "m", "max_model_len": 4096}]})
    async with serving(Script(models=models)) as script:
        async with EndpointBackend.open(EndpointRef("x", script.url)) as backend:
            assert (backend.context_tokens, backend.model) == (4096, "m")
        async with EndpointBackend.open(EndpointRef("x", script.url, context_tokens=9)) as backend:
            assert backend.context_tokens == 9


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        ("Unrecognized request argument supplied: seed", "seed"),
        ("body.seed: Extra inputs are not permitted", "seed"),
        ("Unknown field: stream_options", "stream_options"),
    ],
)
async def test_a_field_that_a_server_does_not_know_is_left_out_from_then_on(
    words: str, left_out: str
) -> None:
    def strict(request: Request) -> Reply:
        if left_out in request.body:
            return as_json({"error": {"message": words}}, 400)
        return sse(delta("stop", content="a"))

    script = Script(strict)
    events = await ask(script, times=2)
    assert [left_out in r.body for r in script.requests] == [True, False, False]
    assert done(events).seed == (None if left_out == "seed" else 7)


async def test_the_newer_name_of_the_budget_is_used_where_the_older_is_refused() -> None:
    words = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead."
    )
    script = Script(as_json({"error": {"message": words}}, 400), sse(delta("stop", content="a")))
    await ask(script)
    assert "max_tokens" not in script.requests[1].body
    assert script.requests[1].body["max_completion_tokens"] == 64


async def test_a_refused_temperature_is_an_error_since_it_would_change_the_sampling() -> None:
    words = "Unsupported value: 'temperature' does not support 0.6 with this model."
    script = Script(as_json({"error": {"message": words}}, 400))
    with pytest.raises(EndpointError, match="temperature"):
        await ask(script)
    assert len(script.requests) == 1
