"""HumanEval+ and MBPP+ as the EvalPlus project publishes them: JSONL, plain or gzipped.

A row holds a prompt to be continued, a canonical solution and two lists of inputs: those of the
original set (base) and those that EvalPlus added (plus). There are no expected outputs: they come
from running the canonical solution. MBPP+ writes tuples, sets and complex numbers as JSON; which
task means what by it is the table below, the same as in EvalPlus's `mbpp_deserialize_inputs`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

from deepcoder_cli.errors import InputError
from deepcoder_cli.types import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Dataset = Literal["humaneval", "mbpp"]
PREFIXES: dict[str, Dataset] = {"HumanEval/": "humaneval", "Mbpp/": "mbpp"}
TITLES = {"humaneval": "HumanEval+", "mbpp": "MBPP+"}
STATEMENT = (
    "Write the Python function `{name}` that the starter code describes. Give the whole function, "
    "with everything it imports."
)
_TEXTS = ("task_id", "prompt", "entry_point", "canonical_solution")


@dataclass(frozen=True, slots=True)
class EvalplusProblem:
    """A row of HumanEval+ or MBPP+.

    Attributes:
        task_id: such as `HumanEval/0`.
        prompt: what a program begins with, its documentation included.
        entry_point: the function that is called.
        canonical_solution: what continues the prompt.
        base_inputs: the arguments of each call of the original tests; never to be changed.
        plus_inputs: those that EvalPlus added.
        atol: absolute tolerance of numbers; 0 is exact, but for floats (see the rules).
        contract: assertions on the input; of no use for judging.
        test: EvalPlus's own test program; not used.
        dataset: `humaneval` or `mbpp`.
    """

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    base_inputs: tuple[tuple[Any, ...], ...]
    plus_inputs: tuple[tuple[Any, ...], ...]
    atol: float
    contract: str
    test: str
    dataset: Dataset

    @property
    def canonical_program(self) -> str:
        """The program whose outputs are the expected ones."""
        return self.prompt + self.canonical_solution

    @property
    def problem(self) -> Problem:
        """The problem to prompt with; it holds no tests."""
        return Problem(
            id=self.task_id,
            title=f"{TITLES[self.dataset]} {self.task_id.rpartition('/')[2]}: {self.entry_point}",
            statement=STATEMENT.format(name=self.entry_point),
            starter_code=self.prompt,
            function=self.entry_point,
        )


def read_evalplus(path: Path) -> tuple[EvalplusProblem, ...]:
    """All problems of the file at `path` (.jsonl or .jsonl.gz), in its order.

    Raises:
        InputError: it cannot be read, holds a row of another kind, or none, or one twice.
    """
    found: dict[str, EvalplusProblem] = {}
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    problem = evalplus_problem(line, place=f"{path}:{number}")
                    if problem.task_id in found:
                        raise _bad(f"{path}:{number}", f"{problem.task_id} a second time")
                    found[problem.task_id] = problem
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read a data set: {path} ({error}). Give a .jsonl or .jsonl.gz."
        ) from error
    if not found:
        raise _bad(str(path), "it is empty")
    return tuple(found.values())


def evalplus_problem(line: str, *, place: str) -> EvalplusProblem:
    """The problem in one line of JSON; `place` is where it stands, for people.

    Raises:
        InputError: it is none.
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad(place, f"no JSON: {error}") from error
    if not isinstance(row, dict):
        raise _bad(place, "no object")
    for name in _TEXTS:
        if not isinstance(row.get(name), str):
            raise _bad(place, f"no text `{name}`")
    dataset = next((d for p, d in PREFIXES.items() if row["task_id"].startswith(p)), None)
    if dataset is None or not row["entry_point"].isidentifier():
        raise _bad(place, f"task {row['task_id'][:40]!r}, function {row['entry_point'][:40]!r}")
    atol = row.get("atol", 0)
    if isinstance(atol, bool) or not isinstance(atol, int | float) or not 0 <= atol < 1:
        raise _bad(place, f"atol {atol!r}")
    return EvalplusProblem(
        task_id=row["task_id"], prompt=row["prompt"], entry_point=row["entry_point"],
        canonical_solution=row["canonical_solution"],
        base_inputs=_inputs(row, "base_input", dataset, place),
        plus_inputs=_inputs(row, "plus_input", dataset, place),
        atol=float(atol), contract=str(row.get("contract", "")), test=str(row.get("test", "")),
        dataset=dataset,
    )  # fmt: skip


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _bad(place: str, what: str) -> InputError:
    return InputError(f"not a row of HumanEval+ or MBPP+: {place} ({what}). Fetch the file anew.")


def _inputs(
    row: dict[str, Any], name: str, dataset: Dataset, place: str
) -> tuple[tuple[Any, ...], ...]:
    """The arguments of each call. MBPP+ writes `{}` for a list without any."""
    given = row.get(name)
    if given == {}:
        given = []
    if not isinstance(given, list) or not all(isinstance(each, list) for each in given):
        raise _bad(place, f"`{name}` is no list of lists")
    if dataset == "humaneval":
        return tuple(map(tuple, given))
    try:
        return tuple(tuple(each) for each in mbpp_inputs(row["task_id"], given))
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise _bad(place, f"`{name}` has another form than its task: {error}") from error


def mbpp_inputs(task_id: str, inputs: list[Any]) -> list[Any]:
    """The inputs of an MBPP+ task with the types they had before they were written as JSON.

    >>> mbpp_inputs("Mbpp/2", [[[1, 2], [3]]]), mbpp_inputs("Mbpp/252", [["1j"]])
    ([[(1, 2), (3,)]], [[1j]])
    """
    number = int(task_id.rpartition("/")[2])
    restore = next((how for how, tasks in _RESTORED.items() if number in tasks), None)
    return inputs if restore is None else [restore(each) for each in inputs]


def _each(arguments: list[Any]) -> list[Any]:
    return [tuple(argument) for argument in arguments]


def _items_of_each(arguments: list[Any]) -> list[Any]:
    return [_each(argument) for argument in arguments]


def _items_of_first(arguments: list[Any]) -> list[Any]:
    return [_each(arguments[0]), arguments[1]]


def _second(arguments: list[Any]) -> list[Any]:
    return [arguments[0], tuple(arguments[1])]


def _first(arguments: list[Any]) -> list[Any]:
    return [tuple(arguments[0]), arguments[1]]


def _first_of_three(arguments: list[Any]) -> list[Any]:
    return [tuple(arguments[0]), arguments[1], arguments[2]]


def _sets_of_first(arguments: list[Any]) -> list[Any]:
    return [[set(i) if isinstance(i, list) and i else {} for i in arguments[0]]]


def _float_and_complex(arguments: list[Any]) -> list[Any]:
    return [float(arguments[0]), complex(arguments[1])]


def _complex(arguments: list[Any]) -> list[Any]:
    return [complex(arguments[0])]


def _each_and_its_items(arguments: list[Any]) -> list[Any]:
    return _each(_items_of_each(arguments))


def _first_and_its_lists(arguments: list[Any]) -> list[Any]:
    return [tuple(tuple(i) if isinstance(i, list) else i for i in arguments[0])]


def _values_of_first(arguments: list[Any]) -> list[Any]:
    return [{key: tuple(value) for key, value in arguments[0].items()}, *arguments[1:]]


def _all(arguments: Any) -> Any:  # noqa: ANN401 - lists of any depth
    return tuple(map(_all, arguments)) if isinstance(arguments, list) else arguments


_RESTORED: dict[Callable[[list[Any]], Any], frozenset[int]] = {
    _each: frozenset((
        2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630,
        726, 740, 744, 809,
    )),
    _items_of_each: frozenset((
        63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780,
    )),
    _items_of_first: frozenset((75, 413, 444, 753)),
    _second: frozenset((106, 750)),
    _sets_of_first: frozenset((115,)),
    _float_and_complex: frozenset((124,)),
    _first: frozenset((250, 405, 446, 617, 720, 763, 808)),
    _each_and_its_items: frozenset((259, 401, 445)),
    _first_and_its_lists: frozenset((278,)),
    _first_of_three: frozenset((307,)),
    _values_of_first: frozenset((722,)),
    _complex: frozenset((252,)),
    _all: frozenset((580, 615, 791)),
}  # fmt: skip
