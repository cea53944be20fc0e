"""Settings: built-in < file < environment < flags; what cannot be used is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.config import Settings, load_settings
from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "deepcoder").mkdir()
    return tmp_path / "deepcoder" / "config.toml"


@pytest.mark.usefixtures("file")
def test_built_in() -> None:
    assert load_settings(environment={}) == Settings()
    assert (Settings().temperature, Settings().top_p, Settings().n) == (0.6, 0.95, 4)


def test_each_layer_goes_over_the_one_below(file: Path) -> None:
    file.write_text('n = 8\ntop_p = 0.5\nmodel = "a.gguf"\ntemperature = 1\n')
    environment = {"DEEPCODER_N": "16", "DEEPCODER_TOP_P": "0.7", "DEEPCODER_DEBUG": "1"}
    settings = load_settings(environment=environment, n=32, timeout=None)

    assert (settings.model, settings.temperature) == ("a.gguf", 1)
    assert (settings.top_p, settings.n, settings.timeout) == (0.7, 32, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n = 'four'", "n in "),
        ("n = true", "n in "),
        ("n = 1.5", "n in "),
        ("temperature = nan", "temperature in "),
        ("top_p = 0", "top_p in "),
        ("seed = -1", "seed in "),
        ("model = ''", "model in "),
        ("colour = 1", "unknown setting: 'colour'"),
        ("n = ", "is not TOML"),
    ],
)
def test_a_bad_file_is_named_with_its_key(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_settings(environment={})

    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_utf8_or_a_folder(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not TOML"):
        load_settings(environment={})
    file.unlink()
    file.mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        load_settings(environment={})


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(("name", "value"), [("N", "x"), ("TOP_P", "2"), ("TIMEOUT", "0")])
def test_a_bad_environment_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"DEEPCODER_{name}"):
        load_settings(environment={f"DEEPCODER_{name}": value})


@pytest.mark.usefixtures("file")
def test_a_bad_flag_is_named() -> None:
    with pytest.raises(InputError, match="--max-tokens: 0"):
        load_settings(environment={}, max_tokens=0)
