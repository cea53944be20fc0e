"""A program that tells from inside a sandbox what it sees there and what it is refused.

It only reports; `doctor` compares that with what it knows of the host. Each attempt may fail in
any way, and the way is the finding.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITNESS = r"""
import json, os, sys

asked = json.loads(sys.stdin.read())
seen = {"python": sys.version.split()[0], "uid": os.getuid(), "environment": dict(os.environ)}

def refused(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno or str(error)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return 0

def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read(100000)
    except OSError:
        return ""

def listed(path):
    try:
        return os.listdir(path)
    except OSError:
        return None

def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""

def fork():
    if os.fork() == 0:
        os._exit(0)

def socket():
    import socket
    socket.socket().close()

def trace():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")

def write(folder):
    path = os.path.join(folder, "deepcoder-probe")
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)

seen["paths"] = [path for path in asked["paths"] if refused(lambda: open(path).close()) == 0]
seen["writable"] = [folder for folder in asked["folders"] if refused(lambda: write(folder)) == 0]
seen["others"] = [pid for pid in asked["pids"] if refused(lambda: os.kill(pid, 0)) == 0]
seen["status"] = {
    line.split(":")[0]: line.split(":")[1].strip()
    for line in read("/proc/self/status").splitlines()
    if line.startswith(("Cap", "NoNewPrivs", "Seccomp"))
}
seen["first"] = read("/proc/1/environ") + read("/proc/self/environ")
entries = listed("/proc")
seen["pids"] = None if entries is None else [int(name) for name in entries if name.isdigit()]
interfaces = read("/proc/net/dev").splitlines()[2:]
seen["interfaces"] = [line.split(":")[0].strip() for line in interfaces]
seen["namespaces"] = {name: link("/proc/self/ns/" + name) for name in asked["namespaces"]}
seen["host"] = os.uname().nodename
try:
    import numpy
    seen["numpy"] = numpy.__version__
except BaseException as error:
    seen["numpy"] = ""
seen["refused"] = {
    "root": refused(lambda: os.setuid(0)),
    "device": refused(lambda: open("/dev/urandom", "wb").close()),
    "socket": refused(socket),
    "ptrace": refused(trace),
    "fork": refused(fork),
}
print(json.dumps(seen))
"""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the witness saw.

    Attributes:
        paths: files of the host that it could open.
        writable: folders it could write a file in.
        others: processes of the host that a signal would have reached.
        status: the lines of /proc/self/status on capabilities, no_new_privs and seccomp.
        first: the environment of process 1 and of itself, as far as they could be read.
        pids: in /proc; None where that cannot be listed.
        refused: an error number or message for each attempt; 0 where nothing stopped it.
    """

    python: str
    uid: int
    environment: Mapping[str, str]
    paths: Sequence[str]
    writable: Sequence[str]
    others: Sequence[int]
    status: Mapping[str, str]
    first: str
    pids: Sequence[int] | None
    interfaces: Sequence[str]
    namespaces: Mapping[str, str]
    host: str
    numpy: str
    refused: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What the witness is asked to look for."""

    paths: tuple[str, ...]
    folders: tuple[str, ...]
    pids: tuple[int, ...]
    namespaces: tuple[str, ...] = ("pid", "net", "ipc", "uts", "mnt", "user")

    def as_bytes(self) -> bytes:
        """What the witness reads."""
        return json.dumps(
            {
                "paths": self.paths,
                "folders": self.folders,
                "pids": self.pids,
                "namespaces": self.namespaces,
            }
        ).encode()


def testimony_of(stdout: bytes) -> Testimony:
    """Read what the witness printed.

    Raises:
        ValueError: it did not get to the end.
    """
    try:
        found: dict[str, Any] = json.loads(stdout)
        return Testimony(**found)
    except TypeError as error:
        raise ValueError(f"the witness printed something else: {error}") from error
