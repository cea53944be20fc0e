"""The flags of `deepcoder chat` go over the environment, the environment over the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.commands.chat import ChatOptions, chat_options
from deepcoder_cli.errors import InputError
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "deepcoder" / "config.toml"
    file.parent.mkdir()
    file.write_text('model = "nano"\ntemperature = 0.3\nmax_tokens = 100\n')
    return file


def options(**flags: str | float | None) -> ChatOptions:
    return chat_options(resume=False, session=None, save=True, **flags)


def test_flags_win_over_environment_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPCODER_MAX_TOKENS", "200")

    found = options(temperature=0.0, seed=None)

    assert found.model == "nano"
    assert found.params == SamplingParams(0.0, 0.95, 200, None)


def test_without_settings_the_model_cards_values_hold(settings: Path) -> None:
    settings.unlink()

    assert options() == ChatOptions(None, resume=False, session=None, save=True)


def test_a_flag_out_of_range_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="--temperature: 9"):
        options(temperature=9.0)
