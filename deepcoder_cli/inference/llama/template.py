"""Chat template -> prompt, as segments that tell the template's text from the users'.

The template is the GGUF's own, rendered by Jinja in its sandbox. Contents enter it as unique
placeholders, so that a content can be tokenised without reading special tokens in it and never
changes how the template renders. Two effects, both on purpose: a template that trims or searches
the content sees only the placeholder, and a token never spans template text and content (with
DeepSeek's template, where contents stand between special tokens, none ever would).
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from deepcoder_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPSEEK_R1 = """\
{{- bos_token -}}
{%- for message in messages if message['role'] == 'system' -%}
  {{- message['content'] -}}
{%- endfor -%}
{%- for message in messages -%}
  {%- if message['role'] == 'user' -%}
    {{- '<｜User｜>' + message['content'] -}}
  {%- elif message['role'] == 'assistant' -%}
    {{- '<｜Assistant｜>' + message['content'] + '<｜end▁of▁sentence｜>' -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<｜Assistant｜><think>\\n' -}}
{%- endif -%}
"""
"""The template of DeepSeek-R1's distillations, for a file that carries none."""

_OPEN_THINK = re.compile(r"<think>\s*\Z")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the prompt; special tokens are read only in the template's own."""

    text: str
    from_template: bool


class ChatTemplate:
    r"""A compiled chat template.

    >>> template = ChatTemplate(DEEPSEEK_R1, bos="<B>", eos="<E>")
    >>> [segment.text for segment in template.render([("user", "Hi")])]
    ['<B><｜User｜>', 'Hi', '<｜Assistant｜><think>\n']
    """

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        """Compile `source`.

        Raises:
            ModelError: the template is not valid Jinja.
        """
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now(UTC).strftime(form)
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            msg = f"chat template of the model is broken: {error}"
            raise ModelError(msg) from error
        self._tokens = {"bos_token": bos, "eos_token": eos}

    def render(self, messages: Sequence[tuple[str, str]]) -> tuple[Segment, ...]:
        """The prompt that asks for the next assistant turn.

        Raises:
            ModelError: the template refuses the conversation or fails on it.
        """
        nonce = secrets.token_hex(16)
        rendered = self._render(
            [
                {"role": role, "content": f"[{nonce}:{number}]"}
                for number, (role, _) in enumerate(messages)
            ]
        )
        parts = re.split(rf"\[{nonce}:(\d+)\]", rendered)
        contents = [unicodedata.normalize("NFC", content) for _, content in messages]
        segments = (
            Segment(contents[int(part)] if index % 2 else part, from_template=not index % 2)
            for index, part in enumerate(parts)
        )
        return tuple(segment for segment in segments if segment.text)

    def _render(self, messages: list[dict[str, str]]) -> str:
        try:
            return self._template.render(
                messages=messages,
                add_generation_prompt=True,
                enable_thinking=True,
                **self._tokens,
            )
        except Exception as error:  # a template is a program: it may raise anything
            msg = f"chat template of the model failed: {type(error).__name__}: {error}"
            raise ModelError(msg) from error


def leaves_reasoning_open(segments: Sequence[Segment]) -> bool:
    """Whether the prompt ends within `<think>`, so that the completion begins as reasoning."""
    return bool(segments and segments[-1].from_template and _OPEN_THINK.search(segments[-1].text))


def _refuse(message: str) -> NoReturn:
    """What templates call to reject a conversation."""
    raise ValueError(message)
