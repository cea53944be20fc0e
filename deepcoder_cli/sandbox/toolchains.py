"""The compilers and interpreters of this machine that the sandbox can use, and where they lie.

Inside, a C++ compiler lies where it lies on the host, with the system's headers; no program but
the compiler sees those. Of node only the binary and the libraries it names are shown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from deepcoder_cli.errors import ToolchainMissing
from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.languages import Language

CXX = ("g++", "clang++")
NODE = ("node", "nodejs")
WRAPPERS = ("ccache", "distcc", "sccache", "icecc")
FOLDERS = ("bin", "lib", "lib32", "lib64", "libexec", "include")
DEBIAN_MODULES = Path("/usr/share/nodejs")  # parts of node that Debian keeps beside it
NODE_INSIDE = "/opt/node"
PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C++ compiler.

    Attributes:
        command: its path, the same inside as outside.
        path: the PATH it needs, for assembler and linker.
        mounts: arguments of bwrap that show it and the system's headers.
        identity: changes when the compiler does.
    """

    command: str
    path: str
    mounts: tuple[str, ...]
    identity: str


@dataclass(frozen=True, slots=True)
class Node:
    """A JavaScript interpreter: its path inside, and what shows it there."""

    inside: str
    mounts: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def compiler() -> Compiler:
    """The C++ compiler of this machine: g++, else clang++.

    Raises:
        ToolchainMissing: there is none; the message says how to install one.
    """
    found = next((path for name in CXX for path in _on_path(name) if _compiles(path)), None)
    if found is None:
        raise ToolchainMissing(_missing(Language.CPP))
    real = found.resolve()
    size = real.stat()
    return _described(found, f"{real} {size.st_mtime_ns} {size.st_size}")


@cache
def _described(found: Path, identity: str) -> Compiler:
    prefixes = dict.fromkeys((Path("/usr"), found.parent.parent, found.resolve().parent.parent))
    folders = [folder for prefix in prefixes for folder in _parts_of(prefix)]
    words = layout.directories(*(str(folder.parent) for folder in folders))
    for folder in folders:
        words += ["--ro-bind", str(folder), str(folder)]
    for link in (Path("/bin"), Path("/lib"), Path("/lib64")):
        if link.is_dir() and not link.is_symlink():
            words += ["--ro-bind", str(link), str(link)]
    if Path("/bin").is_symlink():
        words += ["--symlink", "usr/bin", "/bin"]
    if Path("/etc/alternatives").is_dir():
        words += [*layout.directories("/etc"), "--ro-bind", *2 * ("/etc/alternatives",)]
    path = os.pathsep.join(dict.fromkeys([str(found.parent), "/usr/bin", "/bin"]))
    return Compiler(str(found), path, tuple(words), identity)


def _parts_of(prefix: Path) -> list[Path]:
    """The folders of an installation; not those of people who have installed something else."""
    if prefix == Path("/"):
        return []
    return [prefix / name for name in FOLDERS if (prefix / name).is_dir()]


def _compiles(path: Path) -> bool:
    """Whether it is a compiler and no wrapper that only hands on to one."""
    return path.resolve().name not in WRAPPERS


@cache
def node() -> Node:
    """The node of this machine.

    Raises:
        ToolchainMissing: there is none; the message says how to install it.
    """
    found = next((path for name in NODE for path in _on_path(name)), None)
    real = None if found is None else _behind_shims(found.resolve())
    if real is None:
        raise ToolchainMissing(_missing(Language.JAVASCRIPT))
    inside = f"{NODE_INSIDE}/bin/node"
    words = [*layout.directories(f"{NODE_INSIDE}/bin"), "--ro-bind", str(real), inside]
    if DEBIAN_MODULES.is_dir() and real.is_relative_to("/usr"):
        shown = str(DEBIAN_MODULES)
        words += [*layout.directories(str(DEBIAN_MODULES.parent)), "--ro-bind", shown, shown]
    libraries = _foreign_libraries(real)
    if not libraries:
        return Node(inside, tuple(words))
    folder = f"{NODE_INSIDE}/lib"
    words += layout.directories(folder)
    for library in libraries:
        words += ["--ro-bind", str(library.resolve()), f"{folder}/{library.name}"]
    return Node(inside, tuple(words), {"LD_LIBRARY_PATH": folder})


def _behind_shims(path: Path) -> Path | None:
    """The binary itself, where `path` is a script of a version manager that starts it."""
    with path.open("rb") as file:
        if file.read(4) == b"\x7fELF":
            return path
    said = _said(str(path), "-p", "process.execPath").strip()
    return Path(said).resolve() if said.startswith("/") else None


def _foreign_libraries(binary: Path) -> list[Path]:
    """The shared libraries of `binary` that lie outside of the system's folders."""
    shown = tuple(layout.system_library_folders())
    found = []
    for line in _said("ldd", str(binary)).splitlines():
        _, arrow, rest = line.partition("=>")
        path = rest.split("(")[0].strip()
        real = str(Path(path).resolve()) if path.startswith("/") else ""
        if arrow and real and not real.startswith(shown):
            found.append(Path(path))
    return found


def _said(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _on_path(name: str) -> list[Path]:
    """Every executable of that name on PATH, the first first."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = (shutil.which(name, path=folder) for folder in folders if folder)
    return [Path(path).absolute() for path in found if path is not None]


def _missing(language: Language) -> str:
    from deepcoder_cli.sandbox.fixes import this_system, toolchain_missing

    fix = toolchain_missing(this_system(), language)
    return f"no toolchain: {language}." if fix is None else fix.line
