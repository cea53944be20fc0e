"""4: filling what can be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile
from deepcoder_cli.types import Limits
from tests.adversarial.attack import BOTH, GENERAL, STOPPED, STRICT, Attack, cases, controls

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

LIMITS = Limits(cpu_s=5, wall_s=15, memory_mib=256)
PLACES = ("/tmp", "/dev/shm", "/var/tmp", ".", "/run", "/dev/mqueue")
WRITABLE = ("/tmp", "/dev/shm", "/var/tmp")  # of these, whichever there are


def everywhere(body: str) -> str:
    """Try `body` with `place` bound to each folder in turn; `got()` only where it went through."""
    return f"""\
def fill(place):
{body}
for place in {WRITABLE!r}:
    try: fill(place)
    except OSError: pass
"""


FILLING = (
    Attack("a file of 256 MiB", everywhere("""\
    with open(place + '/evil', 'wb') as file:
        for _ in range(256): file.write(bytes(1 << 20))
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("256 files of 1 MiB", everywhere("""\
    for number in range(256):
        with open(f'{place}/evil-{number}', 'wb') as file: file.write(bytes(1 << 20))
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("room set aside", everywhere("""\
    fd = os.open(place + '/evil', os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(fd, 0, 256 << 20)
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("deleted but open", everywhere("""\
    for number in range(32):
        fd = os.open(f'{place}/evil', os.O_CREAT | os.O_RDWR)
        os.unlink(f'{place}/evil')
        for _ in range(8): checked(os.write(fd, bytes(1 << 20)) - (1 << 20))
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("100,000 files", everywhere("""\
    for number in range(100_000): os.mknod(f'{place}/evil-{number}')
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("100,000 hard links", everywhere("""\
    os.mknod(f'{place}/evil')
    for number in range(100_000): os.link(f'{place}/evil', f'{place}/evil-{number}')
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("50,000 folders", everywhere("""\
    for number in range(50_000): os.mkdir(f'{place}/evil-{number}')
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("a sparse file", everywhere("""\
    fd = os.open(place + '/evil', os.O_CREAT | os.O_RDWR)
    os.ftruncate(fd, 1 << 40)
    got()
"""), STOPPED, BOTH, limits=LIMITS),
    Attack("240 MB of extended attributes", everywhere("""\
    with open(f'{place}/evil', 'wb') as file:
        for number in range(4000): os.setxattr(file.fileno(), f'user.{number}', bytes(60_000))
    got()
"""), STOPPED, BOTH, limits=LIMITS, no_control="tmpfs of older kernels knows no user attributes"),
)  # fmt: skip
ANY_FILE = Attack("any file at all", f"""\
for place in {PLACES!r}:
    for name in (place, *(place + '/evil' for _ in 'x')):
        for flags in (os.O_CREAT | os.O_RDWR, os.O_TMPFILE | os.O_RDWR, os.O_TRUNC | os.O_WRONLY):
            fd = attempt(os.open, name, flags, 0o600)
            if fd is not None: got(name, flags)
    for make in (os.mkdir, os.mknod, os.mkfifo):
        if attempt(lambda: make(place + '/evil-2') or True): got(make)
    if attempt(lambda: os.symlink('x', place + '/evil-3') or True): got('link')
""", profiles=STRICT)  # fmt: skip
ATTACKS = (*FILLING, ANY_FILE)

DEEP = Attack("folders 20,000 deep", """\
os.chdir('/tmp')
depth = 0
try:
    while depth < 20_000:
        os.mkdir('e'); os.chdir('e'); depth += 1
except OSError as error: pass
""", STOPPED, GENERAL, limits=LIMITS)  # fmt: skip


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS, slow_general=False))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


def test_deep_folders_are_gone_with_the_run(repel: Repel) -> None:
    repel(DEEP, Profile.GENERAL)


def test_a_few_thousand_files_may_be_made_where_files_are_allowed(repel: Repel) -> None:
    source = """\
os.chdir('/tmp')
for number in range(5000): os.mknod(f'evil-{number}')
print(sum(name.startswith('evil') for name in os.listdir('.')))
"""
    assert repel(Attack("files", source, limits=LIMITS), Profile.GENERAL).stdout == b"5000\n"
