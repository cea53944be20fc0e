"""Refusals for want of context: which servers say it how, and the numbers in it.

Gathered from vLLM, TGI, SGLang, TensorRT-LLM, llama-server, llama-cpp-python, OpenAI, Together and
Mistral (tests/inference/openai/test_context.py quotes each).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ABOUT = re.compile(
    r"context (?:length|size|window)|context_length|max_model_len|`inputs` tokens \+ `max_new"
    r"|prompt is too long|maximum prompt length|max_num_tokens|`inputs` must have less than",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(r"exceed|too long|longer|too large|reduce the length", re.IGNORECASE)
_N = r"(\d+)(?:\.0)?"
_LIMIT = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"maximum context length (?:is|of) {_N}",
        rf"context length \({_N} tokens\)",
        rf"available context size \({_N} tokens\)",
        rf"max_model_len\s*=\s*{_N}",
        rf"max_new_tokens` must be <= {_N}",
        rf"must have less than {_N} tokens",
        rf"max_num_tokens \({_N}\)",
        rf"maximum prompt length is {_N}",
        rf"exceed context window of {_N}",
        rf"model with {_N} maximum context length",
        rf"> {_N} maximum",
        rf'"?n_ctx"?\s*[:=]\s*{_N}',
    )
]
_LEAST = [re.compile(rf"prompt contains at least {_N} input tokens")]
_PROMPT = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\({_N} in (?:the messages|your prompt)",
        rf"messages resulted in {_N} tokens",
        rf"request has {_N} input tokens",
        rf"prompt contains {_N} (?:input )?tokens",
        rf"{_N} tokens from the input",
        rf"The input \({_N} tokens\)",
        rf"request \({_N} tokens\) exceeds",
        rf"Given: {_N}",
        rf"prompt length \({_N}\)",
        rf"request contains {_N} tokens",
        rf"Requested tokens \({_N}\)",
        rf"too long: {_N} tokens",
        rf'"?n_prompt_tokens"?\s*[:=]\s*{_N}',
    )
]


@dataclass(frozen=True, slots=True)
class ContextRefusal:
    """What a server said of its context: the limit and the prompt's tokens, where it told them.

    `least_tokens` is given in place of `prompt_tokens` by a server (vLLM) that stopped counting.
    """

    limit_tokens: int | None
    prompt_tokens: int | None
    least_tokens: int | None = None

    @property
    def room_tokens(self) -> int | None:
        """Tokens left for the answer; None where one of the numbers is missing."""
        if self.limit_tokens is None or self.prompt_tokens is None:
            return None
        return self.limit_tokens - self.prompt_tokens


def read_refusal(text: str) -> ContextRefusal | None:
    """The numbers in an error body that is about the context; None when it is about another thing.

    >>> read_refusal("This model's maximum context length is 4096 tokens. However, you requested "
    ...              "65546 tokens (10 in the messages, 65536 in the completion).")
    ContextRefusal(limit_tokens=4096, prompt_tokens=10, least_tokens=None)
    """
    if not _ABOUT.search(text):
        return None
    limit, prompt = _number(_LIMIT, text), _number(_PROMPT, text)
    if limit is None and not _TOO_MUCH.search(text):
        return None
    return ContextRefusal(limit, prompt, _number(_LEAST, text))


def _number(patterns: list[re.Pattern[str]], text: str) -> int | None:
    found = (pattern.search(text) for pattern in patterns)
    return next((int(match[1]) for match in found if match), None)
