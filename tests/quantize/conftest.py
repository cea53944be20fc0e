"""Real parts for the converter's tests: tiny Qwen2 checkpoints, and GGUF files in llama.cpp."""

from __future__ import annotations

import ctypes
import shutil
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepcoder_cli import paths
from finetune.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

REPOSITORY = Path(__file__).parents[2]
NANO_FOLDER = REPOSITORY / "tests" / "data" / "nano"
VOCABULARY = 512
ROWS = 576  # more than tokens: the rest become [PADi]


class GgufModel:
    """A GGUF in llama.cpp through the low-level bindings; F32 cache, so F32 files are exact."""

    def __init__(self, path: Path) -> None:
        import llama_cpp.llama_cpp as C  # noqa: N812 - the C interface

        self.C = C
        C.llama_backend_init()
        C.llama_log_set(_SILENT, ctypes.c_void_p(0))
        self.model = C.llama_model_load_from_file(str(path).encode(), self._model_params())
        assert self.model, f"llama.cpp refuses {path}"
        self.vocab = C.llama_model_get_vocab(self.model)
        self.rows = int(C.llama_vocab_n_tokens(self.vocab))

    def close(self) -> None:
        self.C.llama_model_free(self.model)

    def tokenize(self, text: str, *, add_special: bool = False) -> list[int]:
        data = text.encode()
        buffer = (self.C.llama_token * (len(data) + 8))()
        count = self.C.llama_tokenize(
            self.vocab, data, len(data), buffer, len(buffer), add_special, True
        )
        assert count >= 0
        return list(buffer[:count])

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """One row of logits for each position."""
        C = self.C  # noqa: N806 - the C interface
        context = C.llama_init_from_model(self.model, self._context_params(len(ids)))
        batch = C.llama_batch_init(len(ids), 0, 1)
        try:
            batch.n_tokens = len(ids)
            for position, token in enumerate(ids):
                batch.token[position] = token
                batch.pos[position] = position
                batch.n_seq_id[position] = 1
                batch.seq_id[position][0] = 0
                batch.logits[position] = 1
            assert C.llama_decode(context, batch) == 0
            rows = C.llama_get_logits(context)
            return np.ctypeslib.as_array(rows, shape=(len(ids), self.rows)).copy()
        finally:
            C.llama_batch_free(batch)
            C.llama_free(context)

    def _model_params(self) -> Any:
        params = self.C.llama_model_default_params()
        params.n_gpu_layers = 0
        return params

    def _context_params(self, tokens: int) -> Any:
        params = self.C.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = tokens
        params.n_threads = params.n_threads_batch = 1
        params.type_k = params.type_v = self.C.GGML_TYPE_F32
        params.flash_attn_type = 0
        return params


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def _SILENT(_level: int, _text: bytes, _data: object) -> None:  # noqa: N802 - a constant to C
    """Swallow llama.cpp's log."""


@pytest.fixture(scope="session")
def load_gguf() -> Iterator[Callable[[Path], GgufModel]]:
    """Loads GGUF files into llama.cpp and frees them at the end."""
    loaded: list[GgufModel] = []

    def load(path: Path) -> GgufModel:
        loaded.append(GgufModel(path))
        return loaded[-1]

    yield load
    for model in loaded:
        model.close()


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """A tokenizer trained on this repository's own code and a line of many scripts."""
    texts = [path.read_text() for path in sorted((REPOSITORY / "quantize").glob("*.py"))]
    texts += ["日本語 中文 Ελληνικά русский हिन्दी العربية naïve café 🚀🦙 e\u0301"] * 3
    return train_tokenizer(texts, VOCABULARY)


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Any:
    """Saves a random Qwen2 with grouped heads and biases: (tied, sharded, **config) -> folder."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    def make(*, tied: bool, sharded: bool = False, dtype: str = "float32", **extra: Any) -> Path:
        config = Qwen2Config(
            vocab_size=ROWS,
            hidden_size=64,
            intermediate_size=160,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            tie_word_embeddings=tied,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **extra,
        )
        torch.manual_seed(7)
        model = Qwen2ForCausalLM(config)
        for name, parameter in model.named_parameters():
            # The usual small initialisation gives near-uniform logits, which hide mistakes.
            spread = 0.3 if name.endswith("bias") else 0.15
            mean = 1.0 if "norm" in name else 0.0
            torch.nn.init.normal_(parameter, mean=mean, std=spread)
        folder = tmp_path_factory.mktemp("checkpoint") / "tiny-qwen2"
        model.to(getattr(torch, dtype)).save_pretrained(
            folder, max_shard_size="100KB" if sharded else "1GB"
        )
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def tied_checkpoint(make_checkpoint: Any) -> Path:
    return make_checkpoint(tied=True)


@pytest.fixture
def checkpoint_copy(tied_checkpoint: Path, tmp_path: Path) -> Path:
    """The tied checkpoint, to be damaged by a test."""
    return Path(shutil.copytree(tied_checkpoint, tmp_path / "tiny-qwen2"))


@pytest.fixture(scope="session")
def nano() -> tuple[Path, Path]:
    """The built-in model: its Hugging Face folder and its GGUF."""
    for path in (NANO_FOLDER / "config.json", paths.builtin_model()):
        if not path.is_file():
            pytest.skip(
                f"the built-in model is not here: no {path.name}; make it with finetune.nano"
            )
    return NANO_FOLDER, paths.builtin_model()


@pytest.fixture(scope="session")
def hf_logits() -> Callable[[Path, Sequence[int]], NDArray[np.float32]]:
    """Logits of a checkpoint in transformers, in F32, one row for each position."""
    import torch
    from transformers import AutoModelForCausalLM

    def logits(folder: Path, ids: Sequence[int]) -> NDArray[np.float32]:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        with torch.inference_mode():
            return model(torch.tensor([list(ids)])).logits[0].numpy()

    return logits


@pytest.fixture(scope="session")
def normalized() -> Callable[[str, Any], str]:
    """Text as the HF tokenizer sees it: added tokens cut out, NFC on what lies between."""

    def normalize(text: str, tokenizer: Any) -> str:
        import re

        names = "|".join(re.escape(name) for name in tokenizer.get_added_vocab())
        parts = re.split(f"({names})", text)
        return "".join(
            part if i % 2 else unicodedata.normalize("NFC", part) for i, part in enumerate(parts)
        )

    return normalize
