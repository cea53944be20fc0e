"""6: reading what is not the program's: files, environments, memory of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adversarial.attack import BOTH, Attack, cases, controls

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Profile
    from tests.adversarial.conftest import Repel, Succeeds

READ = """\
for path in {paths}:
    data = attempt(lambda: open(path, 'rb').read(4096))
    if data: got(path)
    if attempt(os.listdir, path): got(path)
    if attempt(os.stat, path): got(path)
"""


def reading(name: str, paths: str, *, no_control: str = "") -> Attack:
    return Attack(name, READ.format(paths=paths), profiles=BOTH, no_control=no_control)


NOT_EVERYWHERE = "not every host has it"
FILES = (
    reading("the secret", "['VICTIM/secret', 'VICTIM', 'VICTIM/link', 'VICTIM/folder/../secret']"),
    reading("the secret, by a way around", "['/tmp/..' + 'VICTIM/secret', '//' + 'VICTIM/secret',"
            " '/proc/self/root' + 'VICTIM/secret', '/proc/1/root' + 'VICTIM/secret',"
            " '/proc/self/cwd/../..' + 'VICTIM/secret', '/proc/1/cwd/..' + 'VICTIM/secret']"),
    reading("passwd", "['/etc/passwd', '/etc/shadow', '/etc/hostname', '/etc/ssl']"),
    reading("home folders", "['/root', '/home', '/root/.ssh', os.path.expanduser('~root/.ssh')]"),
    reading("the repository", f"[{__file__!r}, {__file__.rpartition('/')[0]!r}]"),
    reading("programs", "['/bin/sh', '/usr/bin/env', '/usr/sbin', '/bin', '/sbin']"),
    reading("the system", "['/sys', '/sys/kernel', '/var', '/var/log', '/boot', '/mnt']",
            no_control=NOT_EVERYWHERE),
    reading("devices", "['/dev/mem', '/dev/kmsg', '/dev/tty', '/dev/ptmx', '/dev/zero', '/dev/kvm',"
            " '/dev/fuse', '/dev/nvidia0', '/dev/sda', '/dev/vda', '/dev/net/tun']",
            no_control=NOT_EVERYWHERE),
)  # fmt: skip

KERNEL_MEMORY = Attack("kernel memory", """\
for path in ('kcore', 'kpagecount', 'kpageflags', 'kmsg', 'sched_debug', 'timer_list', 'keys'):
    if attempt(lambda: open('/proc/' + path, 'rb', 0).read(8)): got(path)
""", profiles=BOTH, no_control=NOT_EVERYWHERE)  # fmt: skip
ENVIRONMENT = Attack("environments", """\
seen = repr(dict(os.environ)).encode()
for pid in ['self', *map(str, range(1, 100))]:
    for name in ('environ', 'cmdline', 'comm', 'maps', 'mountinfo', 'cgroup', 'stat', 'auxv'):
        seen += attempt(lambda: open(f'/proc/{pid}/{name}', 'rb').read()) or b''
if CANARY.encode() in seen: got()
libc.getenv.restype = ctypes.c_char_p
if libc.getenv(b'CANARY'): got()
""", profiles=BOTH)  # fmt: skip

OTHERS = (
    Attack("memory of other processes", """\
for pid in others():
    for name in ('mem', 'maps', 'environ', 'auxv', 'pagemap', 'stack', 'syscall', 'personality'):
        if attempt(lambda: open(f'/proc/{pid}/{name}', 'rb').read(0) or open(
            f'/proc/{pid}/{name}', 'rb').fileno()): got(pid, name)
""", profiles=BOTH),
    Attack("descriptors of other processes", """\
for pid in others():
    for name in attempt(os.listdir, f'/proc/{pid}/fd') or range(20):
        if attempt(os.readlink, f'/proc/{pid}/fd/{name}'): got(pid, name)
        if attempt(os.open, f'/proc/{pid}/fd/{name}', os.O_RDONLY): got(pid, name)
""", profiles=BOTH),
    Attack("folders of other processes", """\
for pid in others():
    for name in ('root', 'cwd', 'exe', 'ns/pid', 'ns/user', 'map_files'):
        if attempt(os.listdir, f'/proc/{pid}/{name}'): got(pid, name)
        if attempt(os.readlink, f'/proc/{pid}/{name}'): got(pid, name)
""", profiles=BOTH),
    Attack("descriptors that lead out", """\
for fd in range(1024):
    if attempt(lambda: os.listdir(fd)): got('folder', fd)
    if attempt(lambda: os.open('..', os.O_RDONLY, dir_fd=fd)): got('way out', fd)
""", profiles=BOTH, no_control="a bare interpreter inherits no folder either"),
)  # fmt: skip
ATTACKS = (*FILES, KERNEL_MEMORY, ENVIRONMENT, *OTHERS)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


@pytest.mark.parametrize("profile", BOTH)
def test_no_descriptor_but_memory_is_open(profile: Profile, repel: Repel) -> None:
    source = """\
for fd in range(4096):
    target = attempt(os.readlink, f'/proc/self/fd/{fd}') or '/memfd:'
    if not target.startswith(('/memfd:', '/proc/')): print(fd, target)
"""
    assert repel(Attack("descriptors", source), profile).stdout == b""


@pytest.mark.parametrize("profile", BOTH)
def test_the_list_of_mounts_names_no_folder_of_ours(
    profile: Profile, repel: Repel, victim: Path
) -> None:
    """What it may name is where the interpreter lies."""
    source = "print(open('/proc/self/mountinfo').read())"

    assert str(victim).encode() not in repel(Attack("mounts", source), profile).stdout
