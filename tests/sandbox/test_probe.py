"""Fail closed: where no sandbox works, the error says what to do, and nothing runs."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox import probe
from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.probe import Bubblewrap, NoSandbox
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.sandbox.seccomp import strict_filter
from tests.sandbox import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASK_FOR_B = """
from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Tier
try:
    print("tier", default_runner(Tier.B).tier)
except SandboxUnavailable as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def _forget_the_runner() -> Iterator[None]:
    probe.forget()
    yield
    probe.forget()


def fake_bwrap(folder: Path, script: str) -> str:
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    folder.chmod(0o755)
    return str(path)


@pytest.mark.usefixtures("runner")
def test_the_sandbox_of_this_machine_is_found_once() -> None:
    assert probe.default_runner() is probe.default_runner() is probe.default_runner(Tier.B)


def test_without_bubblewrap_the_install_command_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SandboxUnavailable, match=r"bubblewrap is not installed\. Install"):
        probe.default_runner(Tier.B)


def test_a_bubblewrap_installed_meanwhile_is_found(
    runner: BubblewrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailable):
        probe.default_runner(Tier.B)
    monkeypatch.setenv("PATH", path)

    assert probe.default_runner(Tier.B).tier is runner.tier


@pytest.mark.parametrize("version", ["0.4.1", "0.6.1", "0.7.0"])
def test_an_old_bubblewrap_is_refused_with_how_to_get_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    fake_bwrap(tmp_path, f"echo bubblewrap {version}")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(SandboxUnavailable, match=rf"too old: {version} \(0.8.0 or later\)"):
        probe.default_runner(Tier.B)


@pytest.mark.parametrize(
    ("version", "old"), [("0.8.0", False), ("0.11.0", False), ("1.0", False), ("", False)]
)
def test_later_versions_and_those_that_name_none_are_tried(version: str, old: bool) -> None:
    assert Bubblewrap("/usr/bin/bwrap", version).too_old is old


def test_a_bwrap_that_is_denied_namespaces_is_refused_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = "bwrap: No permissions to create new namespace"
    fake_bwrap(tmp_path, f"echo '{denied}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(SandboxUnavailable, match=denied):
        probe.default_runner(Tier.B)


@pytest.mark.usefixtures("runner")
def test_where_namespaces_are_denied_rewards_get_no_sandbox_but_the_reason() -> None:
    done = conditions.python(ASK_FOR_B, *conditions.without_namespaces())

    assert "tier B" not in done.stdout
    assert "tier A" not in done.stdout
    assert "bubblewrap fails here: bwrap: " in done.stdout, done.stderr


@pytest.mark.usefixtures("runner")
def test_where_memory_files_are_refused_there_is_no_sandbox() -> None:
    refusing = conditions.refusing((conditions.MEMFD_CREATE,), errno.ENOSYS)
    done = conditions.python(ASK_FOR_B, *conditions.with_a_filter(), filtered=refusing)

    assert "memory files (memfd_create) are refused here" in done.stdout, done.stderr


@pytest.mark.usefixtures("runner")
def test_where_filters_are_refused_there_is_no_sandbox() -> None:
    refusing = conditions.refusing_filters(errno.EINVAL)
    done = conditions.python(ASK_FOR_B, *conditions.with_a_filter(), filtered=refusing)

    assert done.stdout.startswith("no sandbox: "), done.stderr
    assert "seccomp" in done.stdout


@pytest.mark.usefixtures("runner")
def test_without_landlock_the_tier_is_b() -> None:
    refusing = conditions.refusing(conditions.LANDLOCK, errno.ENOSYS)
    done = conditions.python(ASK_FOR_B, *conditions.with_a_filter(), filtered=refusing)

    assert done.stdout == "tier B\n", done.stderr


@pytest.mark.usefixtures("runner")
def test_a_bwrap_that_isolates_nothing_is_refused(tmp_path: Path) -> None:
    """One that runs the program for real, outside of any sandbox, prints the right product."""
    lax = fake_bwrap(tmp_path, 'echo "42 True True"')

    with pytest.raises(NoSandbox):
        probe.prove(BubblewrapRunner(lax))


def test_a_bwrap_that_is_no_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bwrap"
    path.write_bytes(b"\x00not a program")
    path.chmod(0o755)

    with pytest.raises(NoSandbox, match="does not start"):
        probe.prove(BubblewrapRunner(str(path)))


@pytest.mark.parametrize(
    ("system", "advice"), [("win32", "WSL2"), ("cygwin", "WSL2"), ("aix", "Linux")]
)
def test_other_systems_are_refused_in_plain_words(system: str, advice: str) -> None:
    with pytest.raises(SandboxUnavailable, match=advice):
        probe.refuse_other_systems(system)


@pytest.mark.usefixtures("runner")
def test_an_unknown_machine_has_no_filter_and_so_no_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert strict_filter("pdp11") is None
    monkeypatch.setattr(probe, "strict_filter", lambda: None)

    with pytest.raises(SandboxUnavailable, match="no system-call filter"):
        probe.default_runner(Tier.B)


READ_ONLY = ["--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--chdir", "/"]
RUN_BOTH_WAYS = """
from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sandbox.runner import Profile, RunRequest
from deepcoder_cli.sandbox.unsafe import UnsafeRunner
for profile in Profile:
    print(default_runner().run(RunRequest("print(6 * 7)", profile=profile)).stdout)
try:
    UnsafeRunner().run(RunRequest("print(6 * 7)"))
except SandboxUnavailable as error:
    print(error)
"""


@pytest.mark.usefixtures("runner")
def test_where_nothing_can_be_written_the_sandbox_works_and_unsafe_says_what_it_lacks() -> None:
    """As on a full /tmp: the sandbox keeps all it needs in memory."""
    kept = ["--cap-add", "ALL"] if os.geteuid() == 0 else []
    done = conditions.python(RUN_BOTH_WAYS, "bwrap", *kept, *READ_ONLY)
    lines = done.stdout.splitlines()

    assert lines[:2] == ["b'42\\n'", "b'42\\n'"], done.stderr
    assert "no room for temporary files" in lines[2]
    assert "TMPDIR" in lines[2]
