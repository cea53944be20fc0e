"""A loaded model: its vocabulary as bytes, its chat template, and text -> tokens."""

from __future__ import annotations

import ctypes
import os
import re
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as C  # noqa: N812 - the C interface

from deepcoder_cli.errors import ModelError
from deepcoder_cli.inference.llama.template import DEEPSEEK_R1, ChatTemplate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.inference.llama.native_log import NativeLog
    from deepcoder_cli.inference.llama.template import Segment

_STRUCTURAL = re.compile(r"</?(think|tool_call|tool_response)>|<[|｜].*[|｜]>")


class LoadedModel:
    """Owns the llama.cpp model of one file, for the life of the worker."""

    def __init__(self, path: str, log: NativeLog) -> None:
        """Load `path`.

        Raises:
            ModelError: llama.cpp refuses it; the message is llama.cpp's reason.
        """
        C.llama_backend_init()
        pointer = C.llama_model_load_from_file(os.fsencode(path), C.llama_model_default_params())
        if not pointer:
            raise ModelError(log.take_error() or "llama.cpp gave no reason")
        self.pointer = pointer
        self._vocab = C.llama_model_get_vocab(pointer)
        self.vocab_size = int(C.llama_vocab_n_tokens(self._vocab))
        self.training_context_tokens = int(C.llama_model_n_ctx_train(pointer))
        self.pieces = [self._piece(token) for token in range(self.vocab_size)]
        self._structural = self._structural_pattern()
        self.template = self._chat_template(log)

    @property
    def description(self) -> str:
        """Architecture, size and type of the weights, as llama.cpp names them."""
        buffer = ctypes.create_string_buffer(256)
        C.llama_model_desc(self.pointer, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def weight_bytes(self) -> int:
        """All tensors together."""
        return int(C.llama_model_size(self.pointer))

    @property
    def kv_bytes_per_token(self) -> int:
        """Keys and values of one token in every layer, as f16."""
        heads = max(1, int(C.llama_model_n_head(self.pointer)))
        width = int(C.llama_model_n_embd(self.pointer)) // heads
        kv_heads = int(C.llama_model_n_head_kv(self.pointer))
        return int(C.llama_model_n_layer(self.pointer)) * kv_heads * width * 2 * 2

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """The prompt's tokens; special tokens come from the template's own text alone."""
        tokens: list[int] = []
        for segment in segments:
            if segment.from_template:
                tokens += self._tokenize(segment.text, parse_special=True)
            else:
                # An empty match splits a structural token's text, which llama.cpp would else
                # read as that token even in plain text.
                for part in self._structural.split(segment.text):
                    tokens += self._tokenize(part, parse_special=False)
        return tokens

    def ends_generation(self, token: int) -> bool:
        """Whether the model says with `token` that its turn is over."""
        return bool(C.llama_vocab_is_eog(self._vocab, token))

    def _tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        buffer = (C.llama_token * size)()
        count = C.llama_tokenize(self._vocab, data, len(data), buffer, size, False, parse_special)
        if count < 0:
            msg = f"llama.cpp cannot tokenise {len(data)} bytes of text"
            raise ModelError(msg)
        return list(buffer[:count])

    def _piece(self, token: int) -> bytes:
        """The bytes of `token`; nothing for control tokens, but the think tags always."""
        text = bytes(C.llama_vocab_get_text(self._vocab, token) or b"")
        if text in {b"<think>", b"</think>"}:
            return text
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = C.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def _structural_pattern(self) -> re.Pattern[str]:
        """Matches the empty string after the first character of each structural token."""
        texts = {
            text
            for token in range(self.vocab_size)
            if C.llama_vocab_get_attr(self._vocab, token) & C.LLAMA_TOKEN_ATTR_USER_DEFINED
            and _STRUCTURAL.fullmatch(text := self._text(token))
        }
        inner = "|".join(f"(?<={re.escape(t[0])})(?={re.escape(t[1:])})" for t in sorted(texts))
        return re.compile(inner or r"(?!)")

    def _text(self, token: int) -> str:
        return bytes(C.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")

    def _chat_template(self, log: NativeLog) -> ChatTemplate:
        source = C.llama_model_chat_template(self.pointer, None)
        if source is None:
            log.write("the file has no chat template: using DeepSeek-R1's")
        return ChatTemplate(
            source.decode("utf-8", "replace") if source is not None else DEEPSEEK_R1,
            bos=self._special(C.llama_vocab_bos(self._vocab)),
            eos=self._special(C.llama_vocab_eos(self._vocab)),
        )

    def _special(self, token: int) -> str:
        return self._text(token) if token >= 0 else ""
