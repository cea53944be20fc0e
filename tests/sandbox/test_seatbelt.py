"""macOS, as far as Linux lets it be tested: the profile's text, how it is used, when it is refused.

What the profile does on a Mac is not tested: nobody has run it there yet.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox import seatbelt
from deepcoder_cli.sandbox.fixes import ALLOW_SEATBELT
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import RunRequest, Status, Tier
from deepcoder_cli.sandbox.seatbelt import SeatbeltRunner, profile, seatbelt_runner

GOLDEN = Path(__file__).parents[1] / "golden" / "seatbelt.sb"
# What only Linux has is taken away before anything of ours is imported.
AS_ON_A_MAC = """
import fcntl, os, sys, sysconfig
sysconfig.get_config_vars()  # read while the platform still has its name
for module, names in (
    (fcntl, [name for name in dir(fcntl) if "SEAL" in name]),
    (os, ["memfd_create", "pidfd_open", "sched_getaffinity", "MFD_CLOEXEC", "MFD_ALLOW_SEALING"]),
):
    for name in names:
        delattr(module, name)
sys.platform = "darwin"
"""


def test_the_profile_is_the_golden_text() -> None:
    text = profile(
        Path("/private/tmp/run"), "/opt/py/bin/python3.11", ["/opt/py", "/opt/deepcoder"]
    )
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")

    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_profile_denies_by_default_and_allows_no_network_fork_or_foreign_write() -> None:
    rules = profile(Path("/private/tmp/run"), "/opt/py/bin/python3.11", ["/opt/py"]).splitlines()
    allowed = [rule for rule in rules if rule.startswith("(allow ")]
    writes = [rule for rule in allowed if "write" in rule]

    assert rules[:2] == ["(version 1)", "(deny default)"]
    assert all(rule.count("(") == rule.count(")") for rule in rules)
    assert not [rule for rule in allowed if re.search("network|process-fork|mach|ipc|iokit", rule)]
    assert [re.findall('"([^"]+)"', rule) for rule in writes] == [
        ["/private/tmp/run"],
        ["/dev/null"],
    ]
    assert [rule for rule in allowed if "process-exec" in rule] == [
        '(allow process-exec (literal "/opt/py/bin/python3.11"))'
    ]


@pytest.mark.parametrize("path", ['/tmp/a"b', "/tmp/a\\b", '/tmp/") (allow default) ("'])
def test_a_path_cannot_add_rules(path: str) -> None:
    text = profile(Path(path), "/opt/python", [])
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', text)

    assert [s for s in strings if re.sub(r"\\(.)", r"\1", s) == path]
    assert "(allow default)" not in re.sub(r'"(?:[^"\\]|\\.)*"', "", text)


def test_a_path_with_control_characters_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="cannot be written"):
        profile(Path("/tmp/a\nb"), "/opt/python", [])


@pytest.mark.parametrize("value", [None, "", "0", "yes"])
def test_it_is_off_unless_allowed_and_says_how(value: str | None) -> None:
    environment = {} if value is None else {ALLOW_SEATBELT: value}

    with pytest.raises(SandboxUnavailable, match="not verified on real hardware") as caught:
        seatbelt_runner(environment)
    assert f"export {ALLOW_SEATBELT}=1" in str(caught.value)


def test_allowed_but_absent_it_is_refused() -> None:
    if Path(seatbelt.SANDBOX_EXEC).exists():
        pytest.skip("this is a Mac")
    with pytest.raises(SandboxUnavailable, match="sandbox-exec is not there"):
        seatbelt_runner({ALLOW_SEATBELT: "1"})


def test_a_program_is_started_through_sandbox_exec_with_its_own_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for sandbox-exec keeps what it is given and starts the rest."""
    stand_in = tmp_path / "sandbox-exec"
    stand_in.write_text(
        f'#!/bin/sh\n[ "$1" = -p ] || exit 9\nprintf %s "$2" > {tmp_path}/given\n'
        'shift 2\nexec "$@"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setattr(seatbelt, "SANDBOX_EXEC", str(stand_in))
    result = SeatbeltRunner().run(RunRequest("import os; print(input(), os.getcwd())", b"hello"))
    given = (tmp_path / "given").read_text()
    said, folder = result.stdout.decode().split()

    assert (result.status, result.exit_code, said) == (Status.EXITED, 0, "hello")
    assert result.tier is Tier.C
    assert f'(allow file-write* (subpath "{folder}"))' in given
    assert f'(literal "{sys.executable}")' in given


def test_other_languages_are_refused_since_their_compilers_would_run_outside() -> None:
    with pytest.raises(SandboxUnavailable, match="cpp"):
        SeatbeltRunner().run(RunRequest("int main() {}", language=Language.CPP))


def test_on_a_mac_the_commands_start_and_refuse_in_one_line() -> None:
    code = AS_ON_A_MAC + (
        "sys.argv = ['deepcoder', 'run', '-']\nfrom deepcoder_cli.main import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="print(1)", capture_output=True, text=True, check=False,
        env={k: v for k, v in os.environ.items() if k != ALLOW_SEATBELT},
    )  # fmt: skip

    assert done.returncode == SandboxUnavailable.exit_code, done.stderr
    assert done.stderr.count("\n") == 1
    assert "sandbox-exec" in done.stderr


@pytest.mark.parametrize(("allowed", "exit_code"), [(False, 4), (True, 3)])
def test_on_a_mac_the_doctor_proves_nothing_and_says_so(allowed: bool, exit_code: int) -> None:
    code = AS_ON_A_MAC + (
        "sys.argv = ['deepcoder', 'doctor']\nfrom deepcoder_cli.main import main\nmain()"
    )
    environment = {**os.environ, ALLOW_SEATBELT: "1" if allowed else "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )

    assert done.returncode == exit_code, done.stderr
    assert "NOT PROVED" in done.stdout
    assert "not verified on real hardware" in " ".join(done.stdout.split())
    assert "proved  " not in done.stdout
