"""7: everything that is a socket."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from tests.adversarial.attack import BOTH, STRICT, Attack, cases, controls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Profile
    from tests.adversarial.conftest import Repel, Succeeds

NET = frozenset({"net"})
SECONDS = "socket.setdefaulttimeout(2)\n"

# To servers that the tests start on the host: PORT, UDP_PORT, NAME SOCKET.
REACHING = (
    Attack("TCP on loopback", SECONDS + "socket.create_connection(('127.0.0.1', PORT)); got()",
           profiles=BOTH, needs=NET),
    Attack("TCP on all addresses", SECONDS + """\
for address in ('localhost', '0.0.0.0', '127.1.2.3', '::ffff:127.0.0.1', '169.254.169.254'):
    if attempt(socket.create_connection, (address, PORT)): got(address)
""", profiles=BOTH, needs=NET),
    Attack("UDP on loopback", """\
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.sendto(b'x', ('127.0.0.1', UDP_PORT))
link.settimeout(2)
if link.recv(9) == b'answer': got()
""", profiles=BOTH, needs=NET),
    Attack("abstract unix socket", SECONDS + "link = socket.socket(socket.AF_UNIX)\n"
           "link.connect('\\0NAME'); got()", profiles=BOTH, needs=NET),
    Attack("unix socket on a path", SECONDS + "link = socket.socket(socket.AF_UNIX)\n"
           "link.connect('SOCKET'); got()", profiles=BOTH, needs=NET,
           no_control="the control has another /tmp"),
    Attack("asyncio", """\
import asyncio
async def main():
    await asyncio.wait_for(asyncio.open_connection('127.0.0.1', PORT), 2); got()
asyncio.run(main())
""", profiles=BOTH, needs=NET),
    Attack("interfaces", "if len(socket.if_nameindex()) > 1: got()", profiles=BOTH, needs=NET,
           no_control="not every host has a network"),
)  # fmt: skip

ABSENT_SOMEWHERE = "not every kernel has it"
KINDS = tuple(
    Attack(f"{family} {kind}", f"socket.socket(socket.{family}, socket.{kind}, {protocol}); got()",
           profiles=profiles, no_control=no_control)
    for family, kind, protocol, profiles, no_control in (
        ("AF_INET", "SOCK_STREAM", 0, STRICT, ""),
        ("AF_INET", "SOCK_DGRAM", 0, STRICT, ""),
        ("AF_INET", "SOCK_RAW", 1, BOTH, "needs root"),
        ("AF_INET6", "SOCK_STREAM", 0, STRICT, ABSENT_SOMEWHERE),
        ("AF_UNIX", "SOCK_STREAM", 0, STRICT, ""),
        ("AF_UNIX", "SOCK_DGRAM", 0, STRICT, ""),
        ("AF_UNIX", "SOCK_SEQPACKET", 0, STRICT, ""),
        ("AF_NETLINK", "SOCK_RAW", 0, BOTH, ""),
        ("AF_NETLINK", "SOCK_DGRAM", 9, BOTH, ""),
        ("AF_PACKET", "SOCK_RAW", 3, BOTH, "needs root"),
        ("AF_VSOCK", "SOCK_STREAM", 0, BOTH, ABSENT_SOMEWHERE),
        ("AF_ALG", "SOCK_SEQPACKET", 0, BOTH, ABSENT_SOMEWHERE),
        ("AF_CAN", "SOCK_RAW", 1, BOTH, ABSENT_SOMEWHERE),
        ("AF_BLUETOOTH", "SOCK_STREAM", 3, BOTH, ABSENT_SOMEWHERE),
        ("AF_TIPC", "SOCK_RDM", 0, BOTH, ABSENT_SOMEWHERE),
    )
)  # fmt: skip
PAIRS = tuple(
    Attack(f"pair of {kind}", f"socket.socketpair(socket.AF_UNIX, socket.{kind}); got()")
    for kind in ("SOCK_DGRAM", "SOCK_SEQPACKET")
)
LISTENING = Attack("a server", """\
import socketserver
socketserver.TCPServer(('127.0.0.1', 0), None).server_close(); got()
""")  # fmt: skip
ATTACKS = (*REACHING, *KINDS, *PAIRS, LISTENING)


@pytest.fixture
def aimed(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Servers on the host, and what stands for their addresses in the attacks."""
    name, path = f"evil-{os.getpid()}", tmp_path / "socket"
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    abstract, on_path = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    with tcp, udp, abstract, on_path:
        abstract.bind(f"\0{name}")
        on_path.bind(str(path))
        for server in (abstract, on_path):
            server.listen()
        yield {
            "UDP_PORT": str(udp.getsockname()[1]), "PORT": str(tcp.getsockname()[1]),
            "NAME": name, "SOCKET": str(path),
        }  # fmt: skip


def at(attack: Attack, addresses: dict[str, str]) -> Attack:
    source = attack.source
    for word, value in addresses.items():
        source = source.replace(word, value)
    return Attack(attack.name, source, attack.statuses, attack.profiles, needs=attack.needs)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS))
def test_it_is_repelled(
    attack: Attack, profile: Profile, repel: Repel, aimed: dict[str, str]
) -> None:
    repel(at(attack, aimed), profile)


@pytest.mark.parametrize("attack", controls(a for a in ATTACKS if "UDP on" not in a.name))
def test_it_succeeds_without_the_sandbox(
    attack: Attack, succeeds: Succeeds, aimed: dict[str, str]
) -> None:
    succeeds(at(attack, aimed))
