"""Landlock, taken on for real: what it refuses, what it grants, and that it can be built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.inside import landlock
from tests.sandbox import filtered

if TYPE_CHECKING:
    from pathlib import Path

HERE = landlock.abi()
pytestmark = pytest.mark.skipif(HERE == 0, reason="needs a kernel with Landlock")
UNIX_SOCKETS_AND_SIGNALS = pytest.mark.skipif(HERE < 6, reason="needs Landlock 6 (Linux 6.12)")
# words[1] is a folder with `open/file` and `shut/file`; each try prints the error or "done".
CONFINE = """
import pathlib, signal, socket
from deepcoder_cli.sandbox.inside import landlock
base = pathlib.Path(sys.argv[1])

def attempt(what):
    try:
        what()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

def confine(read, write, **more):
    landlock.restrict_self(landlock.ruleset(read, write, **more))

SYSTEM = [path for path in ("/usr", "/lib", "/lib64", sys.prefix) if os.path.exists(path)]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("open", "shut"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def _words(folder: Path, code: str) -> list[str]:
    done = filtered.python(CONFINE + code, filtered.NOTHING, words=(str(folder),))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_reading_is_granted_where_named_and_refused_elsewhere(folder: Path) -> None:
    code = """
confine([str(base / "open")], [])
print(attempt((base / "open/file").read_text), attempt((base / "shut/file").read_text))
print(attempt(lambda: os.listdir(base / "open")), attempt(lambda: os.listdir(base)))
print(attempt(lambda: open("/etc/passwd")), attempt(lambda: open("/proc/self/environ")))
"""
    expected = ["done", "EACCES", "done", "EACCES", "EACCES", "EACCES"]
    assert _words(folder, code) == expected


def test_what_may_be_read_may_not_be_changed(folder: Path) -> None:
    code = """
confine(["/"], [])
file = base / "open/file"
for change in (
    lambda: open(file, "w"), lambda: open(file, "a"), lambda: open(file, "r+"), file.unlink,
    lambda: (base / "new").touch(), lambda: (base / "new").mkdir(), (base / "open").rmdir,
    lambda: os.rename(file, base / "shut/other"), lambda: os.link(file, base / "link"),
    lambda: os.symlink("x", base / "link"), lambda: os.mkfifo(base / "pipe"),
    lambda: os.mknod(base / "socket", 0o140600), lambda: os.truncate(file, 0),
    lambda: open("/dev/null", "w"),
):
    print(attempt(change))
"""
    allowed_by_old_kernels = ["EACCES"] * 14
    if HERE < 3:
        allowed_by_old_kernels[12] = "done"
    found = _words(folder, code)
    assert [word.replace("EXDEV", "EACCES") for word in found] == allowed_by_old_kernels
    assert sorted(path.name for path in folder.iterdir()) == ["open", "shut"]


def test_writing_is_granted_below_what_is_named(folder: Path) -> None:
    code = """
confine(["/"], [str(base / "open"), "/dev/null"])
print(attempt(lambda: (base / "open/file").write_text("x")))
print(attempt(lambda: (base / "open/new").mkdir()), attempt(lambda: (base / "shut/new").mkdir()))
print(attempt(lambda: open("/dev/null", "w").write("x")), attempt(lambda: open("/dev/zero", "r+b")))
"""
    assert _words(folder, code) == ["done", "done", "EACCES", "done", "EACCES"]


def test_executing_can_be_kept_to_fewer_places_than_reading(folder: Path) -> None:
    code = """
confine(["/"], [], execute=[])
print(attempt(lambda: os.execv("/bin/true", ["true"])), attempt(lambda: open("/bin/true")))
"""
    assert _words(folder, code) == ["EACCES", "done"]


def test_executing_is_granted_with_reading_unless_said_otherwise(folder: Path) -> None:
    code = "confine(['/'], []); os.execv('/bin/echo', ['echo', 'executed'])"

    assert _words(folder, code) == ["executed"]


def test_what_is_refused_stays_refused_in_what_is_started(folder: Path) -> None:
    code = """
confine([*SYSTEM, "/bin", str(base / "open")], [])
print(os.system(f"cat {base}/open/file >&2") == 0, os.system(f"cat {base}/shut/file") == 0)
confine(["/"], ["/"])
print(attempt((base / "shut/file").read_text))
"""
    assert _words(folder, code) == ["True", "False", "EACCES"]


@pytest.mark.skipif(HERE < 4, reason="needs Landlock 4 (Linux 6.7)")
def test_tcp_is_refused(folder: Path) -> None:
    code = """
listener = socket.create_server(("127.0.0.1", 0))
confine(["/"], ["/"])
print(attempt(lambda: socket.create_connection(listener.getsockname())))
print(attempt(lambda: socket.socket().bind(("127.0.0.1", 0))))
"""
    assert _words(folder, code) == ["EACCES", "EACCES"]


@UNIX_SOCKETS_AND_SIGNALS
def test_abstract_sockets_of_others_are_out_of_reach(folder: Path) -> None:
    code = """
name = f"\\0deepcoder-{os.getpid()}"
listener = socket.socket(socket.AF_UNIX); listener.bind(name); listener.listen()
print(attempt(lambda: socket.socket(socket.AF_UNIX).connect(name)))
confine(["/"], ["/"])
print(attempt(lambda: socket.socket(socket.AF_UNIX).connect(name)))
"""
    assert _words(folder, code) == ["done", "EPERM"]


@UNIX_SOCKETS_AND_SIGNALS
def test_signals_reach_only_what_is_as_confined(folder: Path) -> None:
    code = """
confine(["/"], ["/"])
print(attempt(lambda: os.kill(os.getppid(), 0)), attempt(lambda: os.kill(os.getpid(), 0)))
"""
    assert _words(folder, code) == ["EPERM", "done"]


def test_one_ruleset_serves_many_children_and_does_not_reach_a_program(folder: Path) -> None:
    code = """
rules = landlock.ruleset(["/"], [])
print(os.get_inheritable(rules))
for _ in range(3):
    child = os.fork()
    if child == 0:
        landlock.restrict_self(rules)
        os._exit(attempt((base / "new").touch) == "EACCES")
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(attempt((base / "new").touch))
"""
    assert _words(folder, code) == ["False", "1", "1", "1", "done"]


def test_a_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        landlock.ruleset(["/no/such/place"], [])


def test_where_the_call_does_not_exist_there_is_no_landlock() -> None:
    """The strict filter refuses the call as a container's own filter does."""
    filtered.needs_filters()
    code = "from deepcoder_cli.sandbox.inside import landlock; print(landlock.abi())"

    assert filtered.python(code).stdout == "0\n"
