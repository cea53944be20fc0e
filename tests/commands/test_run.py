"""`deepcoder run` as a user runs it: its own process, real pipes, a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import SandboxUnavailable
from deepcoder_cli.sandbox.probe import default_runner

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPCODER = (sys.executable, "-m", "deepcoder_cli.main")
PATIENCE_S = 60


@pytest.fixture(autouse=True, scope="module")
def _sandbox() -> None:
    try:
        default_runner()
    except SandboxUnavailable as error:
        pytest.skip(f"needs a working sandbox: {error}")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


def deepcoder_run(
    *arguments: object, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*DEEPCODER, "run", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        env=env,
    )


def test_stdin_output_arguments_and_exit_code_are_the_programs(program: Path) -> None:
    program.write_text(
        "import sys\nprint(input(), sys.argv[1:])\nprint('oops', file=sys.stderr)\nsys.exit(9)"
    )
    done = deepcoder_run(program, "a b", "--json", stdin="é\n".encode())

    assert (done.returncode, done.stdout.decode()) == (9, "é ['a b', '--json']\n")
    assert done.stderr.startswith(b"oops\nexit 9 \xc2\xb7 cpu ")
    assert done.stderr.endswith((b"sandbox A\n", b"sandbox B\n"))


def test_bytes_pass_unchanged_where_no_terminal_reads_them(program: Path) -> None:
    program.write_text("import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())")
    everything = bytes(range(256)) * 2000

    assert deepcoder_run(program, stdin=everything).stdout == everything


@pytest.mark.parametrize(
    ("source", "flags", "code", "said"),
    [
        ("while True: pass", ["--timeout", "0.3"], 124, "time limit (0.3 s CPU)"),
        ("x = bytearray(1 << 30)", ["--memory", "128"], 137, "memory limit (128 MiB)"),
        ("while True: print('x' * 9999)", [], 153, "output limit (16384 KiB)"),
        ("import os\nos.kill(os.getpid(), 6)", [], 134, "killed by signal 6"),
        ("print(", [], 1, "does not compile"),
        ("1/0", [], 1, "ZeroDivisionError"),
        ("", [], 0, "exit 0"),
    ],
)
def test_how_it_ended_is_told_by_exit_code_and_summary(
    program: Path, source: str, flags: list[str], code: int, said: str
) -> None:
    program.write_text(source)
    done = deepcoder_run(*flags, program)

    assert done.returncode == code
    assert said in done.stderr.decode()


def test_json_holds_everything_and_stdout_holds_nothing_else(program: Path) -> None:
    program.write_text("print('hi')\nraise SystemExit(3)")
    done = deepcoder_run("--json", program)
    data = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (3, b"")
    assert (data["schema"], data["status"], data["exit_code"]) == (1, "exited", 3)
    assert (data["stdout"], data["stderr"], data["tier"]) == ("hi\n", "", default_runner().tier)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a\0b", "binary"),
        (b"#" * ((1 << 20) + 1), "too large"),
    ],
    ids=["missing", "latin", "binary", "large"],
)
def test_a_file_that_is_no_program_is_bad_input(
    program: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        program.write_bytes(content)
    done = deepcoder_run(program)

    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("path", ["/", "/dev/zero", ""])
def test_what_is_no_file_is_bad_input(path: str) -> None:
    done = deepcoder_run(path)

    assert (done.returncode, done.stdout) == (2, b"")


def test_a_dash_runs_the_program_on_stdin_and_leaves_it_no_input() -> None:
    source = b"import sys\nprint(6*7, sys.argv[1:], repr(sys.stdin.read()))"
    done = deepcoder_run("-", "a", stdin=source)

    assert (done.returncode, done.stdout) == (0, b"42 ['a'] ''\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe", "not UTF-8"), (b"a\0b", "binary"), (b"#" * ((1 << 20) + 1), "too large")],
    ids=["latin", "binary", "large"],
)
def test_what_is_no_program_on_stdin_is_bad_input(content: bytes, said: str) -> None:
    done = deepcoder_run("-", stdin=content)

    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert said in done.stderr.decode()


@pytest.mark.parametrize("flags", [("--timeout", "0"), ("--timeout", "nan"), ("--memory", "1")])
def test_limits_out_of_range_are_bad_input(program: Path, flags: Sequence[str]) -> None:
    program.write_text("pass")
    done = deepcoder_run(*flags, program)

    assert done.returncode == 2
    assert b"out of range" in done.stderr


def test_without_a_sandbox_nothing_runs(program: Path, tmp_path: Path) -> None:
    program.write_text("print('ran')")
    done = deepcoder_run(program, env={"PATH": str(tmp_path)})

    assert (done.returncode, done.stdout) == (4, b"")
    assert b"bubblewrap is not installed" in done.stderr


def test_an_endless_input_does_not_keep_a_program_from_ending(program: Path) -> None:
    program.write_text("print(input())")
    with subprocess.Popen(["/usr/bin/env", "yes"], stdout=subprocess.PIPE) as endless:
        done = subprocess.run(
            [*DEEPCODER, "run", program],
            stdin=endless.stdout,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        endless.kill()

    assert (done.returncode, done.stdout) == (0, b"y\n")


def test_a_reader_that_goes_away_ends_the_program(program: Path) -> None:
    program.write_text("while True: print('x', flush=True)")
    with subprocess.Popen(
        [*DEEPCODER, "run", "--timeout", "1000", program],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()

        assert process.wait(PATIENCE_S) == 141


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_nothing_of_the_program_outlives_the_command(
    program: Path, number: signal.Signals, code: int
) -> None:
    program.write_text("import time\nprint('up', flush=True)\ntime.sleep(999)")
    marker = f"evil-{os.getpid()}-{number}"
    with subprocess.Popen(
        [*DEEPCODER, "run", "--timeout", "1000", program, marker],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert processes_with(marker)
        process.send_signal(number)

        assert process.wait(PATIENCE_S) == code
    give_up_at = time.monotonic() + PATIENCE_S
    while processes_with(marker) and time.monotonic() < give_up_at:
        time.sleep(0.01)

    assert processes_with(marker) == []


def test_at_a_terminal_it_converses_and_escapes_are_harmless(program: Path) -> None:
    program.write_text("name = input('name? ')\nprint(f'\\x1b[2Jhello\\t{name}\\rH\\x07\\x9b')")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*DEEPCODER, "run", program], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        read_until(ours, b"name? ")
        os.write(ours, b"Ada\n")
        shown = read_until(ours, b" \xc2\xb7 sandbox ")

        assert process.wait(PATIENCE_S) == 0
    os.close(ours)

    assert "␛[2Jhello\tAda\rH␇␡\r\n".encode() in shown
    assert b"\x1b" not in shown


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("closed", "shown"),
    [
        ("<&-", {b"out", b"err"}),
        (">&-", {b"err"}),
        ("2>&-", {b"out"}),
        ("<&- >&- 2>&-", set()),
    ],
)
def test_closed_standard_streams_do_no_harm(
    program: Path, closed: str, shown: set[bytes], as_json: bool
) -> None:
    program.write_text("import sys\nassert not sys.stdin.read()\nprint('out')\nsys.exit('err')")
    flags = ["--json"] if as_json else []
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *DEEPCODER, "run", *flags, program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    said = done.stdout + done.stderr

    assert done.returncode == 1
    assert b"Traceback" not in said
    if not as_json:
        assert {word for word in (b"out", b"err") if word in said} == shown
    elif ">&-" not in closed.replace("2>&-", ""):
        assert json.loads(done.stdout)["stdout"] == "out\n"


def read_until(fd: int, wanted: bytes) -> bytes:
    text = b""
    while wanted not in text:
        ready, _, _ = select.select([fd], [], [], PATIENCE_S)
        assert ready, text
        text += os.read(fd, 4096)
    return text


def processes_with(marker: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it has just ended
                continue
            if marker.encode() in words:
                found.append(folder.name)
    return found


NATIVE = """\
#include <iostream>
int main(int argc, char** argv) {
    long x;
    std::cin >> x;
    std::cout << 2 * x << argv[1];
    std::cerr << "oops\\n";
    return 9;
}
"""
SCRIPT = """\
const lines = require("fs").readFileSync(0, "utf8").split("\\n");
process.stdout.write(2 * lines[0] + process.argv[2]);
console.error("oops");
process.exitCode = 9;
"""
MODULE = SCRIPT.replace(
    "const lines = require",
    "import { createRequire } from 'module';\n"
    "const require = createRequire(import.meta.url);\nconst lines = require",
)


@pytest.mark.parametrize("flags", [(), ("--strict",)])
@pytest.mark.parametrize(
    ("name", "source"),
    [("a.cpp", NATIVE), ("a.cc", NATIVE), ("a.js", SCRIPT), ("a.mjs", MODULE)],
)
def test_the_suffix_says_the_language(
    tmp_path: Path, name: str, source: str, flags: tuple[str, ...]
) -> None:
    if not shutil.which("g++" if name.startswith("a.c") else "node"):
        pytest.skip("needs the compiler or interpreter of the language")
    (tmp_path / name).write_text(source)
    done = deepcoder_run(*flags, tmp_path / name, "x", stdin=b"21\n")

    if flags and "js" in name:  # one process with nothing to write to is not for node
        assert (done.returncode, done.stdout) == (2, b"")
        return
    assert (done.returncode, done.stdout) == (9, b"42x")
    assert done.stderr.startswith(b"oops\nexit 9 ")


def test_a_compiler_that_is_missing_is_told_with_a_code_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "a.cpp"
    source.write_text(NATIVE)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    bwrap = shutil.which("bwrap")
    assert bwrap is not None
    (bin_ / "bwrap").symlink_to(bwrap)
    done = deepcoder_run("--json", source, env={"PATH": str(bin_)})

    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] == "no-toolchain"


def test_what_the_compiler_says_is_shown(tmp_path: Path) -> None:
    if not shutil.which("g++"):
        pytest.skip("needs g++")
    source = tmp_path / "a.cpp"
    source.write_text("int main() { return x; }")
    done = deepcoder_run(source)

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"main.cpp:1:" in done.stderr
    assert b"does not compile" in done.stderr


def test_a_program_may_start_processes_but_not_with_strict(program: Path) -> None:
    program.write_text("import os\nif os.fork() == 0: os._exit(3)\nprint(os.wait()[1] >> 8)")

    assert deepcoder_run(program).stdout == b"3\n"
    assert b"PermissionError" in deepcoder_run("--strict", program).stderr


def test_strict_reads_input_and_shows_output(program: Path) -> None:
    program.write_text("import sys\nprint(sys.stdin.read()[::-1])\nsys.exit('err')")
    done = deepcoder_run("--strict", program, stdin=b"abc")

    assert (done.returncode, done.stdout) == (1, b"cba\n")
    assert done.stderr.startswith(b"err\nexit 1 ")


def test_the_input_can_be_opened_anew(program: Path) -> None:
    program.write_text("print(open('/dev/stdin').read())")

    assert deepcoder_run(program, stdin=b"abc").stdout == b"abc\n"
