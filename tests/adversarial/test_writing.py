"""9: changing files of the host, and what the sandbox itself is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile
from tests.adversarial.attack import BOTH, STRICT, Attack, cases, controls

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

# The victim lies under the host's /tmp: where a general run has a /tmp of its own it could make
# such a path for itself, so `got()` wants the secret to be there.
REAL = "there = os.path.exists('VICTIM/secret')\n"
ON_THE_VICTIM = tuple(
    Attack(name, REAL + f"done = attempt(lambda: {action})\nif there and done is not None: got()",
           profiles=BOTH)
    for name, action in (
        ("overwrite", "open('VICTIM/secret', 'w').write('x')"),
        ("append", "open('VICTIM/secret', 'a').write('x')"),
        ("truncate", "os.truncate('VICTIM/secret', 0) or 1"),
        ("create", "open('VICTIM/evil', 'w').write('x')"),
        ("remove", "os.unlink('VICTIM/empty') or 1"),
        ("rename", "os.rename('VICTIM/secret', 'VICTIM/evil') or 1"),
        ("move away", "__import__('shutil').move('VICTIM/secret', '/tmp/evil')"),
        ("make a folder", "os.mkdir('VICTIM/evil') or 1"),
        ("remove a folder", "os.rmdir('VICTIM/folder') or 1"),
        ("symlink", "os.symlink('/etc/passwd', 'VICTIM/evil') or 1"),
        ("hard link", "os.link('VICTIM/secret', 'VICTIM/evil') or 1"),
        ("through a symlink", "open('VICTIM/link', 'w').write('x')"),
        ("through a link of one's own", "(os.symlink('VICTIM/secret', '/tmp/evil'),"
         " open('/tmp/evil', 'w').write('x'))"),
        ("through ..", "open('VICTIM/folder/../secret', 'w').write('x')"),
        ("through /proc/self/root", "open('/proc/self/root/VICTIM/secret', 'w').write('x')"),
        ("chmod", "os.chmod('VICTIM/secret', 0o777) or 1"),
        ("fchmodat2", "call('fchmodat2', -100, b'VICTIM/secret', 0o777, 0) + 1"),
        ("utime", "os.utime('VICTIM/secret', (0, 0)) or 1"),
        ("setxattr", "os.setxattr('VICTIM/secret', 'user.evil', b'x') or 1"),
        ("open for writing", "os.open('VICTIM/secret', os.O_RDWR)"),
        ("lock", "fcntl.flock(os.open('VICTIM/secret', os.O_RDONLY), fcntl.LOCK_EX) or 1"),
        ("make a fifo", "os.mkfifo('VICTIM/evil') or 1"),
    )
)  # fmt: skip
NO_CONTROL = {"setxattr", "fchmodat2"}  # not every kernel and file system has it
ON_THE_VICTIM = tuple(
    Attack(a.name, a.source, profiles=BOTH,
           no_control="not every file system has it" if a.name in NO_CONTROL else "")
    for a in ON_THE_VICTIM
)  # fmt: skip

# Of these the host has one; none may be changed, whoever the sandbox says we are.
ITS_OWN = (
    "/", "/opt", "/opt/python", "/opt/deepcoder", "/usr", "/usr/lib", "/dev", "/proc", "/dev/null",
    "/dev/random", "/dev/urandom", "/dev/fd", "/proc/1", "/proc/sys/kernel/hostname",
    "/opt/deepcoder/inside.zip", "/proc/self/attr/current",
)  # fmt: skip
CHANGING = {
    "mode": "os.chmod(path, 0o777)",
    "owner": "os.chown(path, os.getuid(), -1)",
    "times": "os.utime(path, (0, 0))",
    "times now": "os.utime(path)",
    "times through a descriptor": "os.utime(os.open(path, os.O_RDONLY))",
    "attributes": "os.setxattr(path, 'user.evil', b'x')",
    "name": "os.rename(path, path + '-evil')",
    "existence": "os.unlink(path)",
    "a file in it": "os.close(os.open(path + '/evil', os.O_CREAT | os.O_WRONLY))",
    "a link in it": "os.symlink('x', path + '/evil')",
    "a link to it": "os.link(path, '/tmp/evil')",
}
MADE_OF = tuple(
    Attack(f"{name} of the sandbox's own files", f"""\
paths = {ITS_OWN!r} + (sys.executable, os.__file__, ctypes.__file__)
def state(path):
    info = os.stat(path)
    return info.st_mode, info.st_uid, info.st_nlink, info.st_mtime_ns, attempt(os.listxattr, path)
for path in paths:
    before = attempt(state, path)
    attempt(lambda: {action})
    if attempt(state, path) != before and not path.startswith('/proc/1'): got(path)
""", profiles=BOTH, no_control="the control's file system is read-only as well")
    for name, action in CHANGING.items()
)  # fmt: skip
CONTENT = Attack("content of the sandbox's own files", f"""\
paths = {ITS_OWN!r} + (sys.executable, os.__file__, ctypes.__file__)
for path in paths:
    if path in ('/dev/null', '/dev/random', '/dev/urandom'): continue
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_TRUNC):
        fd = attempt(os.open, path, flags)
        if fd is not None and attempt(os.write, fd, b'x'): got(path, flags)
""", profiles=BOTH, no_control="the control's file system is read-only as well")  # fmt: skip
MOUNTING = tuple(
    Attack(name, action + "\ngot()", profiles=BOTH, no_control="needs root")
    for name, action in (
        ("remount", "call('mount', None, b'/', None, 0x1000 | 0x20, None)"),
        ("mount", "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)"),
        ("bind", "call('mount', b'/', b'/tmp', None, 0x1000, None)"),
        ("unmount", "call('umount2', b'/tmp', 2)"),
        ("unmount /proc", "call('umount2', b'/proc', 2)"),
        ("mount_setattr", "call('mount_setattr', -100, b'/', 0, (ctypes.c_long * 4)(0, 1), 32)"),
        ("open_tree", "call('open_tree', -100, b'/', 1)"),
        ("fsopen", "call('fsopen', b'tmpfs', 0)"),
        ("chroot", "call('chroot', b'/tmp')"),
        ("pivot_root", "call('pivot_root', b'/', b'/tmp')"),
        ("mknod of a disk", "call('mknodat', -100, b'/tmp/evil', 0o60666, 0x800)"),
    )
)  # fmt: skip
ATTACKS = (*ON_THE_VICTIM, *MADE_OF, CONTENT, *MOUNTING)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


def test_the_devices_still_work(repel: Repel) -> None:
    source = """\
print(open('/dev/null', 'wb').write(b'x'), open('/dev/null', 'rb').read())
print(len(open('/dev/urandom', 'rb', 0).read(9)), len(os.urandom(9)))
"""
    assert repel(Attack("devices", source, profiles=STRICT), Profile.STRICT).stdout == (
        b"1 b''\n9 9\n"
    )
