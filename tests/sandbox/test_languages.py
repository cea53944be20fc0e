"""C++ and JavaScript in the real sandbox, and what a compiler is kept from."""

# ruff: noqa: E501 - tables read best with one program a line
from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable, ToolchainMissing
from deepcoder_cli.sandbox import compile as compile_module
from deepcoder_cli.sandbox import toolchains
from deepcoder_cli.sandbox.bubblewrap import BubblewrapRunner
from deepcoder_cli.sandbox.compile import Compilation
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.outcome import lost
from deepcoder_cli.sandbox.runner import Profile, RunRequest, RunResult, Status
from deepcoder_cli.sandbox.sealed import SealedFile
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from deepcoder_cli.sandbox.job import Job
    from deepcoder_cli.sandbox.local import LocalRunner

LIMITS = Limits(cpu_s=5.0, memory_mib=256)
CONTROL = 1  # the job that shows what the compiler knows
DOUBLE = "#include <iostream>\nint main() { long x; std::cin >> x; std::cout << 2 * x << '\\n'; }"


def cpp(program: str, *, profile: Profile = Profile.GENERAL, **fields: object) -> RunRequest:
    return RunRequest(program, language=Language.CPP, profile=profile, limits=LIMITS, **fields)  # type: ignore[arg-type]


def js(program: str, limits: Limits = LIMITS, **fields: object) -> RunRequest:
    return RunRequest(program, language=Language.JAVASCRIPT, limits=limits, **fields)  # type: ignore[arg-type]


@pytest.fixture
def general(runner: LocalRunner) -> BubblewrapRunner:
    assert runner.general is not None
    return runner.general


@pytest.fixture
def _cxx() -> None:
    try:
        toolchains.compiler()
    except ToolchainMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def _node() -> None:
    try:
        toolchains.node()
    except ToolchainMissing as error:
        pytest.skip(str(error))


class Counting(BubblewrapRunner):
    """Counts its jobs; the first `losing` of them are lost to the machine."""

    jobs = 0
    losing = 0

    def run_job(self, job: Job) -> tuple[RunResult, bytes]:
        self.jobs += 1
        if self.jobs <= self.losing:
            return lost("by the machine", self.tier), b""
        return super().run_job(job)

    async def arun_job(self, job: Job) -> tuple[RunResult, bytes]:
        self.jobs += 1
        return await super().arun_job(job)


@pytest.fixture
def counting(general: BubblewrapRunner) -> Counting:
    return Counting(general._bwrap)


# C++


@pytest.mark.usefixtures("_cxx")
@pytest.mark.parametrize("profile", list(Profile))
def test_cpp_runs_under_either_profile(runner: LocalRunner, profile: Profile) -> None:
    program = """\
#include <bits/stdc++.h>
int main(int argc, char** argv) {
    std::string line;
    while (std::getline(std::cin, line)) std::cout << line << '|';
    std::cerr << argc << argv[1] << std::endl;
    return 3;
}
"""
    result = runner.run(cpp(program, profile=profile, stdin=b"a\nb", argv=("x y",)))

    assert (result.status, result.exit_code) == (Status.EXITED, 3)
    assert (result.stdout, result.stderr) == (b"a|b|", b"2x y\n")


@pytest.mark.slow
@pytest.mark.usefixtures("_cxx")
@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("int main() { for (;;); }", Status.CPU_LIMIT),
        ("int main() { *(volatile int*)0 = 1; }", Status.SIGNALED),
        ("#include <vector>\nint main() { std::vector<char> v(400 << 20, 1); return v[9]; }", Status.MEMORY_LIMIT),
        ("#include <vector>\nint main() { std::vector<char> v(1l << 40, 1); return v[9]; }", Status.MEMORY_LIMIT),
        ("#include <cstdio>\nint main() { for (;;) puts(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxx\"); }", Status.OUTPUT_LIMIT),
        ("#include <stdexcept>\nint main() { throw std::runtime_error(\"no\"); }", Status.SIGNALED),
        ("int main() { return x; }", Status.COMPILE_ERROR),
        ("", Status.COMPILE_ERROR),
        ("int f(int n) { volatile char a[4096]; a[0] = n; return n ? f(n - 1) + a[0] : 0; }\nint main() { return f(10000) != 48; }", Status.EXITED),
    ],
)  # fmt: skip
def test_how_a_cpp_program_ends_is_told(
    general: BubblewrapRunner, program: str, status: Status
) -> None:
    request = replace(cpp(program), limits=Limits(cpu_s=1.5, memory_mib=256))

    assert general.run(request).status is status


@pytest.mark.usefixtures("_cxx")
def test_cpp_threads_and_processes_work_in_general(general: BubblewrapRunner) -> None:
    program = """\
#include <cstdio>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>
int main() {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++) threads.emplace_back([] {});
    for (auto& thread : threads) thread.join();
    if (fork() == 0) return 7;
    int status;
    wait(&status);
    printf("%d\\n", WEXITSTATUS(status));
}
"""
    result = general.run(cpp(program))

    assert (result.stdout, result.stderr) == (b"7\n", b"")


@pytest.mark.usefixtures("_cxx")
def test_a_compile_error_says_where(general: BubblewrapRunner) -> None:
    result = general.run(cpp("int main() {\n  return y;\n}"))

    assert (result.status, result.exit_code) == (Status.COMPILE_ERROR, 1)
    assert result.detail.startswith("main.cpp:2:")
    assert b"y" in result.stderr


SECRET = "CANARY_7f3a"
BOMBS = {
    "a device": '#include "/dev/zero"\nint main() {}',
    "a file of the host": "#include </etc/passwd>\nint main() {}",
    "its secrets": '#include "/etc/shadow"\nint main() {}',
    "PID 1": '#include "/proc/1/environ"\nint main() {}',
    "a folder above": '#include "../../../etc/passwd"\nint main() {}',
    "data": 'asm(".incbin \\"/etc/passwd\\""); int main() {}',
    "itself": '#include "main.cpp"\n',
    "templates": "template <class T> struct B : B<B<T>> {}; B<int> b; int main() {}",
    "constants": "constexpr int f(int n) { return f(n + 1); } static_assert(f(0)); int main() {}",
    "a giant binary": "int a[1 << 28] = {1}; int main() {}",
    "an error flood": "#define A x x x x x x x x\n#define B A A A A A A A A\n#define C B B B B B B B B\n"
    "int main() { C C C C C C C C C C C C; }",
    "a broken pragma": "#pragma GCC poison int\nint main() {}",
    "a linker script": '#pragma comment(lib, "/etc/passwd")\nint main() { return nothing(); }',
}


@pytest.mark.slow
@pytest.mark.usefixtures("_cxx")
@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
def test_a_compile_bomb_is_a_compile_error_and_shows_nothing_of_the_host(
    general: BubblewrapRunner, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    result = general.run(cpp(source))
    said = result.stderr.decode("utf-8", "replace")

    assert result.status is Status.COMPILE_ERROR, result
    assert SECRET not in said
    assert "root:" not in said
    assert len(result.stderr) <= compile_module.LIMITS.output_kib * 1024 + 100
    assert result.detail


@pytest.mark.slow
@pytest.mark.usefixtures("_cxx")
def test_compiling_ends_at_its_own_limit_not_at_the_programs(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_module, "LIMITS", Limits(cpu_s=0.7))
    endless = """\
constexpr long f(long n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
static_assert(f(90));
int main() {}
"""
    result = counting.run(cpp(endless))

    assert (result.status, result.detail) == (
        Status.COMPILE_ERROR,
        "compiling takes more than 0.7 s",
    )


@pytest.mark.usefixtures("_cxx")
def test_a_program_does_not_see_the_compiler(general: BubblewrapRunner) -> None:
    program = """\
#include <cstdio>
#include <unistd.h>
int main() {
    for (auto path : {"/usr/bin", "/usr/include", "/bin/sh", "/etc/alternatives", "main.cpp"})
        if (access(path, F_OK) == 0) puts(path);
}
"""
    assert general.run(cpp(program)).stdout == b""


@pytest.mark.usefixtures("_cxx")
def test_the_binary_is_sealed_and_cannot_be_changed(general: BubblewrapRunner) -> None:
    binary = general.compilation.compiled(cpp(DOUBLE))
    assert isinstance(binary, SealedFile)
    program = """\
#include <fcntl.h>
#include <cstdio>
int main() { printf("%d %d\\n", open("/proc/self/exe", O_RDWR), open("/opt/program/main", O_WRONLY)); }
"""

    assert fcntl.fcntl(binary.fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
    assert general.run(cpp(program)).stdout == b"-1 -1\n"


# what is kept


@pytest.mark.usefixtures("_cxx")
def test_a_source_is_compiled_once_and_so_is_one_that_fails(counting: Counting) -> None:
    for _ in range(3):
        assert counting.run(cpp(DOUBLE, stdin=b"4")).stdout == b"8\n"
    assert counting.jobs == CONTROL + 1 + 3
    for _ in range(3):
        assert counting.run(cpp("int main() { x }")).status is Status.COMPILE_ERROR
    assert counting.jobs == CONTROL + 1 + 3 + 1


@pytest.mark.usefixtures("_cxx")
async def test_runs_at_the_same_time_share_one_compilation(counting: Counting) -> None:
    results = await asyncio.gather(
        *(counting.arun(cpp(DOUBLE, stdin=b"%d" % number)) for number in range(5))
    )

    assert [r.stdout for r in results] == [b"%d\n" % (2 * number) for number in range(5)]
    assert counting.jobs == CONTROL + 1 + 5


@pytest.mark.usefixtures("_cxx")
async def test_when_the_first_is_cancelled_another_compiles(counting: Counting) -> None:
    first = asyncio.create_task(counting.arun(cpp(DOUBLE, stdin=b"1")))
    second = asyncio.create_task(counting.arun(cpp(DOUBLE, stdin=b"2")))
    while not counting.jobs:
        await asyncio.sleep(0)
    first.cancel()

    assert (await second).stdout == b"4\n"
    with pytest.raises(asyncio.CancelledError):
        await first
    assert counting.jobs == 1 + CONTROL + 1 + 1


@pytest.mark.usefixtures("_cxx")
def test_a_compilation_lost_to_the_machine_is_not_kept(counting: Counting) -> None:
    counting.losing = 1

    assert counting.run(cpp(DOUBLE, stdin=b"1")).status is Status.INFRASTRUCTURE
    assert counting.run(cpp(DOUBLE, stdin=b"1")).stdout == b"2\n"


@pytest.mark.usefixtures("_cxx")
def test_what_is_kept_has_an_end_and_closes_its_files(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_module, "KEPT_BYTES", 40_000)  # two small binaries
    sources = [f"int main() {{ return {number}; }}" for number in range(4)]
    assert [counting.run(cpp(s)).exit_code for s in sources] == [0, 1, 2, 3]
    gc.collect()
    kept = [link for link in Path("/proc/self/fd").iterdir() if "binary" in _target(link)]

    assert counting.compilation._kept._bytes <= 40_000
    assert len(counting.compilation._kept._tasks) < 4
    assert len(kept) < 4 + 40  # those of the other tests' runner among them
    assert counting.run(cpp(sources[0])).exit_code == 0  # compiled anew


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


# JavaScript


@pytest.mark.usefixtures("_node")
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("const n = require('fs').readFileSync(0, 'utf8').trim().split('\\n'); console.log(n.length)", b"2\n"),
        ("console.log(require('fs').readFileSync('/dev/stdin', 'utf8').length)", b"5\n"),
        ("const rl = require('readline').createInterface({input: process.stdin}); rl.on('line', l => console.log(l * 2))", b"2\n46\n"),
        ("process.stdin.on('data', d => console.log(String(d).length))", b"5\n"),
        ("import fs from 'fs';\nconsole.log(fs.readFileSync(0).length)", b"5\n"),
        ("const x = await Promise.resolve(4);\nconsole.log(x)", b"4\n") ,
        ("(async () => { for await (const l of require('readline').createInterface({input: process.stdin})) console.log(l) })()", b"1\n23\n"),
        ("console.log(process.argv.slice(2), 2n ** 70n)", b"[ 'a b' ] 1180591620717411303424n\n"),
        ("new (require('worker_threads').Worker)('console.log(7)', {eval: true})", b"7\n"),
        ("console.log(String(require('child_process').execFileSync(process.execPath, ['-p', '6 * 7'])).trim())", b"42\n"),
        ("setTimeout(() => console.log('later'), 50); process.on('exit', () => console.log('end'))", b"later\nend\n"),
    ],
)  # fmt: skip
def test_javascript_runs_as_under_plain_node(
    runner: LocalRunner, program: str, said: bytes
) -> None:
    result = runner.run(js(program, stdin=b"1\n23\n", argv=("a b",)))

    assert result.stderr == b""
    assert (result.exit_code, result.stdout) == (0, said)


@pytest.mark.slow
@pytest.mark.usefixtures("_node")
@pytest.mark.parametrize(
    ("program", "status", "exit_code"),
    [
        ("process.exit(7)", Status.EXITED, 7),
        ("throw new Error('no')", Status.EXITED, 1),
        ("Promise.reject(1)", Status.EXITED, 1),
        ("JSON.parse('{')", Status.EXITED, 1),
        ("eval('let x = ;')", Status.EXITED, 1),
        ("let x = ;", Status.COMPILE_ERROR, 1),
        ("import a from 'b' c", Status.COMPILE_ERROR, 1),
        ("for (;;);", Status.CPU_LIMIT, None),
        ("setTimeout(() => 0, 1e9)", Status.WALL_LIMIT, None),
        ("const a = []; for (;;) a.push(new Array(999).fill(1.5))", Status.MEMORY_LIMIT, None),
        ("const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1))", Status.MEMORY_LIMIT, None),
        ("for (;;) require('fs').writeSync(1, 'x'.repeat(99999))", Status.OUTPUT_LIMIT, None),
        ("process.kill(process.pid, 'SIGSEGV')", Status.SIGNALED, None),
    ],
)
def test_how_a_javascript_program_ends_is_told(
    runner: LocalRunner, program: str, status: Status, exit_code: int | None
) -> None:
    limits = Limits(cpu_s=1.5, wall_s=4.0, memory_mib=200, output_kib=1024)
    result = runner.run(js(program, limits))

    assert (result.status, result.exit_code) == (status, exit_code)


@pytest.mark.usefixtures("_node")
def test_javascript_has_no_network_and_no_files_of_the_host(runner: LocalRunner) -> None:
    program = """\
const fs = require("fs"), net = require("net");
for (const path of ["/etc/passwd", "/root", "/home", "/usr/bin", "/proc/1/environ"])
    try { fs.readdirSync(path); console.log("NOT REFUSED", path) }
    catch (error) { try { fs.readFileSync(path); console.log("NOT REFUSED", path) } catch {} }
net.connect(80, "127.0.0.1").on("error", error => console.log(error.code));
"""
    assert runner.run(js(program)).stdout == b"EPERM\n"


# what is not there


@pytest.mark.parametrize(
    ("request_", "said"),
    [(cpp("int main() {}"), "C++"), (js(""), "node")],
    ids=["cpp", "javascript"],
)
def test_a_missing_toolchain_is_told_with_what_to_install(
    runner: LocalRunner,
    request_: RunRequest,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    toolchains.node.cache_clear()
    try:
        with pytest.raises(ToolchainMissing) as caught:
            runner.run(request_)
    finally:
        toolchains.node.cache_clear()

    assert isinstance(caught.value, SandboxUnavailable)
    assert said in str(caught.value)
    assert "nstall" in str(caught.value)


@pytest.mark.usefixtures("_cxx")
def test_a_wrapper_on_the_path_is_no_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrapper = tmp_path / "ccache"
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o755)
    (tmp_path / "g++").symlink_to(wrapper)
    real = toolchains.compiler().command
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert toolchains.compiler().command == real


@pytest.mark.usefixtures("_node")
def test_a_shim_of_a_version_manager_is_looked_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, general: BubblewrapRunner
) -> None:
    real = next(iter(toolchains._on_path("node")))
    shim = tmp_path / "node"
    shim.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    toolchains.node.cache_clear()
    try:
        assert general.run(js("console.log(1)")).stdout == b"1\n"
        assert str(shim) not in toolchains.node().mounts
    finally:
        toolchains.node.cache_clear()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _cxx: None) -> Callable[[str], Path]:
    """Puts a compiler first on the PATH that does something of its own before the real one."""
    real = toolchains.compiler().command

    def put(first: str) -> Path:
        folder = tmp_path / "stand-in" / "bin"
        folder.mkdir(parents=True)
        for parent in (tmp_path, folder.parent, folder):
            parent.chmod(stat.S_IRWXU | 0o55)
        command = folder / "g++"
        command.write_text(
            f"#!/usr/bin/python3\nimport os, sys, time\n{first}\n"
            f"os.execv({real!r}, [{real!r}, *sys.argv[1:]])\n"
        )
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return folder

    return put


def test_an_old_compiler_is_given_the_older_standard(
    stand_in: Callable[[str], Path], general: BubblewrapRunner
) -> None:
    stand_in(
        "if '-std=c++20' in sys.argv:\n"
        "    sys.exit(\"g++: error: unrecognized command-line option '-std=c++20'\")"
    )
    runner = Counting(general._bwrap)

    assert runner.run(cpp("int main() { return __cplusplus == 201703L; }")).exit_code == 1
    assert runner.run(cpp("int main() { return 0; }")).exit_code == 0
    assert runner.jobs == 2 * CONTROL + (1 + 1) + (1 + 1)


@pytest.mark.usefixtures("_cxx")
def test_a_source_cannot_talk_the_standard_down(counting: Counting) -> None:
    """Were it believed, every program after it would be compiled as C++17."""
    newer = "int main() { return __cplusplus > 201703L; }"
    for said in ("#error -std=c++20", '#line 1 "unrecognized option -std=c++20"\nx'):
        assert counting.run(cpp(said)).status is Status.COMPILE_ERROR

    assert counting.run(cpp(newer)).exit_code == 1
    assert counting.jobs == CONTROL + 2 + (1 + 1)


@pytest.mark.slow
@pytest.mark.usefixtures("_cxx")
def test_a_source_that_hangs_the_compiler_is_a_compile_error(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the machine: what is ours was compiled meanwhile."""
    monkeypatch.setattr(compile_module, "LIMITS", Limits(cpu_s=5.0, wall_s=1.0))
    for _ in range(2):
        result = counting.run(cpp('#include "/proc/self/fd/1"\nint main() {}'))

        assert (result.status, result.detail) == (
            Status.COMPILE_ERROR,
            "compiling takes more than 1 s",
        )
    assert counting.jobs == CONTROL + 1 + CONTROL + 1


@pytest.mark.usefixtures("_cxx")
def test_a_source_that_says_a_compiler_was_killed_is_a_compile_error(counting: Counting) -> None:
    result = counting.run(cpp("#error Killed signal terminated program cc1plus"))

    assert result.status is Status.COMPILE_ERROR
    assert counting.jobs == CONTROL + 1 + CONTROL + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "ends", ["time.sleep(30)", "os.kill(os.getpid(), 9)", "sys.exit('cannot fork')"]
)
def test_what_a_loaded_machine_does_to_a_compilation_is_no_verdict_and_not_kept(
    stand_in: Callable[[str], Path],
    general: BubblewrapRunner,
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
) -> None:
    """`cannot fork` stands for a compiler that fails on whatever it is given, from the start."""
    monkeypatch.setattr(compile_module, "LIMITS", Limits(cpu_s=5.0, wall_s=2.0))
    folder = stand_in(f"if os.path.exists(os.path.dirname(sys.argv[0]) + '/loaded'):\n    {ends}")
    runner = Counting(general._bwrap)
    if "fork" not in ends:
        assert runner.run(cpp("int main() { return 1; }")).exit_code == 1
    (folder / "loaded").touch()
    assert runner.run(cpp("int main() { return 2; }")).status is Status.INFRASTRUCTURE
    (folder / "loaded").unlink()

    assert runner.run(cpp("int main() { return 2; }")).exit_code == 2


class Replaying(Counting):
    """Compiles each source once, and is as quick as a look from then on."""

    def __init__(self, bwrap: str) -> None:
        super().__init__(bwrap)
        self.outcomes: dict[object, tuple[RunResult, bytes]] = {}

    def run_job(self, job: Job) -> tuple[RunResult, bytes]:
        source = job.files[-1].content
        if source not in self.outcomes:
            self.outcomes[source] = super().run_job(job)
        return self.outcomes[source]


@pytest.mark.usefixtures("_cxx")
def test_a_ctrl_c_at_any_moment_leaves_nobody_waiting(general: BubblewrapRunner) -> None:
    """Python looks for signals where a function starts and where one written in C returns."""
    runner = Replaying(general._bwrap)
    compiled = Compilation(runner).compiled(cpp(DOUBLE))
    moment, left, ended = 0, 0, False

    def interrupt(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if frame.f_code.co_filename == compile_module.__file__ and event in {"call", "c_return"}:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

    while not ended:
        moment += 1
        left = moment
        compilation = Compilation(runner)
        sys.setprofile(interrupt)
        try:
            compilation.compiled(cpp(DOUBLE))
            ended = left > 0
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)
        assert all(task.done() for task in compilation._kept._tasks.values()), moment
        assert not compilation._kept._lock.locked(), moment
    assert isinstance(compiled, SealedFile)
    assert moment > 50
