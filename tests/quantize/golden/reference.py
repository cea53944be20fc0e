"""Run llama.cpp's own converter: `python reference.py LLAMA_CPP_SOURCE FOLDER OUT.gguf OUTTYPE`.

LLAMA_CPP_SOURCE is the llama.cpp tree (in llama-cpp-python's source package: vendor/llama.cpp).
Two things are set by hand, because that converter guesses them: it knows a pre-tokenizer by the
hash of one text's ids, which a small vocabulary cannot have, and it tries sentencepiece first.
"""

from __future__ import annotations

import sys
from pathlib import Path

FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "auto": "GUESSED"}


def main(source: str, folder: str, out: str, outtype: str) -> None:
    sys.path[:0] = [source, str(Path(source) / "gguf-py")]
    import gguf
    import torch
    from conversion import get_model_class
    from conversion.base import TextModel

    TextModel.get_vocab_base_pre = lambda _self, _tokenizer: "deepseek-r1-qwen"
    model_class = get_model_class("Qwen2ForCausalLM")
    model_class.set_vocab = lambda self: self._set_vocab_gpt2()
    with torch.inference_mode():
        file_type = gguf.LlamaFileType[FILE_TYPES[outtype]]
        model_class(Path(folder), file_type, Path(out)).write()


if __name__ == "__main__":
    main(*sys.argv[1:])
