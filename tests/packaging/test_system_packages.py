"""tools/system-packages.sh on machines that lack things; each machine is a PATH of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "system-packages.sh"
SHELL_TOOLS = ("sh", "dirname", "sed", "tr", "cat", "env", "touch")
EVERYTHING = ("make", "c++", "bwrap", "tmux")


@dataclass(frozen=True)
class Machine:
    """A folder that is the machine's whole PATH, and its os-release file."""

    bin: Path
    os_release: Path

    def add(self, name: str, body: str = "") -> None:
        """A program `name` that runs `body`."""
        program = self.bin / name
        program.write_text(f"#!{shutil.which('sh')}\n{body}\n")
        program.chmod(0o755)

    def run(self, purpose: str = "demo") -> subprocess.CompletedProcess[str]:
        """Run the script there."""
        return subprocess.run(
            [shutil.which("sh") or "sh", str(SCRIPT), purpose],
            env={"PATH": str(self.bin), "OS_RELEASE": str(self.os_release)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An ordinary user's Linux machine with everything on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in SHELL_TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    made = Machine(folder, tmp_path / "os-release")
    made.os_release.write_text('NAME="Debian"\nID=debian\n')
    made.add("uname", "echo Linux")
    made.add("id", "echo 1000")
    made.add("python3", f'exec {sys.executable} "$@"')
    for program in EVERYTHING:
        made.add(program)
    return made


def test_a_complete_machine_is_passed_in_silence(machine: Machine) -> None:
    done = machine.run("test")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("system", "line"),
    [
        ("ID=ubuntu\nID_LIKE=debian", "sudo apt-get install -y g++ bubblewrap"),
        ('ID="linuxmint"\nID_LIKE="ubuntu debian"', "sudo apt-get install -y g++ bubblewrap"),
        ("ID=fedora", "sudo dnf install -y gcc-c++ bubblewrap"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "sudo dnf install -y gcc-c++ bubblewrap"),
        ("ID=arch", "sudo pacman -S --needed gcc bubblewrap"),
        (
            'ID="opensuse-leap"\nID_LIKE="suse opensuse"',
            "sudo zypper install -y gcc-c++ bubblewrap",
        ),
        ("ID=alpine", "sudo apk add g++ musl-dev linux-headers bubblewrap"),
    ],
)
def test_an_ordinary_user_is_told_the_line_for_the_system(
    machine: Machine, system: str, line: str
) -> None:
    machine.os_release.write_text(system + "\n")
    (machine.bin / "c++").unlink()
    (machine.bin / "bwrap").unlink()

    done = machine.run()

    assert done.returncode == 1
    assert done.stderr == f"Missing on this system: compiler bubblewrap\nRun: {line}\n"


def test_an_unknown_system_is_told_what_is_missing(machine: Machine) -> None:
    machine.os_release.write_text("ID=plan9\n")
    (machine.bin / "bwrap").unlink()

    done = machine.run()

    assert done.returncode == 1
    assert "Missing on this system: bubblewrap\n" in done.stderr
    assert "package manager" in done.stderr


def test_a_mac_is_told_brew_and_is_not_asked_for_bubblewrap(machine: Machine) -> None:
    machine.add("uname", "echo Darwin")
    machine.os_release.unlink()
    (machine.bin / "bwrap").unlink()
    (machine.bin / "tmux").unlink()

    assert machine.run("demo").returncode == 0
    assert machine.run("test").stderr.endswith("Run: brew install tmux\n")


def test_a_python_that_is_too_old_or_has_no_venv_counts_as_missing(machine: Machine) -> None:
    machine.add("python3", "exit 1")

    done = machine.run()

    assert done.returncode == 1
    assert "sudo apt-get install -y python3 python3-venv" in done.stderr


def test_a_newer_python_beside_an_old_python3_will_do(machine: Machine) -> None:
    machine.add("python3", "exit 1")
    machine.add("python3.12", f'exec {sys.executable} "$@"')

    assert machine.run().returncode == 0


def test_only_the_tests_ask_for_tmux(machine: Machine) -> None:
    (machine.bin / "tmux").unlink()

    assert machine.run("demo").returncode == 0
    assert machine.run("test").returncode == 1


def apt_that_installs(machine: Machine, *programs: str) -> Path:
    """An apt-get that logs its arguments and, asked to install, makes `programs` appear."""
    log = machine.bin.parent / "apt.log"
    made = "".join(f'cat "{machine.bin}/make" > "{machine.bin}/{p}"; ' for p in programs)
    marked = "".join(f'chmod 755 "{machine.bin}/{p}"; ' for p in programs)
    (machine.bin / "chmod").symlink_to(shutil.which("chmod") or "chmod")
    body = f'echo "$DEBIAN_FRONTEND $*" >> {log}\ncase "$*" in *install*) {made}{marked};; esac'
    machine.add("apt-get", body.replace("; ;;", ";;"))
    return log


def test_root_with_apt_gets_what_is_missing_installed(machine: Machine) -> None:
    machine.add("id", "echo 0")
    (machine.bin / "bwrap").unlink()
    (machine.bin / "tmux").unlink()
    log = apt_that_installs(machine, "bwrap", "tmux")

    assert machine.run("test").returncode == 0
    update, install = log.read_text().splitlines()
    assert update.startswith("noninteractive")
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends bubblewrap tmux")


def test_root_is_told_the_line_when_apt_brings_nothing(machine: Machine) -> None:
    machine.add("id", "echo 0")
    (machine.bin / "bwrap").unlink()
    apt_that_installs(machine)

    done = machine.run()

    assert done.returncode == 1
    assert done.stderr.endswith("Run: apt-get install -y bubblewrap\n")


def test_root_is_told_the_line_when_apt_fails(machine: Machine) -> None:
    machine.add("id", "echo 0")
    machine.add("apt-get", "echo no network >&2; exit 100")
    (machine.bin / "bwrap").unlink()

    done = machine.run()

    assert done.returncode == 1
    assert done.stderr.endswith("Run: apt-get install -y bubblewrap\n")


def test_root_on_another_system_is_told_the_line_without_sudo(machine: Machine) -> None:
    machine.add("id", "echo 0")
    machine.os_release.write_text("ID=fedora\n")
    (machine.bin / "bwrap").unlink()

    assert machine.run().stderr.endswith("Run: dnf install -y bubblewrap\n")


def test_a_wrong_purpose_is_refused(machine: Machine) -> None:
    assert machine.run("party").returncode == 2
