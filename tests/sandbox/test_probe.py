"""Fail closed: where no sandbox works, the error says what to do, and nothing runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox import probe
from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.seccomp import filter_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _forget_the_runner() -> None:
    probe.default_runner.cache_clear()


def fake_bwrap(folder: Path, script: str) -> str:
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    folder.chmod(0o755)
    return str(path)


@pytest.mark.usefixtures("runner")
def test_the_sandbox_of_this_machine_is_found_once() -> None:
    assert probe.default_runner() is probe.default_runner()


def test_without_bubblewrap_the_install_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = tmp_path / "dnf"
    manager.write_text("#!/bin/sh\n")
    manager.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxUnavailable, match="sudo dnf install -y bubblewrap"):
        probe.default_runner()


def test_a_bwrap_that_is_denied_namespaces_is_refused_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = "bwrap: No permissions to create new namespace"
    fake_bwrap(tmp_path, f"echo '{denied}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(SandboxUnavailable, match=denied):
        probe.default_runner()


@pytest.mark.usefixtures("runner")
def test_a_bwrap_that_isolates_nothing_is_refused(tmp_path: Path) -> None:
    """One that runs the program for real, outside of any sandbox, prints the right product."""
    lax = fake_bwrap(tmp_path, 'echo "42 True True"')

    with pytest.raises(SandboxUnavailable, match="no sandbox"):
        probe.prove(BubblewrapRunner(lax))


def test_a_bwrap_that_is_no_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bwrap"
    path.write_bytes(b"\x00not a program")
    path.chmod(0o755)

    with pytest.raises(SandboxUnavailable, match="does not start"):
        probe.prove(BubblewrapRunner(str(path)))


@pytest.mark.parametrize(
    ("switch", "value", "fix"),
    [
        ("APPARMOR_SWITCH", "1", "/etc/apparmor.d/bwrap"),
        ("DEBIAN_SWITCH", "0", "kernel.unprivileged_userns_clone=1"),
        ("NAMESPACE_COUNT", "0", "user.max_user_namespaces="),
    ],
)
def test_the_kernels_switch_decides_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str, value: str, fix: str
) -> None:
    for name in ("APPARMOR_SWITCH", "DEBIAN_SWITCH", "NAMESPACE_COUNT"):
        monkeypatch.setattr(probe, name, tmp_path / "absent")
    (tmp_path / "switch").write_text(f"{value}\n")
    monkeypatch.setattr(probe, switch, tmp_path / "switch")

    assert fix in probe.fix_for("bwrap: Creating new namespace failed: Permission denied")


@pytest.mark.parametrize(
    ("system", "advice"), [("darwin", "Linux virtual machine"), ("win32", "WSL2"), ("aix", "Linux")]
)
def test_other_systems_are_refused_in_plain_words(system: str, advice: str) -> None:
    with pytest.raises(SandboxUnavailable, match=advice):
        probe.refuse_other_systems(system)


def test_an_unknown_machine_has_no_filter_and_so_no_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert filter_program("pdp11") is None
    monkeypatch.setattr(probe, "filter_program", lambda: None)
    monkeypatch.setattr(probe.shutil, "which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(SandboxUnavailable, match="no system-call filter"):
        probe.default_runner()
