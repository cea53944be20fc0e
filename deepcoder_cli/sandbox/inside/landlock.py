"""Landlock: this process, and all it starts, loses every access that a ruleset does not grant.

Covered: opening, making, removing and truncating files, binding and connecting TCP, ioctl on
devices, abstract unix sockets and signals to the outside, as far as this kernel's version of
Landlock knows them. Not covered: stat, chmod, utime, setxattr, and files of kernel-internal mounts
(a memfd, a pipe), which Landlock leaves alone.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from functools import lru_cache

from . import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # alike on every architecture
ASK_VERSION = 1
PATH_BENEATH = 1
LOG_NOTHING, FIRST_WITH_LOG = 1, 7  # else a program could fill the host's audit log

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
FIRST_FS_RIGHTS = 13  # and by version: 2 REFER, 3 TRUNCATE, 5 IOCTL_DEV
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
NET_RIGHTS = 0b11  # bind and connect TCP, from version 4
SCOPES = 0b11  # abstract unix sockets, signals, from version 6


@lru_cache(maxsize=1)
def abi() -> int:
    """The kernel's version of Landlock; 0 when it has none or it is switched off. Asked once."""
    try:
        return kernel.system_call(CREATE_RULESET, None, 0, ASK_VERSION)
    except OSError as error:
        # EPERM: a container's own filter refuses calls that it does not know
        if error.errno in {errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}:
            return 0
        raise


def ruleset(read: Sequence[str], write: Sequence[str], execute: Sequence[str] | None = None) -> int:
    """Descriptor of a ruleset that refuses all but what is granted; to be built once.

    Args:
        read: files and folders that may be read, with all below them.
        write: files and folders that may be read and written; making device nodes stays refused.
        execute: what may be executed, the dynamic loader included; None is all of `read`.

    Raises:
        OSError: a path does not exist, or the kernel has no Landlock.
    """
    version = abi()
    handled = _fs_rights(version)
    attributes = [handled, *[NET_RIGHTS][: version >= 4], *[SCOPES][: version >= 6]]
    packed = struct.pack(f"={len(attributes)}Q", *attributes)
    rules = kernel.system_call(CREATE_RULESET, packed, len(packed), 0)
    os.set_inheritable(rules, False)
    for paths, rights in (
        (read, READ_FILE | READ_DIR),
        (write, ~(EXECUTE | IOCTL_DEV | MAKE_CHAR | MAKE_BLOCK)),
        (read if execute is None else execute, EXECUTE),
    ):
        for path in paths:
            _grant(rules, path, rights & handled)
    return rules


def restrict_self(rules: int) -> None:
    """Take on the ruleset, for good. Needs no_new_privs.

    Raises:
        OSError: the kernel refused it.
    """
    kernel.system_call(RESTRICT_SELF, rules, LOG_NOTHING if abi() >= FIRST_WITH_LOG else 0)


def _fs_rights(version: int) -> int:
    known = FIRST_FS_RIGHTS + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << known) - 1


def _grant(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_A_FILE
        rule = struct.pack("=Qi", rights, place)
        kernel.system_call(ADD_RULE, rules, PATH_BENEATH, rule, 0)
    finally:
        os.close(place)
