"""The strict filter, taken on for real: what it stops, and what still runs."""

from __future__ import annotations

import platform
import signal

import pytest

from deepcoder_cli.sandbox.seccomp.syscalls import NUMBERS
from tests.sandbox import filtered
from tests.sandbox.forbidden_calls import FORBIDDEN

HERE = {*NUMBERS[platform.machine()]}
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="a call of x86 processors alone")


@pytest.fixture(autouse=True, scope="module")
def _filters() -> None:
    filtered.needs_filters()


@pytest.mark.parametrize("group", FORBIDDEN)
def test_forbidden_calls_are_refused(group: str) -> None:
    calls = [call for name, call in FORBIDDEN[group] if name in HERE]

    found = filtered.answers(calls)

    assert found == dict.fromkeys(calls, "EPERM")


@pytest.mark.parametrize("group", ["processes", "network", "memory nobody counts", "kernel doors"])
def test_without_the_filter_the_same_calls_are_not_refused_alike(group: str) -> None:
    calls = [call for name, call in FORBIDDEN[group] if name in HERE - {"fork", "vfork", "clone"}]

    found = filtered.answers(calls, filtered.NOTHING)

    assert list(found.values()).count("EPERM") < len(calls) / 4


def test_calls_that_the_c_library_can_do_without_seem_not_to_exist() -> None:
    calls = ["call('clone3', None, 0)", "call('openat2', -100, b'/', None, 0)", "call(600)"]

    assert filtered.answers(calls) == dict.fromkeys(calls, "ENOSYS")


@X86
def test_x32_calls_are_refused() -> None:
    calls = [f"call({0x40000000 | number})" for number in (39, 0, 520, 547)]

    assert filtered.answers(calls) == dict.fromkeys(calls, "EPERM")


STAGED = """
from deepcoder_cli.sandbox.seccomp.staged import child_filter, zygote_filter
kernel.Filter(zygote_filter(63)).take_on()
child = kernel.Filter(child_filter())
if os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
child.take_on()
"""


@pytest.mark.parametrize("group", sorted(set(FORBIDDEN) - {"signals"}))
def test_two_stages_refuse_the_same(group: str) -> None:
    """Signals are left to the process namespace, where there is one."""
    calls = [call for name, call in FORBIDDEN[group] if name in HERE]
    lines = "".join(f"print({call}, flush=True)\n" for call in calls)

    done = filtered.python(STAGED + lines, filtered.NOTHING)

    assert dict(zip(calls, done.stdout.split(), strict=True)) == dict.fromkeys(calls, "EPERM")


CALL_32_BIT = """
import mmap
page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid())
"""


@X86
def test_a_32_bit_call_kills() -> None:
    if filtered.python(CALL_32_BIT, filtered.NOTHING).stdout != "True\n":
        pytest.skip("needs a kernel with 32-bit calls")

    done = filtered.python(CALL_32_BIT)

    assert (done.returncode, done.stdout) == (-signal.SIGSYS, "")


def test_the_filter_holds_in_every_thread() -> None:
    code = """
found = []
threads = [threading.Thread(target=lambda: found.append(call("socket", 2, 1, 0))) for _ in range(3)]
[t.start() for t in threads], [t.join() for t in threads]
print(*found)
"""
    assert filtered.python(code).stdout == "EPERM EPERM EPERM\n"


def test_starting_a_program_is_a_permission_error() -> None:
    code = """
import subprocess
for start in (os.fork, lambda: subprocess.run(["true"]), lambda: os.execv("/bin/true", ["true"])):
    try:
        start()
    except PermissionError as error:
        print(error.errno)
print(os.system("true") != 0)
"""
    assert filtered.python(code).stdout == "1\n1\n1\nTrue\n"
