"""Keys: from the environment to the server, and nowhere else."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import EndpointError
from deepcoder_cli.inference.openai.key import ApiKey
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.types import EndpointRef
from tests.inference.openai.conftest import ask
from tests.inference.openai.scripted import Reply, Request, Script, as_json, delta, sse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-QmFzZTY0-4711-secret"
GOOD = sse(delta(reasoning="hm"), delta("stop", content="42"))


@pytest.mark.parametrize(
    ("address", "environment", "sent"),
    [
        ("http://localhost:8000/v1", {}, None),
        ("http://localhost:8000/v1", {"DEEPCODER_API_KEY": "a"}, "a"),
        ("http://localhost:8000/v1", {"DEEPCODER_API_KEY": " a\n"}, "a"),
        ("http://localhost:8000/v1", {"OPENAI_API_KEY": "o"}, None),
        ("https://api.openai.com/v1", {"OPENAI_API_KEY": "o", "DEEPCODER_API_KEY": "a"}, "o"),
        ("https://api.openai.com/v1", {"DEEPCODER_API_KEY": "a"}, "a"),
        ("http://api.openai.com/v1", {"OPENAI_API_KEY": "o"}, None),
        ("https://api.openai.com.example/v1", {"OPENAI_API_KEY": "o"}, None),
    ],
)
def test_which_key_is_sent_where(
    address: str, environment: dict[str, str], sent: str | None
) -> None:
    headers = ApiKey.of(resolve(address), environment).headers()
    assert headers == ({} if sent is None else {"Authorization": f"Bearer {sent}"})


def test_a_configured_key_is_needed_and_no_other_takes_its_place() -> None:
    ref = EndpointRef("lab", "http://x/v1", key_envs=("LAB_KEY",), needs_key=True)
    assert ApiKey.of(ref, {"LAB_KEY": "l", "DEEPCODER_API_KEY": "a"}).hide("l") == "[key]"
    with pytest.raises(EndpointError, match="LAB_KEY is not set"):
        ApiKey.of(ref, {"DEEPCODER_API_KEY": "a", "OPENAI_API_KEY": "o"})


def test_a_configured_endpoint_without_key_env_sends_none() -> None:
    ref = EndpointRef("lab", "http://x/v1")
    assert ApiKey.of(ref, {"DEEPCODER_API_KEY": "a"}).headers() == {}


@pytest.mark.parametrize("key", ["a\nb", "schlüssel", "a\x1bb"])
def test_a_key_that_cannot_stand_in_a_header_is_not_repeated(key: str) -> None:
    with pytest.raises(EndpointError, match="DEEPCODER_API_KEY") as caught:
        ApiKey.of(resolve("http://localhost/v1"), {"DEEPCODER_API_KEY": key})
    assert key not in str(caught.value)


def test_its_text_is_in_no_form_of_the_object() -> None:
    key = ApiKey(KEY)
    assert KEY not in f"{key} {key!r} {[key]}"


def echo(status: int) -> Reply:
    """A server that repeats the key in its error, as some do."""
    return as_json({"error": {"message": f"Incorrect API key provided: {KEY}."}}, status)


@pytest.mark.parametrize(
    "reply",
    [
        echo(401),
        echo(403),
        echo(400),
        echo(404),
        echo(500),
        sse(delta(role="assistant"), {"error": {"message": f"key {KEY}"}}),
        sse(delta(content="a"), {"error": {"message": f"key {KEY}", "code": 500}}),
        sse(f"data: {{not json {KEY}\n\n".encode()),
        sse(delta(KEY, content="a")),
    ],
)
async def test_a_server_that_repeats_the_key_does_not_get_it_into_the_error(
    reply: Reply, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DEEPCODER_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    script = Script(reply)
    with pytest.raises(EndpointError) as caught:
        await ask(script, key_envs=("DEEPCODER_API_KEY",), retries=0)

    assert script.requests[0].headers["authorization"] == f"Bearer {KEY}"
    chain: list[BaseException | None] = [caught.value]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    assert KEY not in " ".join(f"{error} {error!r}" for error in chain)
    assert KEY.casefold() not in " ".join(f"{e}" for e in chain).casefold()
    assert KEY not in caplog.text


def good_once(request: Request) -> Reply:
    return GOOD if request.body["messages"][-1]["content"] != "fail" else echo(401)


@pytest.mark.parametrize("prompt", ["why", "fail"])
def test_the_key_is_in_no_file_and_no_output_of_a_command(
    prompt: str, in_a_thread: Callable[[Script], Script], tmp_path: Path
) -> None:
    running = in_a_thread(Script(good_once))
    (tmp_path / "deepcoder").mkdir()
    config = f'[endpoints.lab]\nurl = "{running.url}"\nkey_env = "LAB_KEY"\n'
    (tmp_path / "deepcoder" / "config.toml").write_text(config)
    names = ["HOME", *(f"XDG_{kind}_HOME" for kind in ("CONFIG", "DATA", "STATE", "CACHE"))]
    homes = dict.fromkeys(names, str(tmp_path))
    command = [sys.executable, "-m", "deepcoder_cli.main", "--debug", "chat", "-m", "lab", "--json"]
    done = subprocess.run(
        [*command, "-p", prompt],
        env={**os.environ, **homes, "LAB_KEY": KEY},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert running.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert done.returncode == (9 if prompt == "fail" else 0), done.stderr
    assert KEY.encode() not in done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 1  # the session was saved
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "address",
    ["http://me:hunter2@localhost:1/v1", "https://hunter2@host/v1#m", "http://host/v1?key=hunter2",
     "ftp://me:hunter2@host/x", "http://me:hunter2@host:99999/v1", "http://me:hunter2@/v1",
     "HTTP://me:hunter2@host/v1", "http://me:hunter2@host /v1"],
)  # fmt: skip
def test_an_address_that_holds_a_secret_is_refused_without_repeating_it(address: str) -> None:
    from deepcoder_cli.errors import ModelError

    with pytest.raises(ModelError) as caught:
        resolve(address)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__cause__)
