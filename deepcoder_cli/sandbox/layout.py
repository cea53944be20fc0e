"""What a sandboxed program sees: bubblewrap's arguments, from the interpreter at hand.

The file system holds the interpreter and its standard library under /opt/python, the system's
shared libraries, three devices, /proc of the sandbox's own processes, and one small tmpfs, /tmp,
which is also the working directory. No other path of the host exists in there.
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import os
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFIX = Path("/opt/python")
ARCHIVE = "/opt/deepcoder/inside.zip"
PACKAGES = "/opt/packages"
SHARED_PACKAGES = ("numpy",)  # what programs of contests import; with the folder of its libraries
WORKDIR = "/tmp"  # noqa: S108 - the sandbox's own tmpfs
TMPFS_MIB = 64
DEVICES = ("null", "random", "urandom")  # no zero: mapped shared it is memory nobody counts
KEYS = ("/proc/keys", "/proc/key-users")
DATA = ("/usr/lib/locale/C.utf8", "/usr/share/zoneinfo")  # else setlocale, or zoneinfo, fails
UNSHARED = ("pid", "net", "ipc", "uts", "cgroup")
USER_INSIDE = 1000


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A real Python (no shim, no venv) and where it keeps its parts."""

    executable: Path
    stdlib: Path
    libraries: tuple[Path, ...]
    platlibdir: str

    @property
    def inside(self) -> str:
        """Its path in the sandbox."""
        return str(PREFIX / "bin" / self.executable.name)


def current_interpreter() -> Interpreter:
    """The interpreter this process runs on, resolved through venvs and pyenv shims."""
    base = Path(sys.base_prefix)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    executable = base / "bin" / name
    if not executable.exists():
        executable = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    shared = sysconfig.get_config_var("INSTSONAME") or ""
    library = base / sys.platlibdir / shared
    libraries = (library.resolve(),) if ".so" in shared and library.exists() else ()
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    return Interpreter(executable.resolve(), stdlib, libraries, sys.platlibdir)


def arguments(python: Interpreter, *, as_root: bool, tmpfs_mib: int = TMPFS_MIB) -> list[str]:
    """The arguments of bwrap that are the same for every run.

    As root there is no user namespace: PID 1 inside drops to an unprivileged uid of the host,
    because RLIMIT_NPROC does nothing for root, mapped or not. Anyone else gets a user
    namespace, in which no further one can be made.
    """
    user = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    if not as_root:
        mapped = str(USER_INSIDE)
        user = ["--unshare-user", "--disable-userns", "--uid", mapped, "--gid", mapped]
    return [
        *(f"--unshare-{name}" for name in UNSHARED),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "sandbox"),
        *("--cap-drop", "ALL", *user, "--clearenv", *_environment(python)),
        *directories("/opt/deepcoder", "/dev"),
        *_interpreter_mounts(python),
        *_system_library_mounts(),
        *_device_mounts(),
        *("--proc", "/proc", *_masked_mounts(), "--remount-ro", "/proc"),
        *("--perms", "1777", "--size", str(tmpfs_mib << 20), "--tmpfs", WORKDIR),
        *("--chdir", WORKDIR),
    ]


def _environment(python: Interpreter) -> list[str]:
    values = environment(python)
    return [word for name, value in values.items() for word in ("--setenv", name, value)]


def plain_environment() -> dict[str, str]:
    """The environment of a program that is no Python."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": WORKDIR,
        "USER": "sandbox",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def environment(python: Interpreter) -> dict[str, str]:
    """The environment of a Python program."""
    values = plain_environment() | {
        "PATH": str(PREFIX / "bin"),
        "PYTHONHASHSEED": "0",
        "LD_BIND_NOW": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if python.libraries:
        values["LD_LIBRARY_PATH"] = str(PREFIX / "lib")
    return values


def _interpreter_mounts(python: Interpreter) -> list[str]:
    stdlib_inside = PREFIX / python.platlibdir / python.stdlib.name
    pairs = [(python.executable, Path(python.inside)), (python.stdlib, stdlib_inside)]
    pairs += [(library, PREFIX / "lib" / library.name) for library in python.libraries]
    mounts = [word for source, dest in pairs for word in ("--ro-bind", str(source), str(dest))]
    return directories(*(str(dest.parent) for _, dest in pairs)) + mounts


def directories(*paths: str) -> list[str]:
    """Make directories that anyone may enter; those bwrap makes by itself only root may."""
    parents = {str(p): None for path in paths for p in (*list(Path(path).parents)[-2::-1], path)}
    return [word for path in parents for word in ("--perms", "0755", "--dir", path)]


def working_folders(*paths: str) -> list[str]:
    """Make the folders below the working directory in which files will lie, open to all."""
    below = [Path(path) for path in paths if path.startswith(WORKDIR + "/")]
    parents = {str(p): None for path in below for p in (*list(path.parents)[-3::-1], path)}
    return [word for path in parents for word in ("--perms", "0777", "--dir", path)]


def _system_library_mounts() -> list[str]:
    """The folders of the dynamic loader and libc, and what libc reads, where the host has them."""
    links = [root for root in ("/lib", "/lib64") if Path(root).is_symlink()]
    words = [word for root in links for word in ("--symlink", f"usr{root}", root)]
    found = system_library_folders()
    found += [path for path in DATA if Path(path).is_dir()]
    for path in found:
        words += ["--ro-bind", path, path]
    return directories(*(str(Path(path).parent) for path in found)) + words


def system_library_folders() -> list[str]:
    """The folders with the system's shared libraries, without those that are links to others."""
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    found = [
        directory
        for root in ("/usr/lib", "/lib")
        for directory in (f"{root}/{multiarch}", f"{root}64")
        if not directory.endswith("/") and Path(directory).is_dir()
    ]
    for root in ("/lib", "/lib64"):
        if Path(root).is_symlink():
            found = [path for path in found if path != root and not path.startswith(root + "/")]
    return found or ["/lib", "/usr/lib"]


@cache
def package_mounts() -> tuple[str, ...]:
    """Arguments of bwrap for the packages that programs may import; empty where there are none."""
    words: list[str] = []
    for name in SHARED_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent
        for found in (folder, folder.with_name(f"{name}.libs")):
            if found.is_dir():
                words += ["--ro-bind", str(found), f"{PACKAGES}/{found.name}"]
    return (*directories(PACKAGES), *words) if words else ()


def _device_mounts() -> list[str]:
    words: list[str] = []
    for name in DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, target in (("fd", "/proc/self/fd"), ("shm", WORKDIR)):
        words += ["--symlink", target, f"/dev/{name}"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        words += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    return words


def _masked_mounts() -> list[str]:
    """Nothing in place of the files of /proc that name the user's keys, in any namespace."""
    found = [path for path in KEYS if Path(path).exists()]
    return [word for path in found for word in ("--ro-bind", "/dev/null", path)]


def running_as_root() -> bool:
    """Whether this process is root, so that a real unprivileged uid must be taken."""
    return os.geteuid() == 0


@cache
def inside_archive() -> bytes:
    """The package `inside`, compiled, as a zip that the sandbox's interpreter runs (at ARCHIVE).

    Its `__main__` calls `main` of the module that the first argument names, with the others.
    Uncompressed: it is small, and read on every start.
    """
    from zipfile import ZipFile

    held = io.BytesIO()
    with ZipFile(held, "w") as archive:
        archive.writestr("__main__.pyc", _compiled(_MAIN, f"{ARCHIVE}/__main__.pyc"))
        for source in sorted(Path(__file__).with_name("inside").glob("*.py")):
            name = f"inside/{source.name}c"
            archive.writestr(
                name, _compiled(source.read_text(encoding="utf-8"), f"{ARCHIVE}/{name}")
            )
    return held.getvalue()


_MAIN = """\
import sys
name = sys.argv.pop(1)
getattr(__import__("inside." + name), name).main(sys.argv[1:])
"""


def _compiled(source: str, name: str) -> bytes:
    """`source` as the bytes of a .pyc: parsing it anew on every start would cost 3 ms."""
    code = compile(source, name, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code)
