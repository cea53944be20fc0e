"""2: memory by every way the kernel gives it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile, Status
from deepcoder_cli.types import Limits
from tests.adversarial.attack import (
    BOTH,
    GENERAL,
    STOPPED,
    STRICT,
    Attack,
    cases,
    controls,
)  # fmt: skip

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

# Each takes 384 MiB where it may hold 64, holds it for a few looks of a watcher, then says so.
LIMITS = Limits(cpu_s=5, wall_s=15, memory_mib=64)
TAKE = "MIB = 1 << 20\ndef hold(): time.sleep(0.3); got()\n"
OVER = frozenset({Status.MEMORY_LIMIT})


def taking(
    name: str,
    source: str,
    statuses: frozenset[Status] = STOPPED,
    profiles: tuple[Profile, ...] = BOTH,
    *,
    no_control: str = "",
) -> Attack:
    return Attack(
        name, TAKE + source, statuses, profiles, limits=LIMITS,
        no_control=no_control,
    )  # fmt: skip


HEAP = (
    taking("bytearrays", "held = [bytearray(b'x') * MIB for _ in range(384)]\nhold()", OVER),
    taking("one large string", "held = 'x' * (384 * MIB)\nhold()", OVER),
    taking("a list that grows", "held = []\nfor _ in range(3 << 20): held += [None] * 16\nhold()",
           OVER),
    taking("small objects", "held = [(i,) for i in range(5 << 20)]\nhold()", OVER),
    taking("a huge integer", "held = 1 << (3 << 30)\nhold()", OVER),
    taking("MemoryError caught again and again", """\
held, size = [], 64 * MIB
while size > 4096 and len(held) < 6:
    try: held.append(bytes(1) * size)
    except MemoryError: size //= 2
if sum(map(len, held)) == 384 * MIB: hold()
"""),
    taking("nested lists", """\
held = []
for _ in range(1000000): held = [held, bytes(300)]
hold()
""", OVER),
    taking("libc's malloc", """\
libc.malloc.restype = ctypes.c_void_p
for _ in range(6): ctypes.memset(ctypes.c_void_p(libc.malloc(64 * MIB)) or 1, 1, 64 * MIB)
hold()
"""),
    taking("brk", """\
libc.sbrk.restype = ctypes.c_void_p
for _ in range(6):
    start = libc.sbrk(64 * MIB)
    if start == 2**64 - 1: raise MemoryError
    ctypes.memset(start, 1, 64 * MIB)
hold()
"""),
)  # fmt: skip

MAPPED = """\
held = [mmap.mmap(-1, 64 * MIB, flags={flags}) for _ in range(6)]
for part in held:
    for page in range(0, 64 * MIB, 4096): part[page] = 1
hold()
"""
DROPPED = """\
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
for _ in range(6):
    address = libc.mmap(None, 64 * MIB, 3, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, -1, 0)
    if address == 2**64 - 1: raise MemoryError
    ctypes.memset(address, 1, 64 * MIB)
    libc.munmap(address + 4096, 64 * MIB - 4096)  # the pages stay: they belong to the mapping
hold()
"""
MAPPINGS = (
    taking("private mappings", MAPPED.format(flags="mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS")),
    taking("shared mappings", MAPPED.format(flags="mmap.MAP_SHARED | mmap.MAP_ANONYMOUS")),
    taking("shared pages that no mapping shows", DROPPED, profiles=STRICT),
    taking("memfd", """\
fd = os.memfd_create('x')
for _ in range(384): os.write(fd, bytes(MIB))
hold()
"""),
    taking("memfd mapped", """\
fd = os.memfd_create('x')
os.ftruncate(fd, 384 * MIB)
held = mmap.mmap(fd, 384 * MIB)
for page in range(0, 384 * MIB, 4096): held[page] = 1
hold()
"""),
    taking("memfd_secret", """\
fd = call('memfd_secret', 0)
os.ftruncate(fd, 384 * MIB)
got()
""", no_control="the kernel of most hosts has it switched off"),
    taking("SysV shared memory", """\
libc.shmat.restype = ctypes.c_void_p
for _ in range(6):
    address = libc.shmat(call('shmget', 0, 64 * MIB, 0o1600), None, 0)
    ctypes.memset(address, 1, 64 * MIB)
    libc.shmdt(ctypes.c_void_p(address))
hold()
"""),
    taking("stacks of threads", """\
threading.stack_size(64 * MIB)
libc.pthread_self.restype = ctypes.c_ulong
ready = threading.Barrier(7)
def sink():
    top = libc.pthread_self() - MIB  # a thread's stack ends where glibc keeps what it is
    ctypes.memset(top - 58 * MIB, 1, 58 * MIB)
    ready.wait()
    time.sleep(5)
for _ in range(6): threading.Thread(target=sink, daemon=True).start()
ready.wait(9)
hold()
"""),
    taking("mlock", """\
held = mmap.mmap(-1, 384 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
start = ctypes.addressof(ctypes.c_char.from_buffer(held))
checked(libc.mlock(ctypes.c_void_p(start), ctypes.c_size_t(384 * MIB)))
got()
""", no_control="what may be locked depends on the host"),
)  # fmt: skip

# What waits in the kernel counts neither as address space nor as resident memory.
KERNEL_MEMORY = (
    taking("large pipes", """\
total, held = 0, []
while total < 256 * MIB:
    pair = os.pipe(); held.append(pair)
    for end in pair: os.set_blocking(end, False)
    fcntl.fcntl(pair[1], 1031, MIB)
    try:
        while True: total += os.write(pair[1], bytes(65536))
    except BlockingIOError: pass
got(total)
""", profiles=STRICT, no_control="the host bounds pipes per user"),
    taking("small pipes, kept", """\
import resource
attempt(resource.setrlimit, resource.RLIMIT_NOFILE, (4096, 4096))
total, held = 0, []
while total < 48 * MIB:
    pair = os.pipe(); held.append(pair)
    for end in pair: os.set_blocking(end, False)
    try:
        while True: total += os.write(pair[1], bytes(4096))
    except BlockingIOError: pass
got(total)
""", no_control="the host bounds pipes per user"),
    taking("socket pairs", """\
held, kept = 0, []
while held < 48 * MIB:
    pair = socket.socketpair(); kept.append(pair)
    pair[0].setblocking(False)
    attempt(pair[0].setsockopt, socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
    try:
        while True: held += pair[0].send(bytes(65536))
    except BlockingIOError: pass
got(held)
"""),
    taking("descriptors in flight", """\
ours, theirs = socket.socketpair()
ours.setblocking(False)
held = 0
while held < 200:
    pair = socket.socketpair()
    socket.send_fds(ours, [b'x'], [pair[0].fileno(), pair[1].fileno()])
    held += 1
got()
""", profiles=STRICT),
    taking("vmsplice", """\
reading, writing = os.pipe()
page = ctypes.create_string_buffer(4096)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(page), 4096)
call('vmsplice', writing, vector, 1, 0)
got()
""", profiles=STRICT),
    taking("tee", """\
first, second = os.pipe(), os.pipe()
os.write(first[1], b'x')
call('tee', first[0], second[1], 1, 0)
got()
""", profiles=STRICT),
    taking("inotify", "call('inotify_init1', 0)\ngot()", profiles=STRICT),
    taking("aio", "call('io_setup', 1024, ctypes.byref(ctypes.c_ulong()))\ngot()", profiles=STRICT),
    taking("message queue", "call('mq_open', b'evil', 0o102, 0o600, None)\ngot()", profiles=STRICT),
    taking("SysV message queue", "call('msgget', 0x0e71, 0o1600)\ngot()", profiles=STRICT),
    taking("Landlock rulesets", "call('landlock_create_ruleset', None, 0, 1)\ngot()",
           profiles=STRICT),
    taking("timers", """\
held = 0
while held < 2000:
    call('timer_create', 1, None, ctypes.byref(ctypes.c_int())); held += 1
got()
""", profiles=STRICT),
    taking("epoll sets", """\
import select
held = []
for _ in range(500): held.append(select.epoll())
got()
""", no_control="the host bounds descriptors per process"),
)  # fmt: skip

SHARED_OUT = (
    taking("eight children", """\
for _ in range(8):
    if os.fork() == 0:
        held = bytearray(b'x') * (48 * MIB)
        time.sleep(9)
time.sleep(0.8); got()
""", OVER, GENERAL),
    taking("the temporary file system", """\
for number in range(384):
    with open(f'/tmp/evil-{number}', 'wb') as file: file.write(bytes(MIB))
hold()
"""),
)  # fmt: skip
ATTACKS = (*HEAP, *MAPPINGS, *KERNEL_MEMORY, *SHARED_OUT)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS, slow_general=False))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


def test_what_is_reported_as_peak_stays_near_the_limit(repel: Repel) -> None:
    bomb = taking("bomb", "held = []\nwhile True: held.append(bytearray(b'x') * MIB)", OVER)
    result = repel(bomb, Profile.STRICT)

    assert result.peak_mib <= 64 + 512


def test_memory_is_seen_after_the_main_thread_has_ended(repel: Repel) -> None:
    """The process then shows no memory of its own."""
    source = """\
def take():
    time.sleep(0.1)
    held = bytearray(b'x') * (384 * MIB)
    hold()
threading.Thread(target=take).start()
call('exit', 0)
"""
    repel(taking("main thread gone", source), Profile.STRICT)


def test_numpy_counts_as_well(repel: Repel) -> None:
    source = "import numpy\nheld = numpy.ones((48 * MIB,))\nhold()"
    there = repel(Attack("look", "import importlib.util as u\nprint(u.find_spec('numpy'))"),
                  Profile.STRICT)  # fmt: skip
    if there.stdout == b"None\n":
        pytest.skip("needs numpy beside the interpreter that the sandbox uses")

    repel(taking("numpy", source, OVER), Profile.STRICT)
