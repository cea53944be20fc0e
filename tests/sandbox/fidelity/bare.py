"""The other side of the comparison: the same interpreter on `main.py` in a folder, no sandbox."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from deepcoder_cli.sandbox.layout import PREFIX, WORKDIR, Interpreter, current_interpreter
from deepcoder_cli.sandbox.runner import RunRequest

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner, RunResult
    from tests.sandbox.fidelity.corpus import Program

FACTS = """\
import json, os, resource
print(json.dumps([dict(os.environ), resource.getrlimit(resource.RLIMIT_STACK)[0]]))
"""
TIMEOUT_S = 60.0
ADDRESS = re.compile(rb"0x[0-9a-f]{8,16}\b")
# A message names the program's file with its folder or, in the sandbox, without.
OWN_FILE = re.compile(
    rb'(File "|in file |defined at |^)%s/(main\.py(?:"| on line |:\d+))' % WORKDIR.encode(),
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What anyone can see of a program's run: exit code, or minus the signal, and its output."""

    code: int
    stdout: bytes
    stderr: bytes


def ending_of(result: RunResult) -> Ending:
    """How a run in the sandbox ended."""
    code = result.exit_code if result.exit_code is not None else -(result.signal or 0)
    return Ending(code, _normal(result.stdout), _normal(result.stderr))


class BareRun:
    """A program started without a sandbox; stdin and output are files, as in the sandbox."""

    def __init__(self, bare: BarePython, program: Program, folder: Path) -> None:
        source = program.source.encode("utf-8", "surrogatepass")
        (folder / "main.py").write_bytes(source)
        streams = folder.with_name(folder.name + "-streams")
        streams.mkdir()
        (streams / "stdin").write_bytes(program.stdin)
        with ExitStack() as stack:

            def stream(name: str, mode: str) -> IO[bytes]:
                file = (streams / name).open(mode)
                stack.enter_context(file)
                return file

            self._process = subprocess.Popen(
                [*bare.command, "main.py", *program.argv], cwd=folder, env=bare.environment(folder),
                stdin=stream("stdin", "rb"), stdout=stream("1", "wb"), stderr=stream("2", "wb"),
            )  # fmt: skip
        self._bare, self._folder, self._streams = bare, folder, streams

    def ending(self) -> Ending:
        """Wait for its end; the paths in its output become those of the sandbox."""
        code = self._process.wait(TIMEOUT_S)
        stdout, stderr = (
            _normal(self._bare.as_inside((self._streams / name).read_bytes(), self._folder))
            for name in ("1", "2")
        )
        return Ending(code, stdout, stderr)


class BarePython:
    """The interpreter of the sandbox, outside: the same environment, the same stack limit."""

    def __init__(self, runner: Runner, folder: Path) -> None:
        """Ask the sandbox itself what a program in it is given; `folder` is for a venv."""
        facts = runner.run(RunRequest(FACTS))
        environment, stack_limit = json.loads(facts.stdout)
        python = current_interpreter()
        executable = _empty_venv(python, folder)
        self._environment = environment
        self._real = {python.inside: str(executable), **_real_paths(python)}
        limit = "unlimited" if stack_limit < 0 else stack_limit // 1024
        limited = f'ulimit -S -s {limit}; exec "$0" "$@"'
        self.command = ["/bin/sh", "-c", limited, str(executable)]

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables of the sandbox with the paths of the outside."""
        real = {**self._real, WORKDIR: str(folder)}
        return {name: real.get(value, value) for name, value in self._environment.items()}

    def as_inside(self, output: bytes, folder: Path) -> bytes:
        """What a bare run wrote, with the paths of the sandbox."""
        output = output.replace(str(folder).encode(), WORKDIR.encode())
        for inside, real in self._real.items():
            output = output.replace(real.encode(), inside.encode())
        return output


def _empty_venv(python: Interpreter, folder: Path) -> Path:
    """The interpreter without whatever lies in its `site-packages`, and starts with it."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / python.stdlib.name / "site-packages").mkdir(parents=True)
    executable = folder / "bin" / python.executable.name
    executable.symlink_to(python.executable)
    (folder / "pyvenv.cfg").write_text(
        f"home = {python.executable.parent}\ninclude-system-site-packages = false\n"
    )
    return executable


def _real_paths(python: Interpreter) -> dict[str, str]:
    """Paths in the sandbox and what they are outside, the longest first."""
    prefix = python.executable.parent.parent
    return {
        f"{PREFIX}/{python.platlibdir}/{python.stdlib.name}": str(python.stdlib),
        f"{PREFIX}/bin": str(prefix / "bin"),
        f"{PREFIX}/lib": str(prefix / "lib"),
    }


def _normal(output: bytes) -> bytes:
    return ADDRESS.sub(b"0x...", OWN_FILE.sub(rb"\1\2", output))
