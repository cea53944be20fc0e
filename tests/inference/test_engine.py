"""The worker's parts in this process, held against llama.cpp's C interface used directly."""

from __future__ import annotations

import ctypes
import itertools
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as C  # noqa: N812 - the C interface
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.inference.llama import memory, native_log, threads
from deepcoder_cli.inference.llama.engine import Engine
from deepcoder_cli.inference.llama.model import LoadedModel
from deepcoder_cli.inference.llama.native_log import NativeLog
from deepcoder_cli.inference.llama.protocol import Finished, Generate, Load, Text
from deepcoder_cli.inference.llama.sampler import Sampler, usable_seed
from deepcoder_cli.inference.llama.sequence import Aborted, AbortSwitch, KvSequence
from deepcoder_cli.inference.llama.template import Segment
from tests.inference.tiny_gguf import (
    ASSISTANT,
    BOS,
    CLOSE,
    CONTROL,
    DASHES_64,
    EOS,
    OPEN,
    SPACES_40,
    USER,
    VOCABULARY,
)

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.types import ModelRef

SPECIALS = [*CONTROL, OPEN, CLOSE]
PROMPT = f"{BOS}{USER}Hello the world{ASSISTANT}{OPEN}\n"


@pytest.fixture(scope="module")
def log() -> NativeLog:
    return NativeLog()


@pytest.fixture(scope="module")
def model(random_model: ModelRef, log: NativeLog) -> LoadedModel:
    return LoadedModel(str(random_model.path), log)


def whole(model: LoadedModel, text: str) -> list[int]:
    """`text` tokenised in one go, special tokens read, by the C interface."""
    data = text.encode()
    buffer = (C.llama_token * (len(data) + 1))()
    vocabulary = C.llama_model_get_vocab(model.pointer)
    count = C.llama_tokenize(vocabulary, data, len(data), buffer, len(buffer), False, True)
    return list(buffer[:count])


def conversation(content: str) -> list[Segment]:
    return [
        Segment(f"{BOS}{USER}", from_template=True),
        Segment(content, from_template=False),
        Segment(f"{ASSISTANT}{OPEN}\n", from_template=True),
    ]


ORDINARY = st.text().filter(lambda t: not any(special in t for special in SPECIALS))
SPACED = st.lists(st.sampled_from([" ", "\n", "the", "print", "-", "\t", "é"])).map("".join)


@settings(max_examples=60)
@given(content=ORDINARY | SPACED)
def test_ordinary_contents_give_the_tokens_of_the_whole_string(
    model: LoadedModel, content: str
) -> None:
    text = "".join(segment.text for segment in conversation(content))
    assert model.tokenize(conversation(content)) == whole(model, text)


@settings(max_examples=60)
@given(parts=st.lists(st.sampled_from(SPECIALS) | st.text(max_size=5)))
def test_no_content_brings_a_special_token(model: LoadedModel, parts: list[str]) -> None:
    content = "".join(parts)
    tokens = model.tokenize(conversation(content))
    special = [token for token in tokens if token >= VOCABULARY.ordinary]
    assert special == [VOCABULARY.id(s) for s in (BOS, USER, ASSISTANT, OPEN)]
    assert b"".join(model.pieces[t] for t in tokens[2:-3]) == content.encode()


def test_the_template_does_bring_them(model: LoadedModel) -> None:
    assert model.tokenize([Segment(EOS + CLOSE, from_template=True)]) == [
        VOCABULARY.id(EOS),
        VOCABULARY.id(CLOSE),
    ]


def test_half_a_surrogate_pair_is_replaced(model: LoadedModel) -> None:
    tokens = model.tokenize([Segment("\ud800", from_template=False)])
    assert b"".join(model.pieces[token] for token in tokens) == b"?"


def test_pieces_hold_every_token_whole_and_control_tokens_not_at_all(model: LoadedModel) -> None:
    assert model.pieces[:256] == [bytes([byte]) for byte in range(256)]
    assert model.pieces[VOCABULARY.id(DASHES_64)] == b"-" * 64
    assert model.pieces[VOCABULARY.id(SPACES_40)] == b" " * 40
    assert model.pieces[VOCABULARY.id(USER)] == b""
    assert model.pieces[VOCABULARY.id(CLOSE)] == b"</think>"


def new_engine(model: ModelRef, log: NativeLog) -> Engine:
    return Engine(Load(str(model.path), 512, 1), AbortSwitch(), log)


def test_greedy_is_the_argmax_of_logits_computed_from_scratch(
    random_model: ModelRef, model: LoadedModel, log: NativeLog
) -> None:
    steps = 24
    request = Generate(1, [["user", "Hello the world"]], 0.0, 1.0, steps, None)
    notices = list(new_engine(random_model, log).generate(request))
    text = "".join(notice.text for notice in notices if isinstance(notice, Text))
    assert text == argmax_text(model, steps)


def argmax_text(model: LoadedModel, steps: int) -> str:
    """Every step evaluated anew in an empty context; logits compared in numpy."""
    params = C.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 512, 1, 1
    context = C.llama_init_from_model(model.pointer, params)
    prompt = whole(model, PROMPT)
    tokens = list(prompt)
    for _ in range(steps):
        C.llama_memory_clear(C.llama_get_memory(context), True)
        row = (C.llama_token * len(tokens))(*tokens)
        assert C.llama_decode(context, C.llama_batch_get_one(row, len(tokens))) == 0
        logits = C.llama_get_logits_ith(context, -1)
        tokens.append(int(np.argmax(np.ctypeslib.as_array(logits, (len(VOCABULARY.tokens),)))))
    C.llama_free(context)
    return b"".join(model.pieces[t] for t in tokens[len(prompt) :]).decode("utf-8", "replace")


def test_top_p_cuts_the_distribution_that_temperature_sharpened(
    model: LoadedModel, log: NativeLog
) -> None:
    sequence = KvSequence(model, 512, 1, AbortSwitch(), log)
    sequence.extend(whole(model, PROMPT))
    logits = np.ctypeslib.as_array(
        C.llama_get_logits_ith(sequence.context, -1), (len(VOCABULARY.tokens),)
    ).astype(np.float64)
    temperature, top_p = 0.6, 0.5
    allowed = nucleus(logits / temperature, top_p)
    drawn = set()
    for seed in range(200):
        with Sampler(temperature=temperature, top_p=top_p, seed=seed) as sampler:
            drawn.add(sampler.sample(sequence.context))
    assert drawn == allowed
    assert allowed != nucleus(logits, top_p)  # else this test would not tell the orders apart


def nucleus(logits: np.ndarray, top_p: float) -> set[int]:
    probabilities = np.exp(logits - logits.max())
    order = np.argsort(-probabilities)
    mass = np.cumsum(probabilities[order]) / probabilities.sum()
    return set(order[: int(np.searchsorted(mass, top_p)) + 1].tolist())


@given(st.integers() | st.none())
def test_every_seed_is_one_llama_cpp_takes_as_it_is(seed: int | None) -> None:
    assert 0 <= usable_seed(seed) < 0xFFFFFFFF


def test_an_aborted_decode_leaves_the_sequence_as_it_was(
    model: LoadedModel, log: NativeLog
) -> None:
    switch = AbortSwitch()
    sequence = KvSequence(model, 512, 1, switch, log)
    prompt = whole(model, PROMPT)
    sequence.extend(prompt[:5])
    switch.set(True)
    with pytest.raises(Aborted):
        sequence.extend(prompt[5:])
    switch.set(False)
    assert sequence.keep_common_prefix(prompt) == 5
    sequence.extend(prompt[5:])


def test_the_switch_stops_llama_cpp_itself(model: LoadedModel, log: NativeLog) -> None:
    switch = AbortSwitch()
    sequence = KvSequence(model, 512, 1, switch, log)
    switch.set(True)
    row = (C.llama_token * 3)(1, 2, 3)
    assert C.llama_decode(sequence.context, C.llama_batch_get_one(row, 3)) == 2


@pytest.mark.parametrize(
    ("held", "prompt", "kept"),
    [
        ([], [1, 2], 0),
        ([1, 2, 3], [1, 2, 3], 2),
        ([1, 2, 3], [1, 2, 3, 4], 3),
        ([1, 2, 3], [1, 9], 1),
        ([1, 2, 3], [9, 2, 3], 0),
        ([1, 2, 3], [1], 0),
    ],
)
def test_the_common_prefix_is_kept_but_for_the_last_token(
    model: LoadedModel, log: NativeLog, held: list[int], prompt: list[int], kept: int
) -> None:
    sequence = KvSequence(model, 512, 1, AbortSwitch(), log)
    if held:
        sequence.extend(held)
    assert sequence.keep_common_prefix(prompt) == kept
    memory = C.llama_get_memory(sequence.context)
    assert C.llama_memory_seq_pos_max(memory, 0) == kept - 1


def test_an_engine_serves_request_after_request(random_model: ModelRef, log: NativeLog) -> None:
    engine = new_engine(random_model, log)
    usages = []
    for number, length in itertools.product(range(2), (3, 5)):
        request = Generate(number, [["user", "Hi"]], 0.6, 0.95, length, 1)
        last = list(engine.generate(request))[-1]
        assert isinstance(last, Finished)
        usages.append((last.completion_tokens, last.cached_tokens))
    prompt = last.prompt_tokens
    assert usages == [(3, 0), (5, prompt - 1), (3, prompt - 1), (5, prompt - 1)]


def test_the_native_log_is_bounded_and_keeps_no_debug_lines(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_log, "MAX_BYTES", 100)
    monkeypatch.setattr(C, "llama_log_set", lambda *_: None)
    log = NativeLog()
    nowhere = ctypes.c_void_p(0)
    log._receive(1, b"debug\n", nowhere)
    log._receive(5, b"more debug\n", nowhere)
    for _ in range(1000):
        log._receive(2, b"information\n", nowhere)
    out = capfd.readouterr()
    assert "debug" not in out.err
    assert 100 <= len(out.err) < 120


GIB = 1 << 30
KV_14B = 48 * 8 * 128 * 2 * 2  # bytes a token of DeepCoder-14B


@pytest.mark.parametrize(
    ("free_gib", "tokens"), [(64, 65536), (16, 32768), (12, 8192), (4, 2048), (0, 2048)]
)
def test_the_default_context_is_halved_until_it_fits_the_memory(
    monkeypatch: pytest.MonkeyPatch, free_gib: int, tokens: int
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: free_gib * GIB)
    fitting = memory.fitting_context(65536, bytes_per_token=KV_14B, weight_bytes=int(8.98e9))
    assert fitting == tokens


def test_available_memory_is_the_least_of_machine_and_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.available_bytes() > 1000 * GIB
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    4096 kB\n")
    assert memory.available_bytes() == 4096 << 10
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1024\n")
    (tmp_path / "memory.stat").write_text("anon 200\nactive_file 300\ninactive_file 100\n")
    assert memory.available_bytes() == 4096 << 10
    (tmp_path / "memory.max").write_text("5120\n")
    assert memory.available_bytes() == 4096 + 400


def test_the_kv_cache_is_as_large_as_reckoned(
    model: LoadedModel, log: NativeLog, capfd: pytest.CaptureFixture[str]
) -> None:
    KvSequence(model, 65536, 1, AbortSwitch(), log)
    mib = 65536 * model.kv_bytes_per_token / (1 << 20)
    assert f"KV buffer size = {mib:8.2f} MiB" in capfd.readouterr().err


def test_threads_leave_a_core_free_and_respect_a_quota(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: range(8), raising=False)
    monkeypatch.setattr(threads, "_SIBLINGS", str(tmp_path / "{}"))
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
    assert threads.default_threads() == 7
    for cpu in range(8):
        (tmp_path / str(cpu)).write_text(f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}\n")
    assert threads.default_threads() == 3
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert threads.default_threads() == 2
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert threads.default_threads() == 3
