"""A compiled program under the native filter, for real: executed once, and one process."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.sandbox import filtered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True, scope="module")
def _filters() -> None:
    filtered.needs_filters()


# Executes the file words[1] once, by descriptor 63, under the native filter.
EXECUTE = """
os.dup2(os.open(sys.argv[1], os.O_RDONLY), 63, inheritable=False)
argv, environment = (ctypes.c_char_p * 2)(b"main", None), (ctypes.c_char_p * 1)(None)
print(call("execveat", 62, b"", argv, environment, 0x1000))
print(call("execveat", 63, b"", argv, environment, 0))
print(call("execve", b"/bin/true", argv, environment), flush=True)
print(call("execveat", 63, b"", argv, environment, 0x1000))
"""
NATIVE = "native_filter(63, own_pid=os.getpid())"
EVERYTHING = r"""
#include <bits/stdc++.h>
#include <sys/mman.h>
#include <unistd.h>
using namespace std;
int main() {
    ios::sync_with_stdio(false);
    vector<long> ones(1000000, 1);
    long total = 0;
    thread([&] { total = accumulate(ones.begin(), ones.end(), 0L); }).join();
    int three = async(launch::async, [] { return 3; }).get();
    try { throw runtime_error("caught"); } catch (exception &e) { cout << e.what() << ' '; }
    mt19937 random{random_device{}()};
    this_thread::sleep_for(chrono::milliseconds(1));
    free(malloc(1 << 28));
    string word;
    cin >> word;
    cout << total << ' ' << three << ' ' << word << '\n';
    char *args[] = {nullptr};
    cout << fork() << ' ' << execve("/bin/true", args, args) << ' ' << system("true") << ' ';
    cout << memfd_create("x", 0) << ' ' << kill(getppid(), 0) << ' ' << raise(0) << endl;
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize("how", [[], ["-static"]], ids=["dynamic", "static"])
def test_a_compiled_program_runs_as_one_process(tmp_path: Path, how: list[str]) -> None:
    source, binary = tmp_path / "main.cpp", tmp_path / "main"
    source.write_text(EVERYTHING)
    made = subprocess.run(["g++", "-O1", "-pthread", *how, "-o", binary, source], check=False)
    if made.returncode != 0:
        pytest.skip(f"g++ does not link {how}")

    done = filtered.python(EXECUTE, NATIVE, stdin="word", words=(str(binary),))

    refused, said = done.stdout.split("\n")[:3], done.stdout.split("\n")[3:]
    assert refused == ["EPERM"] * 3
    assert said[:1] == ["caught 1000000 3 word"], done.stderr
    assert said[1] == "-1 -1 32512 -1 -1 0"
