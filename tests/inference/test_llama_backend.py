"""The llama.cpp backend, with the real llama.cpp on tiny models."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import EngineCrashed, InputError, ModelError
from deepcoder_cli.inference.backend import Answer, Done, Prefill, Reasoning, complete
from deepcoder_cli.inference.llama import process
from deepcoder_cli.inference.llama.backend import LlamaBackend
from deepcoder_cli.inference.llama.engine import Engine
from deepcoder_cli.inference.llama.native_log import NativeLog
from deepcoder_cli.inference.llama.process import WorkerProcess
from deepcoder_cli.inference.llama.protocol import (
    Cancel,
    Finished,
    Generate,
    Load,
    Loaded,
    Prefilled,
    Text,
)
from deepcoder_cli.inference.llama.sequence import AbortSwitch
from deepcoder_cli.inference.open import open_backend
from deepcoder_cli.types import Message, ModelRef, SamplingParams, Usage
from tests.inference import tiny_gguf
from tests.inference.tiny_gguf import DASHES_64, SPACES_40

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from deepcoder_cli.inference.backend import Backend
    from deepcoder_cli.inference.llama.protocol import Notice

HELLO = [Message("user", "Hello the world")]
SHORT = SamplingParams(max_tokens=24, seed=1)


async def until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def test_streams_reasoning_then_answer_then_done(scripted_model: ModelRef) -> None:
    async with open_backend(scripted_model) as backend:
        events = [e async for e in backend.stream(HELLO, SamplingParams(seed=1))]
    reasoning = "".join(e.text for e in events if isinstance(e, Reasoning))
    answer = "".join(e.text for e in events if isinstance(e, Answer))
    assert reasoning == f"Hi{SPACES_40}x{DASHES_64}"
    assert answer == "é�!"
    assert events[0] == Prefill(0, 17)
    assert events[1] == Prefill(17, 17)
    assert events[-1] == Done("stop", Usage(17, 11), seed=1)


async def test_token_counts_rise_with_the_text(scripted_model: ModelRef) -> None:
    async with open_backend(scripted_model) as backend:
        events = [e async for e in backend.stream(HELLO, SHORT)]
    counts = [e.tokens for e in events if isinstance(e, (Reasoning, Answer))]
    assert counts == [1, 2, 3, 4, 5, 8, 9, 10]


async def test_stops_at_the_token_budget(random_model: ModelRef) -> None:
    async with open_backend(random_model) as backend:
        completion = await complete(backend, HELLO, SHORT)
    assert completion.finish_reason == "length"
    assert completion.usage.completion_tokens == 24


async def test_the_context_bounds_the_budget(small_context_model: ModelRef) -> None:
    async with open_backend(small_context_model) as backend:
        completion = await complete(backend, HELLO, SamplingParams(seed=1))
        assert backend.context_tokens == 64
    assert completion.finish_reason == "length"
    assert completion.usage == Usage(17, 64 - 17)


async def test_a_prompt_beyond_the_context_is_refused_with_both_numbers(
    small_context_model: ModelRef,
) -> None:
    async with open_backend(small_context_model) as backend:
        with pytest.raises(InputError, match=r"105 tokens .*64") as caught:
            await complete(backend, [Message("user", "x" * 100)], SHORT)
        assert "\n" not in str(caught.value)
        assert (await complete(backend, HELLO, SHORT)).usage.completion_tokens == 24


@pytest.mark.parametrize(("asked", "given"), [(None, 65536), (1024, 1024), (10**6, 65536)])
async def test_the_context_is_what_was_asked_within_the_models(
    random_model: ModelRef, asked: int | None, given: int
) -> None:
    async with open_backend(random_model, context_tokens=asked) as backend:
        assert backend.context_tokens == given


@pytest.mark.parametrize(
    "params",
    [
        SamplingParams(temperature=-0.1),
        SamplingParams(temperature=float("nan")),
        SamplingParams(top_p=0),
        SamplingParams(top_p=1.5),
        SamplingParams(max_tokens=0),
    ],
)
async def test_bad_sampling_params_are_refused(
    small_context_model: ModelRef, params: SamplingParams
) -> None:
    async with open_backend(small_context_model) as backend:
        with pytest.raises(InputError, match="out of range"):
            await complete(backend, HELLO, params)


async def test_a_seed_repeats_in_another_process(random_model: ModelRef) -> None:
    texts = []
    for _ in range(2):
        async with open_backend(random_model) as backend:
            texts.append([(await complete(backend, HELLO, SHORT)).reasoning for _ in range(2)])
    assert texts[0] == texts[1]
    assert texts[0][0] == texts[0][1]


async def test_different_seeds_differ(random_model: ModelRef) -> None:
    async with open_backend(random_model) as backend:
        texts = {
            (await complete(backend, HELLO, replace(SHORT, seed=seed))).reasoning
            for seed in range(4)
        }
    assert len(texts) == 4


async def test_without_a_seed_a_fresh_one_is_drawn_and_told(random_model: ModelRef) -> None:
    async with open_backend(random_model) as backend:
        first = await outcome(backend, replace(SHORT, seed=None))
        second = await outcome(backend, replace(SHORT, seed=None))
        again = await outcome(backend, replace(SHORT, seed=first[1].seed))
    assert first[1].seed != second[1].seed
    assert first[0] == again[0] != second[0]


async def outcome(backend: Backend, params: SamplingParams) -> tuple[str, Done]:
    events = [e async for e in backend.stream(HELLO, params)]
    assert isinstance(events[-1], Done)
    return "".join(e.text for e in events if isinstance(e, (Reasoning, Answer))), events[-1]


async def test_a_reused_prefix_gives_the_tokens_of_a_fresh_context(random_model: ModelRef) -> None:
    follow_up = [*HELLO, Message("assistant", "Yes."), Message("user", "Go on then")]
    greedy = SamplingParams(temperature=0, max_tokens=64)
    async with open_backend(random_model) as backend:
        fresh = await complete(backend, follow_up, greedy)
    async with open_backend(random_model) as backend:
        await complete(backend, HELLO, greedy)
        warm = await complete(backend, follow_up, greedy)
    assert fresh.usage.cached_tokens == 0
    assert warm.usage.cached_tokens == 15  # up to the turn of the assistant, which differs
    assert warm.reasoning == fresh.reasoning


async def test_streams_at_the_same_time_are_served_in_turn(random_model: ModelRef) -> None:
    seeds = range(3)
    async with open_backend(random_model) as backend:
        alone = [await complete(backend, HELLO, replace(SHORT, seed=s)) for s in seeds]
        together = await asyncio.gather(
            *(complete(backend, HELLO, replace(SHORT, seed=s)) for s in seeds)
        )
    assert [c.reasoning for c in together] == [c.reasoning for c in alone]


async def test_closing_a_stream_leaves_the_backend_usable(endless_model: ModelRef) -> None:
    async with open_backend(endless_model) as backend:
        stream = backend.stream(HELLO, SamplingParams())
        async for event in stream:
            if isinstance(event, Reasoning):
                break
        await stream.aclose()
        completion = await complete(backend, HELLO, SHORT)
    assert completion.usage.completion_tokens == 24


async def test_cancelling_the_task_leaves_the_backend_usable(endless_model: ModelRef) -> None:
    async with open_backend(endless_model) as backend:
        started = asyncio.Event()

        async def consume() -> None:
            async for event in backend.stream(HELLO, SamplingParams()):
                if isinstance(event, Reasoning):
                    started.set()

        task = asyncio.create_task(consume())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await complete(backend, HELLO, SHORT)).usage.completion_tokens == 24


async def test_a_waiting_stream_can_be_cancelled(endless_model: ModelRef) -> None:
    async with open_backend(endless_model) as backend:
        running = backend.stream(HELLO, SamplingParams())
        await anext(running)
        waiting = asyncio.create_task(complete(backend, HELLO, SHORT))
        last = asyncio.create_task(complete(backend, HELLO, SHORT))
        await asyncio.sleep(0)
        waiting.cancel()
        await running.aclose()
        assert (await last).usage.completion_tokens == 24
        assert waiting.cancelled()


@contextlib.asynccontextmanager
async def loaded_worker(
    ref: ModelRef,
) -> AsyncIterator[tuple[WorkerProcess, AsyncIterator[Notice]]]:
    """A worker spoken to in its own protocol, to see what a closed stream hides."""
    worker = await WorkerProcess.start()
    notices = worker.notices()
    worker.send(Load(str(ref.path), None, None))
    assert isinstance(await anext(notices), Loaded)
    try:
        yield worker, notices
    finally:
        await worker.end()


def request(content: str) -> Generate:
    return Generate(1, [["user", content]], 0.6, 0.95, 10**6, 1)


@pytest.mark.parametrize("last", [1, 5, 37])
def test_not_one_token_follows_a_cancel(endless_model: ModelRef, last: int) -> None:
    switch = AbortSwitch()
    engine = Engine(Load(str(endless_model.path), 512, 1), switch, NativeLog())
    came = []
    for notice in engine.generate(request("Hi")):
        came.append(notice)
        if isinstance(notice, Text) and notice.tokens == last:
            switch.set(True)
    finished = came[-1]
    texts = [notice for notice in came if isinstance(notice, Text)]

    assert isinstance(finished, Finished)
    assert (finished.finish_reason, finished.completion_tokens) == ("cancelled", last)
    assert texts[-1].tokens == last


def test_not_one_batch_of_the_prompt_follows_a_cancel(random_model: ModelRef) -> None:
    switch = AbortSwitch()
    engine = Engine(Load(str(random_model.path), 4096, 1), switch, NativeLog())
    came = []
    for notice in engine.generate(request("ab" * 1000)):
        came.append(notice)
        if isinstance(notice, Prefilled) and notice.done_tokens:
            switch.set(True)
    finished = came[-1]
    read = [notice.done_tokens for notice in came if isinstance(notice, Prefilled)]

    assert isinstance(finished, Finished)
    assert finished.finish_reason == "cancelled"
    assert read == [0, 512]


async def test_cancel_ends_a_running_generation(endless_model: ModelRef) -> None:
    async with loaded_worker(endless_model) as (worker, notices):
        worker.send(request("Hi"))
        async for notice in notices:
            if isinstance(notice, Text) and notice.tokens == 5:
                worker.send(Cancel(1))
            if isinstance(notice, Finished):
                break
        assert notice.finish_reason == "cancelled"
        assert notice.completion_tokens >= 5  # how soon is tested on the engine itself


async def test_cancel_ends_a_running_prefill(random_model: ModelRef) -> None:
    async with loaded_worker(random_model) as (worker, notices):
        worker.send(request("ab" * 30_000))
        async for notice in notices:
            if isinstance(notice, Prefilled) and notice.done_tokens:
                worker.send(Cancel(1))
                read = notice.done_tokens
            if isinstance(notice, Finished):
                break
        assert notice.finish_reason == "cancelled"
        assert notice.completion_tokens == 0
        assert read < notice.prompt_tokens


async def test_a_killed_worker_is_an_error_and_a_new_backend_works(
    endless_model: ModelRef,
) -> None:
    async with LlamaBackend.open(endless_model) as backend:
        stream = backend.stream(HELLO, SamplingParams())
        async for event in stream:
            if isinstance(event, Reasoning):
                break
        os.kill(backend.pid, signal.SIGKILL)
        with pytest.raises(EngineCrashed, match=r"SIGKILL; .*engine-.*\.log"):
            [event async for event in stream]
        with pytest.raises(EngineCrashed):
            await complete(backend, HELLO, SHORT)
    async with LlamaBackend.open(endless_model) as backend:
        assert (await complete(backend, HELLO, SHORT)).usage.completion_tokens == 24


async def test_closing_the_backend_ends_open_streams_and_the_worker(
    endless_model: ModelRef,
) -> None:
    async with LlamaBackend.open(endless_model) as backend:
        stream = backend.stream(HELLO, SamplingParams())
        await anext(stream)
    with pytest.raises(EngineCrashed, match="closed"):
        async for _ in stream:
            pass
    await until(lambda: not alive(backend.pid))


async def test_a_cancelled_start_leaves_no_worker(random_model: ModelRef) -> None:
    task = asyncio.create_task(LlamaBackend.start(random_model))
    await until(lambda: children() != [])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: children() == [])


def children() -> list[int]:
    """Living engine workers of this process."""
    own = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    pids = [int(pid) for pid in Path(own).read_text().split()]
    return [pid for pid in pids if alive(pid) and b"llama.worker" in command(pid)]


def command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


OPENS_AND_WAITS = """
    import asyncio, sys
    from pathlib import Path
    from deepcoder_cli.inference.llama.backend import LlamaBackend
    from deepcoder_cli.types import Message, ModelRef, SamplingParams

    async def main():
        async with LlamaBackend.open(ModelRef("m", Path(sys.argv[1]))) as backend:
            async for event in backend.stream([Message("user", "Hi")], SamplingParams()):
                print(backend.pid, flush=True)
                if len(sys.argv) > 2:
                    break
                await asyncio.sleep(600)

    asyncio.run(main())
"""


async def test_the_worker_dies_with_a_killed_parent(endless_model: ModelRef) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OPENS_AND_WAITS), str(endless_model.path)],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    worker = int(await asyncio.to_thread(parent.stdout.readline))
    assert alive(worker)
    parent.kill()
    await until(lambda: not alive(worker))
    parent.wait()
    parent.stdout.close()


async def test_the_terminals_signals_do_not_reach_the_worker(random_model: ModelRef) -> None:
    async with LlamaBackend.open(random_model) as backend:
        assert os.getsid(backend.pid) == backend.pid != os.getsid(0)


def test_native_logs_go_to_a_file_and_never_to_the_screen(
    endless_model: ModelRef, logs: Path
) -> None:
    program = textwrap.dedent(OPENS_AND_WAITS)
    run = subprocess.run(
        [sys.executable, "-c", program, str(endless_model.path), "once"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip().isdigit()
    assert run.stderr == ""
    (log,) = logs.glob("engine-*.log")
    assert "llama_model_loader" in log.read_text()


async def test_only_the_newest_logs_are_kept(
    small_context_model: ModelRef, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "KEPT_LOGS", 2)
    logs.mkdir(parents=True)
    (logs / "engine-20200101T000000-1-1.log").touch()
    (logs / "mine.txt").touch()
    for _ in range(2):
        async with open_backend(small_context_model):
            pass
    assert len(list(logs.glob("engine-*.log"))) == 2
    assert not (logs / "engine-20200101T000000-1-1.log").exists()
    assert (logs / "mine.txt").exists()


async def test_works_without_a_folder_for_logs(
    scripted_model: ModelRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    async with open_backend(scripted_model) as backend:
        assert (await complete(backend, HELLO, SHORT)).finish_reason == "stop"


async def test_a_file_without_a_template_gets_deepseeks(tmp_path: Path, logs: Path) -> None:
    script = ["o", "k", tiny_gguf.CLOSE, "!", tiny_gguf.EOS]
    path = tiny_gguf.scripted_model(tmp_path / "bare.gguf", script, template=None)
    async with open_backend(ModelRef("bare", path)) as backend:
        completion = await complete(backend, HELLO, SHORT)
    assert (completion.reasoning, completion.answer) == ("ok", "!")
    (log,) = logs.glob("engine-*.log")
    assert "no chat template" in log.read_text()


async def test_a_template_that_refuses_is_an_error_and_the_backend_goes_on(
    tmp_path: Path,
) -> None:
    template = "{% if messages|length > 1 %}{{ raise_exception('one turn only') }}{% endif %}\n"
    path = tiny_gguf.scripted_model(tmp_path / "m.gguf", ["a", tiny_gguf.EOS], template=template)
    async with open_backend(ModelRef("m", path)) as backend:
        with pytest.raises(InputError, match="prompt is empty"):
            await complete(backend, HELLO, SHORT)
        with pytest.raises(ModelError, match="one turn only"):
            await complete(backend, HELLO * 2, SHORT)


def not_gguf(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n" * 100)


def truncated(path: Path) -> None:
    tiny_gguf.random_model(path)
    os.truncate(path, path.stat().st_size // 2)


def unknown_architecture(path: Path) -> None:
    tiny_gguf.random_model(path, architecture="mystery")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (not_gguf, "GGUF"),
        (truncated, "not within the file bounds"),
        (unknown_architecture, "unknown model architecture: 'mystery'"),
        (lambda path: None, "failed to load|No such file"),
    ],
    ids=["not GGUF", "truncated", "unknown architecture", "missing"],
)
async def test_a_file_llama_cpp_refuses_is_a_model_error_with_its_reason(
    tmp_path: Path, make: Callable[[Path], object], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.gguf"
    make(path)
    with pytest.raises(ModelError, match=reason) as caught:
        await LlamaBackend.start(ModelRef("bad", path))
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, EngineCrashed)
    assert capfd.readouterr() == ("", "")
    await until(lambda: children() == [])


FAILS = """
    import asyncio, sys
    from pathlib import Path
    from deepcoder_cli.errors import ModelError
    from deepcoder_cli.inference.llama.backend import LlamaBackend
    from deepcoder_cli.types import ModelRef

    try:
        asyncio.run(LlamaBackend.start(ModelRef("m", Path(sys.argv[1]))))
    except ModelError as error:
        print(error)
"""


def test_nothing_but_the_error_is_said_when_loading_fails(tmp_path: Path) -> None:
    not_gguf(tmp_path / "bad.gguf")
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(FAILS), str(tmp_path / "bad.gguf")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""


async def test_a_worker_that_does_not_keep_to_the_protocol_is_an_error(
    random_model: ModelRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatterbox = tmp_path / "python"
    chatterbox.write_text("#!/bin/sh\necho nonsense\nsleep 600\n")
    chatterbox.chmod(0o755)
    monkeypatch.setattr(process.sys, "executable", str(chatterbox))
    with pytest.raises(EngineCrashed, match="nonsense"):
        await LlamaBackend.start(random_model)


@pytest.mark.parametrize(
    ("name", "how", "remedy"),
    [
        ("ABRT", "SIGABRT", "Try another."),
        ("KILL", "SIGKILL; it may have run out of memory", "Use a smaller model."),
    ],
)
async def test_a_model_that_kills_the_engine_while_it_loads_is_told_with_one_remedy(
    random_model: ModelRef,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    how: str,
    remedy: str,
) -> None:
    dying = tmp_path / "python"
    dying.write_text(f"#!/bin/sh\nkill -{name} $$\n")
    dying.chmod(0o755)
    monkeypatch.setattr(process.sys, "executable", str(dying))
    with pytest.raises(EngineCrashed) as caught:
        await LlamaBackend.start(random_model)
    start, log = str(caught.value).split("; its log: ")

    assert start == f"model cannot be loaded: {random_model.path} (engine died: {how}"
    assert log.endswith(f".log). {remedy}")
    assert log.count(". ") == 1


def test_the_parent_side_never_imports_llama_cpp() -> None:
    program = (
        "import sys, deepcoder_cli.inference.open, deepcoder_cli.inference.llama.backend;"
        "print([m for m in sys.modules if 'llama_cpp' in m or 'jinja2' in m])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
