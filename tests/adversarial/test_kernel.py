# ruff: noqa: E501 - programs are shown as they are
"""13: the kernel's other doors: namespaces, tracing of the kernel, odd calls and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import Profile, Status
from tests.adversarial.attack import BOTH, EXITED, STOPPED, STRICT, Attack, cases, controls

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

ROOT = "needs root"
HERE = "depends on the host's settings"
NEW = {"user": 0x10000000, "mount": 0x20000, "network": 0x40000000, "pid": 0x20000000,
       "ipc": 0x08000000, "uts": 0x04000000, "cgroup": 0x02000000, "time": 0x80}  # fmt: skip
NAMESPACES = tuple(
    attack
    for name, flag in NEW.items()
    for attack in (
        Attack(f"unshare {name}", f"call('unshare', {flag}); got()", profiles=BOTH,
               no_control="" if name == "user" else ROOT),
        Attack(f"clone into {name}", f"if call('clone', {flag} | 17, 0, 0, 0, 0): got()\n"
               "else: os._exit(0)", profiles=BOTH if name != "time" else STRICT,
               no_control="" if name == "user" else ROOT),  # clone has no bit for time
        Attack(f"clone3 into {name}", f"arguments = struct.pack('8Q', {flag}, 0, 0, 0, 17, 0, 0, 0)\n"
               "if call('clone3', arguments, 64): got()\nelse: os._exit(0)", profiles=BOTH,
               no_control="" if name == "user" else ROOT),
    )
)  # fmt: skip
ENTERING = Attack("setns", """\
for pid in (1, os.getpid()):
    for name in ('user', 'mnt', 'net', 'pid', 'ipc', 'uts', 'cgroup', 'time'):
        fd = attempt(os.open, f'/proc/{pid}/ns/{name}', os.O_RDONLY)
        if fd and attempt(call, 'setns', fd, 0) is not None: got(pid, name)
""", profiles=BOTH, no_control=ROOT)  # fmt: skip

# One call each; `got()` unless it is refused. Arguments are such that success would harm nothing.
CALLS = tuple(
    Attack(name, f"call({arguments}); got()", profiles=profiles, no_control=no_control)
    for name, arguments, profiles, no_control in (
        ("io_uring", "'io_uring_setup', 8, ctypes.create_string_buffer(120)", BOTH, HERE),
        ("bpf", "'bpf', 0, ctypes.create_string_buffer(struct.pack('IIII', 2, 4, 8, 1), 128), 128",
         BOTH, HERE),
        ("perf", "'perf_event_open', ctypes.create_string_buffer(struct.pack('IIQ', 1, 112, 0), 112),"
         " 0, -1, -1, 0", BOTH, HERE),
        ("userfaultfd", "'userfaultfd', 1", BOTH, HERE),
        ("keyctl", "'keyctl', 0, -3, 1", BOTH, ""),
        ("add_key", "'add_key', b'user', b'evil', b'x', 1, -3", BOTH, ""),
        ("memfd", "'memfd_create', b'x', 0", BOTH, ""),
        ("memfd_secret", "'memfd_secret', 0", BOTH, HERE),
        ("shmget", "'shmget', 0, 4096, 0o1600", BOTH, ""),
        ("landlock", "'landlock_create_ruleset', None, 0, 1", BOTH, HERE),
        ("seccomp", "'seccomp', 2, 0, ctypes.create_string_buffer(4)", STRICT, HERE),
        ("clock_settime", "'clock_settime', 0, struct.pack('qq', 0, 0)", BOTH, ROOT),
        ("settimeofday", "'settimeofday', struct.pack('qq', 0, 0), None", BOTH, ROOT),
        ("adjtimex", "'adjtimex', ctypes.create_string_buffer(208)", BOTH, ""),
        ("sethostname", "'sethostname', b'evil', 4", BOTH, ROOT),
        ("setdomainname", "'setdomainname', b'evil', 4", BOTH, ROOT),
        ("reboot", "'reboot', 0xfee1dead, 672274793, 0, None", BOTH, ROOT),
        ("init_module", "'init_module', b'', 0, b''", BOTH, ROOT),
        ("kexec", "'kexec_load', 0, 0, None, 0", BOTH, ROOT),
        ("swapon", "'swapon', b'/tmp/x', 0", BOTH, ROOT),
        ("acct", "'acct', None", BOTH, ROOT),
        ("kernel log", "'syslog', 3, ctypes.create_string_buffer(99), 99", BOTH, HERE),
        ("quotactl", "'quotactl', 0x800003, None, 0, None", BOTH, ROOT),
        ("open by handle", "'open_by_handle_at', -100, ctypes.create_string_buffer(136), 0", BOTH,
         ROOT),
        ("name to handle", "'name_to_handle_at', -100, b'/',"
         " ctypes.create_string_buffer(struct.pack('I', 128), 136), ctypes.byref(ctypes.c_int()), 0",
         BOTH, HERE),
        ("fanotify", "'fanotify_init', 0, 0", BOTH, ROOT),
        ("personality", "'personality', 0x0040000", BOTH, ""),
        ("move_pages", "'move_pages', 0, 0, None, None, None, 0", BOTH, HERE),
        ("statmount", "'statmount', ctypes.create_string_buffer(24), ctypes.create_string_buffer(512),"
         " 512, 0", STRICT, HERE),
        ("pidfd of PID 1", "'pidfd_open', 1, 0", STRICT, ""),
    )
)  # fmt: skip
PREFIX_32 = (
    "page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)\npage.write({code})\n"
)
RUN_IT = """\
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
if ctypes.CFUNCTYPE(ctypes.c_long)(address)() > 0: got()
"""
GETPID_32 = rb"b'\xb8\x14\0\0\0\xcd\x80\xc3'"  # mov eax, 20; int 0x80; ret
GETPID_X32 = rb"b'\xb8\x27\0\0\x40\x0f\x05\x48\x98\xc3'"  # mov eax, 0x40000027; syscall; cdqe; ret
FOREIGN = (
    Attack("32-bit system call", PREFIX_32.format(code=GETPID_32.decode()) + RUN_IT, STOPPED, BOTH,
           no_control=HERE),
    Attack("x32 system call", PREFIX_32.format(code=GETPID_X32.decode()) + RUN_IT, STOPPED, BOTH,
           no_control=HERE),
)  # fmt: skip
MEMFD_EXEC = Attack("memfd with execveat", """\
fd = os.memfd_create('x')
os.write(fd, open(sys.executable, 'rb').read())
argv = (ctypes.c_char_p * 4)(b'python', b'-c', b'print("got-" + "through")', None)
call('execveat', fd, b'', argv, argv[3:] and (ctypes.c_char_p * 1)(None), 0x1000)
""", profiles=BOTH)  # fmt: skip
PRIVILEGE = Attack("privileges", """\
lines = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines()
             if ':\\t' in line)
if int(lines['CapEff'], 16) or int(lines['CapPrm'], 16) or int(lines['CapAmb'], 16): got('caps')
if lines['NoNewPrivs'] != '1' or lines['Seccomp'] != '2': got('open')
if os.getuid() == 0 or os.getgid() == 0 or os.getgroups() not in ([], [os.getgid()], [65534]): got()
for change in (os.setuid, os.setgid, os.seteuid, os.setegid):
    for number in (0, 1001):
        if attempt(lambda: change(number) or 1): got(change, number)
if attempt(lambda: os.setgroups([0]) or 1): got('groups')
for number in range(41):
    if libc.prctl(23, number, 0, 0, 0) == 1 and libc.prctl(47, 2, number, 0, 0) == 0: got(number)
""", profiles=BOTH, no_control="a bare interpreter shows itself open at once")  # fmt: skip
ATTACKS = (*NAMESPACES, ENTERING, *CALLS, *FOREIGN, MEMFD_EXEC, PRIVILEGE)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


DYING = {
    "segfault": "ctypes.string_at(0)",
    "abort": "os.abort()",
    "division in C": "signal.raise_signal(signal.SIGFPE)",
    "bus error": "page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
    "signal.raise_signal(signal.SIGBUS)",
    "a free of nothing": "libc.free(ctypes.c_void_p(0x1234560))",
}


@pytest.mark.parametrize("name", DYING)
@pytest.mark.parametrize("profile", BOTH)
def test_a_crash_is_a_failure_and_leaves_no_core(name: str, profile: Profile, repel: Repel) -> None:
    source = "import resource\nassert resource.getrlimit(resource.RLIMIT_CORE)[1] == 0\n"
    crash = Attack(name, source + DYING[name], frozenset({Status.SIGNALED}), (profile,))

    assert (repel(crash, profile).signal or 0) > 0


@pytest.mark.parametrize("profile", BOTH)
def test_a_huge_command_line_is_no_way_in(profile: Profile, repel: Repel) -> None:
    source = "os.execv(sys.executable, ['x'] * 10**6)"

    repel(Attack("argv", source, EXITED, (profile,)), profile)
