"""Refusals for want of context, as each server words them."""

from __future__ import annotations

import pytest

from deepcoder_cli.inference.openai.context import ContextRefusal, read_refusal

WORDS = {
    "vLLM 0.8, OpenAI": (
        "This model's maximum context length is 4096 tokens. However, you requested 65546 tokens "
        "(10 in the messages, 65536 in the completion). Please reduce the length.",
        (4096, 10),
    ),
    "vLLM 0.11": (
        "'max_tokens' or 'max_completion_tokens' is too large: 65536. This model's maximum context "
        "length is 4096 tokens and your request has 10 input tokens (65536 > 4096 - 10).",
        (4096, 10),
    ),
    "vLLM, at least": (
        "This model's maximum context length is 1024 tokens. However, you requested 65536 output "
        "tokens and your prompt contains at least 1 input tokens, for a total of at least 65537.",
        (1024, None, 1),
    ),
    "vLLM, parameters": (
        "max_tokens=65536 cannot be greater than max_model_len=1024. Please request fewer.",
        (1024, None),
    ),
    "OpenAI, prompt": (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in "
        "9000 tokens. Please reduce the length of the messages.",
        (8192, 9000),
    ),
    "SGLang": (
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
        "requested a total of 65600 tokens: 64 tokens from the input messages and 65536 tokens "
        "for the completion.",
        (4096, 64),
    ),
    "SGLang, Together": (
        "The input (250000 tokens) is longer than the model's context length (200000 tokens).",
        (200000, 250000),
    ),
    "TGI": (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32769. Given: 30 "
        "`inputs` tokens and 65536 `max_new_tokens`",
        (32769, 30),
    ),
    "TGI, prompt": (
        "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
        (4096, 5000),
    ),
    "llama-server": (
        '{"error":{"code":400,"message":"request (9412 tokens) exceeds the available context size '
        '(8192 tokens), try increasing it","type":"exceed_context_size_error",'
        '"n_prompt_tokens":9412,"n_ctx":8192}}',
        (8192, 9412),
    ),
    "llama-server, older": (
        '{"error":{"code":400,"message":"the request exceeds the available context size. try '
        'increasing the context size or enable context shift","type":"invalid_request_error"}}',
        (None, None),
    ),
    "llama-cpp-python": ("Requested tokens (9006) exceed context window of 2048", (2048, 9006)),
    "TensorRT-LLM": (
        "The sum of prompt length (72417.0), query length (0) should not exceed max_num_tokens "
        "(69632)",
        (69632, 72417),
    ),
    "xAI": (
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        (131072, 537812),
    ),
    "Mistral": (
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        (32768, 40000),
    ),
}  # fmt: skip


@pytest.mark.parametrize("server", WORDS)
def test_the_numbers_are_read(server: str) -> None:
    text, numbers = WORDS[server]
    assert read_refusal(text) == ContextRefusal(*numbers)


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit exceeded",
        "model `x` does not exist",
        "`max_new_tokens` must be strictly positive",
        "Unknown field context_window",
        "",
    ],
)
def test_other_refusals_are_not_about_the_context(text: str) -> None:
    assert read_refusal(text) is None
