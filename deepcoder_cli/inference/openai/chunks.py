"""What a server says in one JSON object: a chunk of a stream, a whole completion, or an error.

The servers differ in where they put things; all of these are read:

- text in `delta`, or in `message` where a server does not stream; as a string or as typed parts;
- reasoning in `reasoning_content` (SGLang, llama-server, TensorRT-LLM, DeepSeek) or `reasoning`
  (vLLM, Ollama, LM Studio, OpenRouter); where both are there they repeat each other;
- `choices` empty or null; `usage` null, in a chunk of its own, or in the last one with text;
- an error as `{"error": {...}}`, `{"error": "text"}` or `{"object": "error", ...}`;
- `prompt_progress` of llama-server, which it sends when `return_progress` is set in `body`.

Not covered: tool calls, log probabilities, choices after the first (we ask for one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepcoder_cli.types import Usage


@dataclass(frozen=True, slots=True)
class Chunk:
    """One object of the stream; what it does not mention is empty or None."""

    reasoning: str = ""
    content: str = ""
    finish: str | None = None
    usage: Usage | None = None
    progress: tuple[int, int] | None = None
    error: dict[str, Any] | None = None


def read_chunk(value: object) -> Chunk:
    """The chunk in a decoded JSON value.

    >>> read_chunk({"choices": [{"delta": {"reasoning": "hm"}, "finish_reason": None}]}).reasoning
    'hm'

    Raises:
        ValueError: it is no JSON object.
    """
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} where an object is due")  # noqa: TRY004
    if value.get("error") or value.get("object") == "error":
        return Chunk(error=value)
    choice = _first(value.get("choices"))
    delta = _dict(choice.get("delta")) or _dict(choice.get("message"))
    content, thought = _text(delta.get("content"))
    finish = choice.get("finish_reason")
    return Chunk(
        reasoning=_reasoning(delta) or thought,
        content=content,
        finish=finish if isinstance(finish, str) and finish else None,
        usage=_usage(value.get("usage")),
        progress=_progress(value.get("prompt_progress")),
    )


def _first(choices: object) -> dict[str, Any]:
    return _dict(choices[0]) if isinstance(choices, list) and choices else {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _reasoning(delta: dict[str, Any]) -> str:
    for key in ("reasoning_content", "reasoning"):
        text = delta.get(key)
        if isinstance(text, str) and text:
            return text
    return ""


def _text(content: object) -> tuple[str, str]:
    """Text and reasoning in a content: a string, or parts (`text`, and Mistral's `thinking`)."""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        return "", ""
    parts = [_dict(part) for part in content]
    text = "".join(str(part["text"]) for part in parts if isinstance(part.get("text"), str))
    inner = [_text(part["thinking"])[0] for part in parts if "thinking" in part]
    return text, "".join(inner)


def _usage(value: object) -> Usage | None:
    usage = _dict(value)
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    cached = _count(_dict(usage.get("prompt_tokens_details")).get("cached_tokens"))
    return Usage(prompt, completion, cached or 0)


def _progress(value: object) -> tuple[int, int] | None:
    progress = _dict(value)
    done, total = _count(progress.get("processed")), _count(progress.get("total"))
    return None if done is None or total is None else (done, total)


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
