"""Endpoints as users write them: addresses and tables of the settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.config import load_endpoints, load_settings
from deepcoder_cli.endpoints import split_address
from deepcoder_cli.errors import EndpointError, InputError, ModelError
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.types import EndpointRef, ModelRef

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "deepcoder").mkdir()
    return tmp_path / "deepcoder" / "config.toml"


@pytest.mark.parametrize(
    ("address", "url", "model"),
    [
        ("http://localhost:8000/v1#m", "http://localhost:8000/v1", "m"),
        ("http://localhost:8000", "http://localhost:8000/v1", None),
        ("http://localhost:8000/", "http://localhost:8000/v1", None),
        ("HTTPS://Host/v1/", "https://host/v1", None),
        ("https://host/api/v1/chat/completions#org/m:free", "https://host/api/v1", "org/m:free"),
        ("http://[::1]:8080/v1#a#b", "http://[::1]:8080/v1", "a#b"),
        ("https://host/openai/deployments/x", "https://host/openai/deployments/x", None),
    ],
)
def test_addresses(address: str, url: str, model: str | None) -> None:
    assert split_address(address) == (url, model)
    ref = resolve(address)
    assert isinstance(ref, EndpointRef)
    assert (ref.url, ref.model, ref.builtin) == (url, model, False)


@pytest.mark.parametrize(
    "address",
    ["http://", "http:///v1", "http://host:port/v1", "http://host:99999/v1", "http://[::1/v1",
     "http://host/v1#", "http://host/v1?", "http://ho st/v1", "http://host/v1\n", "http://a@b/v1"],
)  # fmt: skip
def test_addresses_that_cannot_be_used_are_one_line(address: str) -> None:
    with pytest.raises(EndpointError, match="address") as caught:
        resolve(address)
    assert "\n" not in str(caught.value)


def test_a_configured_endpoint_has_every_setting(file: Path) -> None:
    file.write_text(
        'model = "lab"\n[endpoints.lab]\nurl = "http://gpu:8000/v1"\nmodel = "m"\n'
        'key_env = "LAB_KEY"\ncontext_tokens = 4096\nopens_think = "yes"\nconnect_s = 1\n'
        "stall_s = 2.5\nretries = 0\nbody = { top_k = 0, extra = { a = [1] } }\n"
    )
    assert load_settings(environment={}).model == "lab"
    assert resolve("lab") == EndpointRef(
        "lab", "http://gpu:8000/v1", "m", ("LAB_KEY",), needs_key=True, context_tokens=4096,
        opens_think="yes", connect_s=1.0, stall_s=2.5, retries=0,
        body={"top_k": 0, "extra": {"a": [1]}},
    )  # fmt: skip


def test_another_model_of_a_configured_endpoint(file: Path) -> None:
    file.write_text('[endpoints.lab]\nurl = "http://gpu:8000#m"\n')
    ref = resolve("lab#other")
    assert isinstance(ref, EndpointRef)
    assert (ref.name, ref.model) == ("lab#other", "other")
    assert load_endpoints()["lab"].model == "m"
    with pytest.raises(EndpointError, match="names no model"):
        resolve("lab#")


def test_a_configured_endpoint_goes_before_a_folder_of_its_name(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[endpoints.lab]\nurl = "http://gpu:8000"\n')
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path)
    assert isinstance(resolve("lab"), EndpointRef)
    with pytest.raises(ModelError, match=r"folder|directory"):
        resolve("./lab")


def test_an_unknown_name_lists_the_configured_endpoints(file: Path) -> None:
    file.write_text('[endpoints.lab]\nurl = "http://gpu:8000"\n')
    with pytest.raises(ModelError, match=r"not found: lob .*: lab\)"):
        resolve("lob")
    assert isinstance(resolve("nano"), ModelRef)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("endpoints = 3", "endpoints in "),
        ("endpoints.lab = 3", "[endpoints.lab]"),
        ("[endpoints.lab]", "url is missing: [endpoints.lab]"),
        ("[endpoints.lab]\nurl = 3", "url of [endpoints.lab]"),
        ("[endpoints.lab]\nurl = 'gpu:8000'", "bad endpoint address"),
        ("[endpoints.lab]\nurl = 'http://me:hunter2@gpu'", "user or password"),
        ("[endpoints.lab]\nurl = 'http://g'\nkey = 'hunter2'", "did you mean 'key_env'?"),
        ("[endpoints.lab]\nurl = 'http://g'\nkey_env = 'sk-hunter2'", "NAME of an environment"),
        ("[endpoints.lab]\nurl = 'http://g'\nmodle = 'm'", "did you mean 'model'?"),
        ("[endpoints.lab]\nurl = 'http://g#a'\nmodel = 'b'", "named twice"),
        ("[endpoints.lab]\nurl = 'http://g'\nretries = -1", "retries of"),
        ("[endpoints.lab]\nurl = 'http://g'\nstall_s = true", "stall_s of"),
        ("[endpoints.lab]\nurl = 'http://g'\nopens_think = true", "opens_think of"),
        ("[endpoints.lab]\nurl = 'http://g'\ncontext_tokens = 0", "context_tokens of"),
        ("[endpoints.lab]\nurl = 'http://g'\nbody = { n = 4 }", "body of"),
        ("[endpoints.nano]\nurl = 'http://g'", "bad endpoint name: 'nano'"),
        ("[endpoints.'a b']\nurl = 'http://g'", "bad endpoint name: 'a b'"),
        ("temprature = 1", "did you mean 'temperature'?"),
        ("[endpoint.lab]\nurl = 'http://g'", "did you mean 'endpoints'?"),
    ],
)
def test_a_bad_table_is_named_with_its_file_and_no_secret(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_settings(environment={})

    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert "hunter2" not in str(caught.value)
