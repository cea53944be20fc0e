"""What to do about a sandbox that does not work: the exact commands for the system at hand.

Known by family: Debian and Ubuntu, Fedora (RHEL, Rocky, Alma), Arch, openSUSE, Alpine; WSL 1 and 2,
containers. Elsewhere the package is named and the rest left to the reader.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from deepcoder_cli.sandbox.languages import Language

OLDEST_BWRAP = (0, 8)
ALLOW_SEATBELT = "DEEPCODER_ALLOW_UNVERIFIED_SEATBELT"
FAMILIES = {
    "debian": ("debian", "ubuntu", "linuxmint", "raspbian", "pop", "kali"),
    "fedora": ("fedora", "rhel", "centos", "rocky", "almalinux", "amzn"),
    "arch": ("arch", "archlinux", "manjaro", "endeavouros"),
    "suse": ("suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"),
    "alpine": ("alpine",),
}
INSTALL = {
    "debian": "sudo apt-get install -y",
    "fedora": "sudo dnf install -y",
    "arch": "sudo pacman -S --noconfirm",
    "suse": "sudo zypper install -y",
    "alpine": "sudo apk add",
}
GXX = {"debian": "g++", "arch": "gcc", "alpine": "g++ musl-dev"}  # gcc-c++ elsewhere
BUILD_TOOLS = {
    "debian": "build-essential meson ninja-build pkg-config libcap-dev curl xz-utils",
    "fedora": "gcc meson ninja-build pkgconf libcap-devel curl xz",
    "arch": "base-devel meson ninja libcap curl",
    "suse": "gcc meson ninja pkg-config libcap-devel curl xz",
    "alpine": "build-base meson ninja pkgconf libcap-dev linux-headers curl xz",
}
BUILD_BWRAP = (
    "curl -LO https://github.com/containers/bubblewrap/releases/download/v0.11.0/"
    "bubblewrap-0.11.0.tar.xz",
    "echo 988fd6b232dafa04b8b8198723efeaccdb3c6aa9c1c7936219d5791a8b7a8646 "
    "bubblewrap-0.11.0.tar.xz | sha256sum -c && tar xf bubblewrap-0.11.0.tar.xz",
    "cd bubblewrap-0.11.0 && meson setup build && sudo meson install -C build",
)
WITH_LANDLOCK = "lsm=landlock,$(cat /sys/kernel/security/lsm)"
GRUB: tuple[str, ...] = (
    "sudo sed -i \"s/^GRUB_CMDLINE_LINUX=\\\"/&" + WITH_LANDLOCK + ' /" /etc/default/grub',
)  # fmt: skip
ADD_LANDLOCK: dict[str, tuple[str, ...]] = {
    "debian": (*GRUB, "sudo update-grub && sudo reboot"),
    "fedora": (f'sudo grubby --update-kernel=ALL --args="{WITH_LANDLOCK}"', "sudo reboot"),
    "arch": (*GRUB, "sudo grub-mkconfig -o /boot/grub/grub.cfg && sudo reboot"),
    "suse": (*GRUB, "sudo grub2-mkconfig -o /boot/grub2/grub.cfg && sudo reboot"),
}


@dataclass(frozen=True, slots=True)
class Fix:
    """What is wrong, and what to do about it.

    Attributes:
        problem: in plain words, without a full stop.
        advice: what to do, a sentence; what the commands are for.
        commands: to be typed as they are, in this order.
    """

    problem: str
    advice: str
    commands: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """All of it as one line, for an error message."""
        if not self.commands:
            return f"{self.problem}. {self.advice}"
        return f"{self.problem}. {self.advice.rstrip('.')}: {' && '.join(self.commands)}"


@dataclass(frozen=True, slots=True)
class System:
    """What decides the wording of a fix.

    Attributes:
        name: for people, such as "Debian GNU/Linux 12 (bookworm)".
        family: a key of FAMILIES, "macos", "windows", or "" when it is none of them.
        kernel: its release, as `uname -r` prints it.
        wsl: 1 or 2 under the Windows Subsystem for Linux, else 0.
        container: whether this is a container (Docker, Podman, Kubernetes, LXC).
    """

    name: str
    family: str
    kernel: str
    wsl: int = 0
    container: bool = False

    @property
    def kernel_version(self) -> tuple[int, int]:
        """Its first two numbers; (0, 0) when they cannot be read."""
        first, _, rest = self.kernel.partition(".")
        second = rest.partition(".")[0].partition("-")[0]
        return (int(first), int(second)) if first.isdigit() and second.isdigit() else (0, 0)

    def install(self, package: str) -> tuple[str, ...]:
        """The command that installs `package`; none where the system is not known."""
        manager = INSTALL.get(self.family)
        return (f"{manager} {package}",) if manager else ()


@dataclass(frozen=True, slots=True)
class Switches:
    """What the kernel's own switches say; None where a switch does not exist."""

    apparmor: str | None = None
    clone: str | None = None
    namespaces: str | None = None


def read_switches(root: Path = Path("/proc/sys")) -> Switches:
    """Read the switches that can deny user namespaces."""

    def value(name: str) -> str | None:
        try:
            return (root / name).read_text(encoding="ascii").strip()
        except OSError:
            return None

    return Switches(
        apparmor=value("kernel/apparmor_restrict_unprivileged_userns"),
        clone=value("kernel/unprivileged_userns_clone"),
        namespaces=value("user/max_user_namespaces"),
    )


def this_system() -> System:
    """The system at hand, from /etc/os-release, the kernel's name and the marks of containers."""
    kernel = platform.release()
    if sys.platform == "darwin":
        return System(f"macOS {platform.mac_ver()[0]}", "macos", kernel)
    if sys.platform in {"win32", "cygwin"}:
        return System("Windows", "windows", kernel)
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    name = release.get("PRETTY_NAME", "Linux of an unknown kind")
    return System(name, family_of(release), kernel, wsl_of(kernel), _in_container())


def family_of(release: dict[str, str]) -> str:
    """The family of an /etc/os-release, by its ID and then by what it says it is like.

    >>> family_of({"ID": "pop", "ID_LIKE": "ubuntu debian"}), family_of({"ID": "plan9"})
    ('debian', '')
    """
    for word in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        for family, members in FAMILIES.items():
            if word in members:
                return family
    return ""


def wsl_of(kernel: str) -> int:
    """Which Windows Subsystem for Linux a kernel release belongs to; 0 for none.

    >>> wsl_of("5.15.153.1-microsoft-standard-WSL2"), wsl_of("4.4.0-19041-Microsoft")
    (2, 1)
    """
    if "microsoft" not in kernel.lower():
        return 0
    return 1 if kernel.startswith("4.4.") else 2


def _in_container() -> bool:
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return True
    try:
        first = Path("/proc/1/environ").read_bytes()
    except OSError:
        return False
    return b"container=" in first


def bwrap_missing(system: System) -> Fix:
    """The package is not installed."""
    commands = system.install("bubblewrap")
    advice = "Install it." if commands else "Install the package `bubblewrap` (0.8 or later)."
    return Fix("bubblewrap is not installed", advice, commands)


def bwrap_too_old(system: System, version: str) -> Fix:
    """Older than 0.8.0; few systems then have a newer package, so it is built."""
    problem = f"bubblewrap is too old: {version} (0.8.0 or later)"
    tools = BUILD_TOOLS.get(system.family)
    if tools is None:
        return Fix(problem, "Install a newer one.")
    commands = (*system.install(tools), *BUILD_BWRAP)
    return Fix(problem, "Build a newer one, or upgrade the system.", commands)


def namespaces_denied(
    system: System, said: str, switches: Switches, bwrap: str = "/usr/bin/bwrap"
) -> Fix:
    """It is there, but cannot make what it needs; `said` are its words."""
    problem = f"bubblewrap fails here: {said}"
    if system.wsl == 1:
        change = ("wsl --set-version <distribution> 2",)
        return Fix(problem, "WSL 1 has no namespaces. In PowerShell, move to WSL 2.", change)
    if switches.clone == "0":
        return Fix(problem, "Allow user namespaces.", _sysctl("kernel.unprivileged_userns_clone=1"))
    if switches.namespaces == "0":
        return Fix(problem, "Allow user namespaces.", _sysctl("user.max_user_namespaces=10000"))
    if system.container:
        return Fix(
            problem,
            "This container denies namespaces. Start it with these options (Podman: "
            "`unmask=ALL` for the last), or run on the host.",
            (
                "docker run --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
                "--security-opt apparmor=unconfined --security-opt systempaths=unconfined …",
            ),
        )
    if switches.apparmor == "1":
        return Fix(problem, "Let AppArmor allow them to bwrap alone.", _apparmor(bwrap))
    return Fix(
        problem,
        "Something here denies namespaces (a container, a service's settings, a security "
        "module). Run deepcoder outside of it.",
    )


def _sysctl(setting: str) -> tuple[str, ...]:
    """Set it now and for every later start."""
    return (f"echo {setting} | sudo tee /etc/sysctl.d/90-deepcoder.conf", "sudo sysctl --system")


def _apparmor(bwrap: str) -> tuple[str, ...]:
    words = (
        "abi <abi/4.0>,",
        "include <tunables/global>",
        f"profile bwrap {bwrap} flags=(unconfined) {{",
        "  userns,",
        "}",
    )
    text = " ".join(f"'{word}'" for word in words)
    return (
        f"printf '%s\\n' {text} | sudo tee /etc/apparmor.d/bwrap",
        "sudo apparmor_parser -r /etc/apparmor.d/bwrap",
    )


def not_isolated(said: str) -> Fix:
    """A program ran, but saw or did what it must not: that is no bubblewrap."""
    return Fix(f"the sandbox does not isolate: {said}", "Put the real bwrap first on PATH.")


def interpreter_unreadable(executable: str) -> Fix:
    """The sandbox's user cannot open the interpreter (one under /root, say)."""
    return Fix(
        f"the Python interpreter cannot be read by everyone: {executable}",
        "Install deepcoder with the system's Python.",
    )


def landlock_absent(system: System) -> Fix:
    """No Landlock: tier B at best."""
    if system.kernel_version < (5, 13):
        kernel = f"the kernel has no Landlock: {system.kernel} (5.13 or later)"
        return Fix(kernel, "Upgrade the kernel; until then the sandbox is tier B.")
    problem = "Landlock is switched off in the kernel"
    if system.wsl == 2:
        commands = ("printf '[wsl2]\\nkernelCommandLine=lsm=landlock\\n' >> .wslconfig",)
        return Fix(problem, "In your Windows home folder, then `wsl --shutdown`.", commands)
    added = ADD_LANDLOCK.get(system.family, ())
    how = f"Add `{WITH_LANDLOCK}` to the kernel's command line."
    return Fix(problem, "Switch it on; the machine starts anew." if added else how, added)


def seccomp_absent(system: System) -> Fix:
    """No system-call filters: no sandbox of any tier."""
    return Fix(
        f"the kernel has no system-call filters (seccomp): {system.kernel}",
        "Use a kernel built with CONFIG_SECCOMP_FILTER (every distribution's own is).",
    )


def foreign_machine(machine: str) -> Fix:
    """A processor that no system-call filter is written for."""
    return Fix(
        f"no system-call filter for this processor: {machine} (x86_64 or aarch64)",
        "Use such a machine.",
    )


def memfd_absent(system: System) -> Fix:
    """No memory files: descriptors of a run cannot be made."""
    return Fix(
        f"memory files (memfd_create) are refused here: kernel {system.kernel}",
        "Upgrade the kernel (3.17 or later), or run outside of what filters system calls.",
    )


def no_room(error: OSError) -> Fix:
    """No folder for temporary files takes anything."""
    return Fix(
        f"no room for temporary files: {os.environ.get('TMPDIR', '/tmp')} ({error.strerror})",  # noqa: S108
        "Make room there, or name another folder.",
        ("export TMPDIR=/path/with/room",),
    )


def seatbelt_unverified() -> Fix:
    """The sandbox for macOS may not be used without being asked for."""
    return Fix(
        "the sandbox for macOS (sandbox-exec) is written but not verified on real hardware",
        "Run deepcoder in a Linux virtual machine (brew install lima; limactl start; lima); or, "
        "to use it all the same",
        (f"export {ALLOW_SEATBELT}=1",),
    )


def toolchain_missing(system: System, language: Language) -> Fix:
    """No compiler or interpreter for `language`."""
    if language is Language.CPP:
        commands = system.install(GXX.get(system.family, "gcc-c++"))
        return Fix("programs in C++ cannot be run: there is no g++", "Install it.", commands)
    commands = system.install("nodejs")
    return Fix(f"programs in {language} cannot be run: there is no node", "Install it.", commands)
