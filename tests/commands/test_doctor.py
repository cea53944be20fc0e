"""`deepcoder doctor`: reads well at 80 columns, and its exit code can be relied upon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.commands.doctor import EXIT_CODES, data, doctor_command, text
from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox import probe
from deepcoder_cli.sandbox.doctor import Diagnosis, judged
from deepcoder_cli.sandbox.evidence import Evidence
from deepcoder_cli.sandbox.fixes import System, bwrap_missing, namespaces_denied, read_switches
from deepcoder_cli.sandbox.kernel_trial import Kernel
from deepcoder_cli.sandbox.layers import ALWAYS, NAMESPACES
from deepcoder_cli.sandbox.runner import Tier

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = System("Debian GNU/Linux 12 (bookworm)", "debian", "6.1.0-18-amd64")
WHOLE = Kernel(2, "", "", "", "")


def without_a_sandbox() -> Diagnosis:
    return judged(Evidence(DEBIAN, None, bwrap_missing(DEBIAN), WHOLE, None))


def started(*words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deepcoder_cli", *words],
        env={**os.environ, "PATH": os.environ["PATH"] if path is None else path},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_it_ends_with_0_for_a_and_b_3_for_c_and_4_for_none() -> None:
    assert EXIT_CODES == {Tier.A: 0, Tier.B: 0, Tier.C: 3, Tier.NONE: 4}
    assert SandboxUnavailable.exit_code == 4


def test_on_this_machine_it_ends_as_the_tier_says_and_shows_each_layer() -> None:
    try:
        tier = probe.default_runner().tier
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")
    done = started("doctor")
    lines = done.stdout.splitlines()

    assert done.returncode == EXIT_CODES[tier]
    assert f"Tier {tier}" in done.stdout
    assert [line for line in lines if len(line) > 80 and not line.startswith("    ")] == []
    for name in ALWAYS | NAMESPACES:
        assert any(line.startswith(f"{name} ") for line in lines), name


def test_json_is_one_object_with_the_layers_and_the_fixes() -> None:
    done = started("doctor", "--json", path="/nowhere")
    found = json.loads(done.stdout)

    assert found["command"] == "doctor"
    assert found["exit_code"] == done.returncode == EXIT_CODES[Tier(found["tier"])]
    assert {"name", "proved", "how", "detail", "absent", "untried", "counts"} == set(
        found["layers"][0]
    )
    assert found["fixes"][0]["problem"] == "bubblewrap is not installed"


def test_without_a_sandbox_it_says_so_and_gives_the_command() -> None:
    said = text(without_a_sandbox())

    assert "No sandbox: programs cannot be run here" in said
    assert "\n    sudo apt-get install -y bubblewrap" in said
    assert data(without_a_sandbox())["exit_code"] == 4


def test_prose_and_table_keep_within_80_columns_commands_stay_whole(tmp_path: Path) -> None:
    fix = namespaces_denied(
        DEBIAN, "bwrap: setting up uid map: Permission denied", read_switches(tmp_path)
    )
    found = judged(Evidence(DEBIAN, None, fix, WHOLE, None))
    lines = text(found).splitlines()

    assert [line for line in lines if len(line) > 80 and not line.startswith("    ")] == []


def test_what_a_foreign_bwrap_says_cannot_steer_the_terminal() -> None:
    fix = namespaces_denied(DEBIAN, "\x1b[2Jbwrap: oops\r", read_switches())
    found = judged(Evidence(DEBIAN, None, fix, WHOLE, None))

    assert "\x1b" not in text(found)


@pytest.mark.parametrize("system", ["win32", "freebsd14"])
def test_other_systems_are_refused_as_everywhere(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    probe.forget()

    with pytest.raises(SandboxUnavailable):
        doctor_command(as_json=True)
