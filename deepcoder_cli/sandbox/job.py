"""A job: what a general sandbox is to run. One function for each language makes one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.descriptors import utf8
from deepcoder_cli.sandbox.inside.protocol import EXTRA_FD, NOTE_FD
from deepcoder_cli.sandbox.runner import FunctionCalls

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import RunRequest
    from deepcoder_cli.sandbox.sealed import SealedFile
    from deepcoder_cli.sandbox.toolchains import Compiler, Node

BINARY = "/opt/program/main"
MAX_FILES = 1000
MAX_FILES_MIB = 256
# Threads reserve the stack limit each and hardly ever use it; 64 of them have to fit.
ADDRESS_SPACE_SLACK_MIB = 4608
COMPILED_MIB = 64
COMPILE_ROOM_MIB = 256  # the compiler's own temporary files, and what it makes
# An import or export, or a wait outside of any function: node runs that only as a module.
_MODULE = re.compile(
    r"^(import\b\s*[\w{*'\"]|export\b|await\b|(const|let|var)\b[^=]*=\s*await\b|.*\bimport\.meta\b)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class File:
    """A file in the sandbox, at the absolute `path`, with these permissions."""

    path: str
    content: bytes | SealedFile
    permissions: str = "0666"


@dataclass(frozen=True, slots=True)
class Job:
    """What to run, and what it finds.

    Attributes:
        request: stdin and limits.
        command: the first word is a path.
        environment: of the program, all of it.
        mounts: arguments of bwrap, beyond those of every sandbox.
        files: files to put there.
        checked: a Python file that has to compile; "" for none.
        address_space: whether that is limited (node reserves more than any limit).
        room_mib: size of the working directory.
        file_mib: size of any one file; None: as much as output.
        product: a file that comes back; "" for none.
        places: descriptors by the number they have inside; None stands for the note.
    """

    request: RunRequest
    command: tuple[str, ...]
    environment: dict[str, str]
    mounts: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    checked: str = ""
    address_space: bool = True
    room_mib: int = layout.TMPFS_MIB
    file_mib: int | None = None
    product: str = ""
    places: tuple[tuple[int, bytes | None], ...] = ()


def python_job(request: RunRequest, python: layout.Interpreter) -> Job:
    """Run Python source as a script, or call a function of it."""
    environment = layout.environment(python) | {"OPENBLAS_NUM_THREADS": "1"}
    mounts = [*python_names(python)]
    packages = layout.package_mounts()
    if packages:
        environment["PYTHONPATH"] = layout.PACKAGES
        mounts += packages
    source = utf8(request.program)
    script = f"{layout.WORKDIR}/main.py"
    if isinstance(request.call, FunctionCalls):
        raise InputError(f"no general profile: many calls of {request.call.name}. Use strict.")
    if request.call is None:
        command: tuple[str, ...] = (python.inside, script.rpartition("/")[2], *request.argv)
        places: tuple[tuple[int, bytes | None], ...] = ()
    else:
        command = (python.inside, "-P", layout.ARCHIVE, "function", request.call.name)
        places = ((NOTE_FD, None), (EXTRA_FD, utf8(request.call.arguments)))
    return Job(
        request, command, environment, tuple(mounts),
        files=(*given_files(request), File(script, source, "0644")),
        checked=script, places=places, room_mib=_room_mib(request),
    )  # fmt: skip


def python_names(python: layout.Interpreter) -> list[str]:
    """`python3` and `python` for programs that start one by name."""
    own = python.executable.name
    names = [name for name in ("python3", "python") if name != own]
    return [word for name in names for word in ("--symlink", own, f"{layout.PREFIX}/bin/{name}")]


def native_job(request: RunRequest, binary: SealedFile) -> Job:
    """Run a compiled program."""
    return Job(
        request, (BINARY, *request.argv), layout.plain_environment(),
        tuple(layout.directories("/opt", "/opt/program")),
        files=(*given_files(request), File(BINARY, binary, "0555")), room_mib=_room_mib(request),
    )  # fmt: skip


def node_job(request: RunRequest, node: Node) -> Job:
    """Run JavaScript source: as a module where only that can be meant, else as a script."""
    name = "main.mjs" if _MODULE.search(request.program) else "main.js"
    heap = f"--max-old-space-size={request.limits.memory_mib}"
    script = File(f"{layout.WORKDIR}/{name}", utf8(request.program), "0644")
    return Job(
        request, (node.inside, heap, name, *request.argv),
        layout.plain_environment() | node.environment, node.mounts,
        files=(*given_files(request), script), address_space=False, room_mib=_room_mib(request),
    )  # fmt: skip


def compile_job(request: RunRequest, compiler: Compiler, standard: str) -> Job:
    """Compile the C++ source of `request`, under its limits; the product is the binary."""
    command = (
        *(compiler.command, "-O2", f"-std={standard}", "-pipe", "-fdiagnostics-color=never"),
        *("-o", "main", "main.cpp"),
    )
    return Job(
        request, command, layout.plain_environment() | {"PATH": compiler.path}, compiler.mounts,
        files=(File(f"{layout.WORKDIR}/main.cpp", utf8(request.program), "0644"),),
        room_mib=COMPILE_ROOM_MIB, file_mib=COMPILED_MIB, product=f"{layout.WORKDIR}/main",
    )  # fmt: skip


def given_files(request: RunRequest) -> tuple[File, ...]:
    """The files of `request`, in the working directory.

    Raises:
        InputError: a name that leads elsewhere, or too many of them.
    """
    if len(request.files) > MAX_FILES:
        raise InputError(f"too many files: {len(request.files)} (at most {MAX_FILES}).")
    if _mib_of(request) > MAX_FILES_MIB:
        raise InputError(f"files too large: {_mib_of(request)} MiB (at most {MAX_FILES_MIB}).")
    return tuple(File(_path_of(name), content) for name, content in request.files)


def _room_mib(request: RunRequest) -> int:
    """The working directory's size: as for every program, and what the given files take."""
    return layout.TMPFS_MIB + _mib_of(request)


def _mib_of(request: RunRequest) -> int:
    return sum(len(content) for _, content in request.files) >> 20


def _path_of(name: str) -> str:
    parts = name.split("/")
    if name in {"", "main.py", "main.js", "main.mjs"} or not {"", ".", ".."}.isdisjoint(parts):
        raise InputError(f"file name not usable: {name!r} (a path below the working directory).")
    if "\0" in name or len(name) > 200:
        raise InputError(f"file name not usable: {name[:40]!r} (at most 200 characters, no NUL).")
    return str(PurePosixPath(layout.WORKDIR) / name)
