"""The fix for each cause on each system: commands that can be typed as they are."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox import fixes
from deepcoder_cli.sandbox.fixes import Fix, Switches, System
from deepcoder_cli.sandbox.languages import Language

if TYPE_CHECKING:
    from pathlib import Path

SAID = "bwrap: No permissions to create new namespace"
DENIES = {
    "apparmor": Switches(apparmor="1", namespaces="63000"),
    "clone": Switches(clone="0", namespaces="63000"),
    "namespaces": Switches(namespaces="0"),
}


def system(family: str = "debian", **more: object) -> System:
    return System("A Linux", family, **{"kernel": "6.1.0-18-amd64", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ({"ID": "debian"}, "debian"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "debian"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "debian"),
        ({"ID": "fedora"}, "fedora"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "fedora"),
        ({"ID": "arch"}, "arch"),
        ({"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"}, "suse"),
        ({"ID": "opensuse-microos", "ID_LIKE": "suse opensuse"}, "suse"),
        ({"ID": "alpine"}, "alpine"),
        ({"ID": "nixos"}, ""),
        ({}, ""),
    ],
)
def test_the_family_is_read_from_os_release(release: dict[str, str], family: str) -> None:
    assert fixes.family_of(release) == family


@pytest.mark.parametrize(
    ("family", "command"),
    [
        ("debian", "sudo apt-get install -y bubblewrap"),
        ("fedora", "sudo dnf install -y bubblewrap"),
        ("arch", "sudo pacman -S --noconfirm bubblewrap"),
        ("suse", "sudo zypper install -y bubblewrap"),
        ("alpine", "sudo apk add bubblewrap"),
    ],
)
def test_bubblewrap_is_installed_by_the_systems_own_command(family: str, command: str) -> None:
    assert fixes.bwrap_missing(system(family)).commands == (command,)


def test_an_unknown_system_is_told_the_name_of_the_package() -> None:
    fix = fixes.bwrap_missing(system(""))

    assert fix.commands == ()
    assert "package `bubblewrap` (0.8 or later)" in fix.line


def test_ubuntus_apparmor_gets_a_profile_for_the_bwrap_at_hand() -> None:
    fix = fixes.namespaces_denied(system(), SAID, DENIES["apparmor"], "/opt/bin/bwrap")
    words = shlex.split(fix.commands[0].partition("|")[0])
    profile = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert profile == (
        "abi <abi/4.0>,\ninclude <tunables/global>\n"
        "profile bwrap /opt/bin/bwrap flags=(unconfined) {\n  userns,\n}\n"
    )
    assert fix.commands[1] == "sudo apparmor_parser -r /etc/apparmor.d/bwrap"
    assert SAID in fix.problem


@pytest.mark.parametrize(
    ("switch", "setting"),
    [("clone", "kernel.unprivileged_userns_clone=1"), ("namespaces", "user.max_user_namespaces=")],
)
def test_a_switch_that_is_off_is_set_for_good(switch: str, setting: str) -> None:
    fix = fixes.namespaces_denied(system(), SAID, DENIES[switch])

    assert setting in fix.commands[0]
    assert "/etc/sysctl.d/" in fix.commands[0]


def test_a_switch_that_is_off_counts_before_the_container() -> None:
    fix = fixes.namespaces_denied(system(container=True), SAID, DENIES["namespaces"])

    assert "sysctl" in fix.commands[0]


def test_a_container_is_told_how_to_be_started() -> None:
    fix = fixes.namespaces_denied(system(container=True), SAID, Switches(namespaces="63000"))

    assert "docker run --cap-add SYS_ADMIN" in fix.commands[0]


@pytest.mark.parametrize(
    ("kernel", "wsl"),
    [
        ("5.15.153.1-microsoft-standard-WSL2", 2),
        ("6.6.87.2-microsoft-standard-WSL2", 2),
        ("4.4.0-19041-Microsoft", 1),
        ("6.1.0-18-amd64", 0),
    ],
)
def test_wsl_is_known_by_its_kernel(kernel: str, wsl: int) -> None:
    assert fixes.wsl_of(kernel) == wsl


def test_wsl_1_is_sent_to_wsl_2() -> None:
    fix = fixes.namespaces_denied(system(wsl=1), SAID, Switches())

    assert fix.commands == ("wsl --set-version <distribution> 2",)


@pytest.mark.parametrize("family", ["debian", "fedora", "arch", "suse", "alpine"])
def test_an_old_bubblewrap_is_built_anew_and_its_source_checked(family: str) -> None:
    fix = fixes.bwrap_too_old(system(family), "0.4.1")

    assert "0.4.1 (0.8.0 or later)" in fix.problem
    assert "meson" in fix.commands[0]
    assert any("sha256sum -c && tar" in command for command in fix.commands)


@pytest.mark.parametrize(
    ("kernel", "says"),
    [("5.10.0-9-amd64", "(5.13 or later)"), ("6.1.0-18-amd64", "switched off")],
)
def test_landlock_needs_a_newer_kernel_or_to_be_switched_on(kernel: str, says: str) -> None:
    assert says in fixes.landlock_absent(system(kernel=kernel)).line


def test_landlock_is_switched_on_with_sed_that_keeps_what_is_there(tmp_path: Path) -> None:
    grub = tmp_path / "grub"
    grub.write_text('GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="quiet splash"\n')
    command = fixes.landlock_absent(system()).commands[0].replace("sudo ", "")
    command = command.replace("/etc/default/grub", str(grub))
    command = command.replace("$(cat /sys/kernel/security/lsm)", "lockdown,yama")
    subprocess.run(["sh", "-c", command], check=True)

    assert 'GRUB_CMDLINE_LINUX="lsm=landlock,lockdown,yama quiet splash"' in grub.read_text()


@pytest.mark.parametrize(
    ("family", "package"),
    [("debian", "g++"), ("fedora", "gcc-c++"), ("arch", "gcc"), ("alpine", "g++ musl-dev")],
)
def test_a_missing_compiler_is_installed(family: str, package: str) -> None:
    fix = fixes.toolchain_missing(system(family), Language.CPP)

    assert fix.commands[0].endswith(f" {package}")


def test_a_fix_is_one_line_for_an_error_message() -> None:
    fix = Fix("it is broken", "Mend it.", ("first", "second"))

    assert fix.line == "it is broken. Mend it: first && second"
    assert Fix("it is broken", "Mend it.").line == "it is broken. Mend it."


def test_switches_are_read_where_they_exist(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "max_user_namespaces").write_text("0\n")

    assert fixes.read_switches(tmp_path) == Switches(namespaces="0")


def test_this_system_has_a_name_and_a_kernel() -> None:
    here = fixes.this_system()

    assert here.name
    assert here.kernel_version >= (3, 0)
