"""Many calls in one run of the real sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.sandbox.calls import CallGroup, Came, call_records, function_calls
from deepcoder_cli.sandbox.encoded import returned
from deepcoder_cli.sandbox.inside import encoding
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.types import Limits

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.calls import CallRecord
    from deepcoder_cli.sandbox.local import LocalRunner

LIMITS = Limits(cpu_s=10, wall_s=30, memory_mib=512)


def called(
    runner: LocalRunner, program: str, *groups: list[tuple[Any, ...]], limit_s: float = 2.0
) -> list[list[CallRecord]]:
    planned = [CallGroup(group, [limit_s] * len(group), 2.0) for group in groups]
    request = RunRequest(program, limits=LIMITS, call=function_calls("f", planned))
    result = runner.run(request)
    return call_records(result.records, len(groups))


def values(records: list[CallRecord]) -> list[Any]:
    return [returned(r.body, tagged=r.came is Came.TAGGED).value for r in records]


def test_each_call_has_its_record_in_order(runner: LocalRunner) -> None:
    (records,) = called(runner, "def f(a, b): return (a, [b])", [(1, 2), (3, {4}), (5j, (6,))])
    assert values(records) == [(1, [2]), (3, [{4}]), (5j, [(6,)])]


def test_each_group_finds_the_program_as_new(runner: LocalRunner) -> None:
    program = "n = 0\ndef f():\n    global n\n    n += 1\n    return n\n"
    first, second = called(runner, program, [(), ()], [()])
    assert [values(first), values(second)] == [[1, 2], [1]]


def test_a_call_that_raises_ends_its_group_alone(runner: LocalRunner) -> None:
    first, second = called(runner, "def f(x): return 1 // x", [(1,), (0,), (1,)], [(1,)])
    assert [record.came for record in first] == [Came.VALUE, Came.RAISED]
    assert first[1].name == "ZeroDivisionError"
    assert values(second) == [1]


def test_a_call_that_is_too_late_ends_all(runner: LocalRunner) -> None:
    program = "def f(x):\n    while x: x = x\n    return x\n"
    first, second = called(runner, program, [(0,), (1,), (0,)], [(0,)], limit_s=0.3)
    assert [record.came for record in first] == [Came.VALUE, Came.TIMED_OUT]
    assert second == []


def test_a_program_that_has_no_such_function_says_so_without_a_name(runner: LocalRunner) -> None:
    (records,) = called(runner, "g = 1", [()])
    assert [(record.came, record.name) for record in records] == [(Came.NOT_IMPORTED, "")]


def test_a_program_that_fails_while_it_is_loaded(runner: LocalRunner) -> None:
    (records,) = called(runner, "import nothing_of_that_name", [()])
    assert [(r.came, r.name) for r in records] == [(Came.NOT_IMPORTED, "ModuleNotFoundError")]


def test_blocks_for_scripts_do_not_run_and_dataclasses_work(runner: LocalRunner) -> None:
    program = (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n"
        "def f(x): return P(x).x\nif __name__ == '__main__': raise SystemExit(3)\n"
    )
    (records,) = called(runner, program, [(4,)])
    assert values(records) == [4]


def test_the_same_program_runs_again_from_its_kept_code(runner: LocalRunner) -> None:
    for _ in range(3):
        (records,) = called(runner, "def f(x): return x + 1  # kept", [(1,)])
        assert values(records) == [2]


def test_a_program_that_does_not_compile(runner: LocalRunner) -> None:
    request = RunRequest("def f(:", limits=LIMITS, call=function_calls("f", []))
    assert runner.run(request).status is Status.COMPILE_ERROR


def test_the_general_profile_refuses(runner: LocalRunner) -> None:
    if runner.general is None:
        pytest.skip("needs a working sandbox of namespaces")
    call = function_calls("f", [])
    with pytest.raises(InputError, match="many calls of f"):
        runner.run(RunRequest("", call=call, profile=Profile.GENERAL))


def test_records_are_read_as_far_as_they_are_whole() -> None:
    group = encoding.RECORD.pack(encoding.GROUP, 0, 0)
    one = encoding.RECORD.pack(encoding.VALUE, 0, 1) + b"N"
    long = encoding.RECORD.pack(encoding.VALUE, 0, 1 << 60) + b"N"
    assert [len(g) for g in call_records(group + one + one + long + one, 1)] == [2]
    assert [len(g) for g in call_records(one + group + one, 2)] == [0, 0]
    assert [len(g) for g in call_records(group + one + group + group + one, 2)] == [1, 0]
