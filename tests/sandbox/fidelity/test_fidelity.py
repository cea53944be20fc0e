"""Is it really like plain Python? Each program runs in the sandbox and without it, and both are
the same in exit code or signal, stdout, and stderr to the last caret.

Left out, because they must differ: process and user ids, times, resource limits, the host name,
what /proc shows, where the interpreter is installed, what its site-packages hold; and programs
that write files, fork, execute or open sockets, which the strict profile forbids. What differs but
need not is in `differences.py`, each with its reason, and is seen to differ still.
In tracebacks and other output the paths of both sides are mapped onto one another, and addresses
of objects are blanked; nothing else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.runner import RunRequest
from tests.sandbox.fidelity.bare import BarePython, BareRun, ending_of
from tests.sandbox.fidelity.corpus import Program, all_programs
from tests.sandbox.fidelity.differences import KNOWN_DIFFERENCES

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

PROGRAMS = all_programs()


def parameters() -> list[object]:
    """Every program under its name; one that is known to differ must really differ."""
    return [
        pytest.param(
            program,
            id=program.name,
            marks=[pytest.mark.xfail(strict=True, reason=reason)] if reason else [],
        )
        for program in PROGRAMS
        for reason in [KNOWN_DIFFERENCES.get(program.name)]
    ]


@pytest.fixture(scope="module")
def bare(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> BarePython:
    return BarePython(runner, tmp_path_factory.mktemp("venv"))


@pytest.mark.parametrize("program", parameters())
def test_a_program_behaves_as_under_plain_python(
    runner: Runner, bare: BarePython, program: Program, tmp_path: Path
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    outside = BareRun(bare, program, folder)  # at the same time: two cores are kept busy
    inside = runner.run(RunRequest(program.source, stdin=program.stdin, argv=program.argv))

    assert ending_of(inside) == outside.ending()


def test_the_programs_are_many_and_every_name_is_used_once() -> None:
    names = [program.name for program in PROGRAMS]

    assert len(names) >= 350
    assert len(set(names)) == len(names)
    assert KNOWN_DIFFERENCES.keys() <= set(names)
