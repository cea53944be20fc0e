# ruff: noqa: E501 - programs are shown as they are
"""All classes again, from compiled C++: nothing of an interpreter is in the way, or of any use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase
from tests.adversarial.attack import (
    CANARY,
    EXITED,
    NUMBERS,
    OUT_OF_TIME,
    STOPPED,
    STRICT,
    UNIFIED,
    Attack,
    cases,
    controls,
)
from tests.adversarial.conftest import needs_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.sandbox.runner import Runner
    from tests.adversarial.conftest import Repel, Succeeds

CPP_PRELUDE = """\
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>
static void got() { std::string s = std::string("got-") + "through\\n"; write(1, s.data(), s.size()); }
static void nap(double s) { timespec t = {(long)s, (long)((s - (long)s) * 1e9)}; nanosleep(&t, 0); }
static double cpu() { return clock() / (double)CLOCKS_PER_SEC; }
"""
LIMITS = Limits(cpu_s=0.5, wall_s=10, memory_mib=64, output_kib=256)


Body = tuple[str, str, frozenset[Status], Limits, str]


def native(
    name: str, body: str, statuses: frozenset[Status] = EXITED, *,
    limits: Limits = LIMITS, no_control: str = "",
) -> Body:  # fmt: skip
    """An attack of the one program that holds them all: its number is the first argument."""
    return name, body, statuses, limits, no_control


def together(bodies: Sequence[Body]) -> tuple[Attack, ...]:
    """One program, compiled once, and an attack for each of `bodies`."""
    functions = "\n".join(
        f"static void attack_{n}(int argc, char** argv) {{\n{numbered(body)}\n}}"
        for n, (_, body, *_) in enumerate(bodies)
    )
    choices = "".join(
        f"if (which == {n}) attack_{n}(argc - 1, argv + 1);" for n in range(len(bodies))
    )
    main = f"int main(int argc, char** argv) {{ int which = atoi(argv[1]); {choices} return 0; }}\n"
    source = f"{CPP_PRELUDE}{MACHINE}{functions}\n{main}"
    return tuple(
        Attack(name, source, statuses, STRICT, limits=limits, no_control=no_control,
               language=Language.CPP, argv=(str(n),))
        for n, (name, _, statuses, limits, no_control) in enumerate(bodies)
    )  # fmt: skip


def alone(
    name: str, outside: str, body: str, statuses: frozenset[Status], limits: Limits
) -> Attack:
    """An attack in a program of its own: what it does happens before or after `main`."""
    source = f"{CPP_PRELUDE}{outside}\nint main() {{ {body} }}\n"
    return Attack(name, source, statuses, STRICT, limits=limits, language=Language.CPP)


def numbered(body: str) -> str:
    """`NR(name)` becomes the number of a system call, whichever machine it is compiled for."""

    def number(match: re.Match[str]) -> str:
        if match[1] in UNIFIED:
            return str(UNIFIED[match[1]])
        x86, arm = NUMBERS[match[1]]
        return f"(sizeof(void*) == 8 && MACHINE_ARM ? {arm} : {x86})"

    return re.sub(r"NR\((\w+)\)", number, body)


MACHINE = """\
#ifdef __aarch64__
#define MACHINE_ARM 1
#else
#define MACHINE_ARM 0
#endif
"""
HERE, ROOT = "depends on the host's settings", "needs root"
ASSEMBLER = "of x86_64 alone"
PROCESSES = (
    native("fork", "if (fork() > 0) got(); else _exit(0);"),
    native("vfork", "int p = vfork(); if (p == 0) _exit(0); if (p > 0) got();"),
    native("raw clone", "if (syscall(NR(clone), 17, 0, 0, 0, 0) > 0) got(); else _exit(0);"),
    native("clone that shares memory",
           "static char stack[65536]; int f = 0x100 | 0x400 | 17;"
           "int p = clone([](void*) { return 0; }, stack + 65536, f, 0); if (p > 0) got();"),
    native("exec of itself", """\
if (argc > 1) { got(); return; }
execl("/proc/self/exe", "x", argv[0], "again", (char*)0);"""),
    native("exec of itself by descriptor", """\
if (argc > 1) { got(); return; }
for (int fd = 0; fd < 99; fd++) {
  char* av[] = {(char*)"x", argv[0], (char*)"again", 0};
  syscall(NR(execveat), fd, "", av, 0, 0x1000);
}
int fd = open("/proc/self/exe", O_RDONLY);
char* av[] = {(char*)"x", argv[0], (char*)"again", 0};
syscall(NR(execveat), fd, "", av, 0, 0x1000);"""),
    native("memfd and execveat", """\
if (argc > 1) { got(); return; }
int fd = syscall(NR(memfd_create), "x", 0), from = open("/proc/self/exe", O_RDONLY);
char part[65536]; long n;
while ((n = read(from, part, sizeof part)) > 0) write(fd, part, n);
char* av[] = {(char*)"x", argv[0], (char*)"again", 0};
syscall(NR(execveat), fd, "", av, 0, 0x1000);"""),
    native("400 threads", """\
std::vector<std::thread> all;
try { for (int i = 0; i < 400; i++) all.emplace_back([] { nap(9); }); got(); } catch (...) { }
_exit(0);"""),
)  # fmt: skip
MEMORY = (
    native("new", "for (int i = 0; i < 384; i++) memset(new char[1 << 20], 1, 1 << 20); nap(0.3); got();",
           STOPPED, limits=Limits(cpu_s=5, memory_mib=64)),
    native("mmap shared", "char* p = (char*)mmap(0, 384 << 20, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);"
           "if (p != MAP_FAILED) { memset(p, 1, 384 << 20); nap(0.3); got(); }", STOPPED,
           limits=Limits(cpu_s=5, memory_mib=64)),
    native("a huge page", "char* p = (char*)mmap(0, 2 << 20, 3, 0x40022, -1, 0);"
           "if (p != MAP_FAILED) got();", no_control=HERE),
)  # fmt: skip
SECONDS = "needs seconds"
ENDINGS = (
    native("busy", "while (cpu() < 2) { } got();", frozenset({Status.CPU_LIMIT})),
    native("deaf and busy", "sigset_t all; sigfillset(&all); sigprocmask(SIG_SETMASK, &all, 0);"
           "while (cpu() < 2) { } got();", frozenset({Status.CPU_LIMIT})),
    native("asleep", "nap(3); got();", OUT_OF_TIME, limits=Limits(cpu_s=1, wall_s=0.5)),
    native("a flood", "static char x[65536]; for (int i = 0; i < 128; i++) write(1, x, sizeof x);"
           "std::string s = std::string(\"got-\") + \"through\"; write(2, s.data(), s.size());",
           frozenset({Status.OUTPUT_LIMIT})),
)  # fmt: skip
KERNEL = tuple(
    native(name, f"if (syscall(NR({call}){arguments}) >= 0) got();", no_control=no_control)
    for name, call, arguments, no_control in (
        ("io_uring", "io_uring_setup", ", 8, std::string(120, 0).data()", HERE),
        ("userfaultfd", "userfaultfd", ", 1", HERE),
        ("keyctl", "keyctl", ", 0, -3, 1", ""),
        ("bpf", "bpf", ", 0, std::string(128, 0).data(), 128", HERE),
        ("perf", "perf_event_open", ", std::string(128, 0).data(), 0, -1, -1, 0", HERE),
        ("memfd", "memfd_create", ', "x", 0', ""),
        ("shmget", "shmget", ", 0, 4096, 01600", ""),
        ("user namespace", "unshare", ", 0x10000000", ""),
        ("ptrace of PID 1", "ptrace", ", 0x4206, 1, 0, 0", HERE),
        ("reading PID 1", "process_vm_readv", ", 1, 0, 0, 0, 0, 0", ""),
        ("limits of PID 1", "prlimit64", ", 1, 7, 0, std::string(16, 0).data()", HERE),
        ("pidfd of PID 1", "pidfd_open", ", 1, 0", ""),
        ("vmsplice", "vmsplice", ", 1, 0, 0, 0", HERE),
        ("personality", "personality", ", 0x0400000", ""),
        ("landlock", "landlock_create_ruleset", ", 0, 0, 1", HERE),
        ("clock", "clock_settime", ", 0, std::string(16, 0).data()", ROOT),
    )
)  # fmt: skip
SOCKETS = tuple(
    native(f"socket of family {family}", f"if (socket({family}, {kind}, 0) >= 0) got();",
           no_control="" if family in {1, 2, 16} else HERE)
    for family, kind in ((1, 1), (2, 1), (2, 2), (10, 1), (16, 3), (17, 3), (38, 5), (40, 1))
)  # fmt: skip
FOREIGN = (
    native("32-bit system call", """\
#ifdef __x86_64__
long r = 20; asm volatile("int $0x80" : "+a"(r) : : "memory"); if (r > 0) got();
#endif""", STOPPED, no_control=ASSEMBLER),
    native("32-bit execve", """\
#ifdef __x86_64__
static char path[] = "/proc/self/exe"; long r = 11;
asm volatile("int $0x80" : "+a"(r) : "b"(path), "c"(0), "d"(0) : "memory"); if (r == 0) got();
#endif""", STOPPED, no_control=ASSEMBLER),
    native("x32 system call", """\
#ifdef __x86_64__
long r = 0x40000027; asm volatile("syscall" : "+a"(r) : : "rcx", "r11", "memory"); if (r > 0) got();
#endif""", STOPPED, no_control=ASSEMBLER),
    native("x32 open", """\
#ifdef __x86_64__
long r = 0x40000002; asm volatile("syscall" : "+a"(r) : "D"("VICTIM/secret"), "S"(0) : "rcx", "r11");
if (r >= 0) got();
#endif""", STOPPED, no_control=ASSEMBLER),
    native("the old way to the kernel", """\
#ifdef __x86_64__
long r; asm volatile("mov $39, %%eax\\n call *%1" : "=a"(r) : "r"(0xffffffffff600000UL) : "rcx", "r11");
if (r < -4095 || r > 1000000000000) got();
#endif""", STOPPED, no_control=ASSEMBLER),
)  # fmt: skip
FILES = (
    native("reading", 'if (open("VICTIM/secret", O_RDONLY) >= 0 || open("/etc/passwd", 0) >= 0) got();'),
    native("writing", """\
const char* paths[] = {"VICTIM/evil", "/tmp/evil", "/dev/shm/evil", "/var/tmp/evil", "evil"};
for (const char* path : paths) if (open(path, O_CREAT | O_RDWR, 0600) >= 0) got();"""),
    native("changing", 'if (!chmod("VICTIM/secret", 0777) || !truncate("VICTIM/secret", 0)) got();'),
    native("signals to PID 1", """\
for (int n = 1; n < 65; n++) kill(1, n); kill(-1, 9); nap(0.05);
if (kill(1, 0) && errno == ESRCH) got();""", STOPPED, no_control="PID 1 of the control is deaf, too"),
)  # fmt: skip
ATTACKS = together((*PROCESSES, *MEMORY, *ENDINGS, *KERNEL, *SOCKETS, *FOREIGN, *FILES))
EAT = """\
__attribute__((noinline)) static void eat(int n) {
  volatile char page[1024]; page[0] = n; if (n) eat(n - 1); else { nap(0.3); got(); } page[1] = 1; }
"""
ROOM = Limits(cpu_s=5, memory_mib=64)
CPU = frozenset({Status.CPU_LIMIT})
ALONE = (
    alone("busy in a destructor", "struct Last { ~Last() { while (cpu() < 1.5) { } got(); } } last;",
          "", CPU, LIMITS),
    alone("busy before main", "struct First { First() { while (cpu() < 1.5) { } got(); } } first;",
          "", CPU, LIMITS),
    alone("static data", "static char big[384 << 20];", "memset(big, 1, sizeof big); nap(0.3); got();",
          STOPPED, ROOM),
    alone("the stack", EAT, "rlimit l = {1 << 29, 1 << 29}; setrlimit(RLIMIT_STACK, &l);"
          "std::thread t([] { eat(350 << 10); }); t.join();", STOPPED, ROOM),
)  # fmt: skip


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "profile"), cases(ALONE))
def test_what_happens_around_main_is_repelled(
    attack: Attack, profile: Profile, repel: Repel
) -> None:
    repel(attack, profile)


@pytest.mark.slow
@pytest.mark.parametrize("attack", controls((*ATTACKS, *ALONE[:3])))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


SCAN = (
    CPP_PRELUDE
    + """\
static std::string wanted() { return std::string("canary-") + std::string("19a3f7").assign({'7','f','3','a','9','1'}); }
static int found = 0, looked = 0;
static void look(const char* data, size_t size, const std::string& w) {
  looked++;
  for (const char* p = data; (p = (const char*)memchr(p, 'c', data + size - p)); p++)
    if ((size_t)(data + size - p) >= w.size() && !memcmp(p, w.data(), w.size())
        && p != w.data()) found++;
}
int main() {
  std::string w = wanted();
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512];
  unsigned long low, high; char rights[8];
  while (fgets(line, sizeof line, maps))
    if (sscanf(line, "%lx-%lx %7s", &low, &high, rights) == 3 && rights[0] == 'r'
        && !strstr(line, "[v")) look((char*)low, high - low, w);
  static char part[1 << 20];
  for (int fd = 0; fd < 1024; fd++) {
    long n = pread(fd, part, sizeof part, 0);
    if (n > 0) look(part, n, w);
  }
  printf("%d %d\\n", looked > 8, found);
}
"""
)


def test_the_expected_output_is_nowhere_in_a_compiled_programs_memory(runner: Runner) -> None:
    needs_language(runner, Language.CPP)
    hidden = judge(SCAN, [TestCase("", CANARY)], runner=runner, language=Language.CPP)
    shown = judge(SCAN, [TestCase(CANARY, "")], runner=runner, language=Language.CPP)

    assert hidden.tests[0].result.stdout == b"1 0\n"
    assert shown.tests[0].result.stdout != b"1 0\n"  # the control


FORGING = """\
int main() {{
  const char* messages[] = {{"42", "V42", "C", "M", "ready", "- 0 0 0 0"}};
  for (int fd = 3; fd < 1024; fd++)
    for (const char* m : messages) {{ write(fd, m, strlen(m)); send(fd, m, strlen(m), 0); }}
  {end}
}}
"""


@pytest.mark.parametrize(
    "end",
    [
        "_exit(0);",
        "_exit(1);",
        "_exit(70);",
        "_exit(127);",
        "raise(9);",
        "abort();",
        "__builtin_trap();",
    ],
)
@pytest.mark.slow
def test_a_compiled_program_earns_nothing_by_forging(runner: Runner, end: str) -> None:
    needs_language(runner, Language.CPP)
    program = CPP_PRELUDE + FORGING.format(end=end)
    result = judge(program, [TestCase("", "42")], runner=runner, language=Language.CPP)

    assert result.verdict in {Verdict.WA, Verdict.RE}


def test_the_binary_of_a_program_cannot_be_changed_for_its_next_test(runner: Runner) -> None:
    needs_language(runner, Language.CPP)
    program = CPP_PRELUDE + """\
int main() {
  int n = open("/proc/self/exe", O_RDWR | O_TRUNC); write(n, "x", 1); truncate("/proc/self/exe", 0);
  chmod("/proc/self/exe", 0);
  for (int fd = 3; fd < 99; fd++) { pwrite(fd, "x", 1, 0); ftruncate(fd, 0); fchmod(fd, 0); }
  puts("7");
}
"""  # fmt: skip
    request = RunRequest(program, language=Language.CPP, limits=Limits(cpu_s=5))
    for _ in range(3):
        result = runner.run(request)
        assert (result.status, result.stdout) == (Status.EXITED, b"7\n")
