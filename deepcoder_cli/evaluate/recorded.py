"""Completions that others recorded, as samples of a run: to be scored here without sampling.

Read are JSON lists and JSONL files, gzipped too, of objects that name a problem (`task_id`,
`question_id`, `problem_id`, `problem`, `id`: the first that the benchmark knows) and hold what was
written for it, one or a list:

- programs: `solution`, `code`, `program`, `code_list` (LiveCodeBench's own), `solutions`; they are
  judged as they are, and count where completions stand beside them,
- whole completions: `completion`, `output`, `response`, `text`, `answer`; and lists of them,
  `outputs`, `completions`, `responses`, `output_list` (LiveCodeBench's own).

A `reasoning` or `reasoning_content` beside a completion is its reasoning; else `</think>` in the
text ends it. `finish_reason`, `completion_tokens`, `prompt_tokens`, `index` are taken where given.
For HumanEval+ and MBPP+ a `completion` continues the prompt, as evalplus has it, where that makes
the function, or where nothing in it looks like a chat's answer. A null is an answer without a
program. Not covered: logprobs, tool calls, several turns.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.evalplus.programs import defines
from deepcoder_cli.evaluate.records import Sample, sample_key
from deepcoder_cli.inference.reasoning import CLOSE, OPEN

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.types import SamplingParams

PROBLEM_KEYS = ("task_id", "question_id", "problem_id", "problem", "id")
MAX_INDEX = 1000
TEXT_KEYS = (
    "completion", "output", "response", "text", "answer", "generation",
    "completions", "outputs", "responses", "output_list", "generations",
)  # fmt: skip
PROGRAM_KEYS = ("solution", "program", "code", "solutions", "programs", "code_list")
LENGTH_REASONS = frozenset({"length", "max_tokens", "max_length"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded answer.

    Attributes:
        place: file and number, for people.
        problem: as the file names it.
        index: among those of its problem.
        text: a completion, or where `is_program` a program.
    """

    place: str
    problem: str
    index: int
    text: str
    is_program: bool
    reasoning: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def read_recorded(path: Path, known: Container[str] = ()) -> Iterator[Recorded]:
    """Every recorded answer in the file, in its order.

    Args:
        path: of the file.
        known: ids of problems; where a row names several things, the known one counts.

    Raises:
        InputError: a file that cannot be read, or an object that names no problem or holds nothing.
    """
    counts: dict[str, int] = {}
    for number, row in enumerate(_rows(path), 1):
        place = f"{path}:{number}"
        names = [str(row[key]) for key in PROBLEM_KEYS if isinstance(row.get(key), str | int)]
        if not names:
            raise InputError(f"no problem named at {place} ({', '.join(PROBLEM_KEYS)}). Name it.")
        problem = next((name for name in names if name in known), names[0])
        texts = list(_texts(row, place))
        given = row.get("index")
        if len(texts) != 1 or type(given) is not int or not 0 <= given < MAX_INDEX:
            given = None
        for text, is_program in texts:
            index = counts.get(problem, 0) if given is None else int(given)
            counts[problem] = max(counts.get(problem, 0), index) + 1
            yield _recorded(place, problem, index, text, row, is_program=is_program)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file came to.

    Attributes:
        samples: of problems that the benchmark has.
        left_out: answers to others, and `unknown`, the first few of those problems.
    """

    samples: tuple[Sample, ...]
    left_out: int
    unknown: tuple[str, ...]


def imported(
    recorded: Iterable[Recorded],
    benchmark: Benchmark,
    *,
    model: str,
    params: SamplingParams,
    continues: Mapping[str, tuple[str, str]] | None = None,
) -> Imported:
    """The recorded answers as samples of `benchmark`.

    Args:
        recorded: what was read.
        benchmark: its problems are known by id.
        model: as the run is to name it.
        params: as the run is to note them.
        continues: the prompt that a bare completion continues and the function that makes whole,
            by problem.

    Raises:
        InputError: a sample that comes twice.
    """
    tasks = {task.info.id: task for task in benchmark.tasks}
    found: dict[str, Sample] = {}
    unknown: dict[str, None] = {}
    left_out = 0
    for one in _numbered(list(recorded)):
        task = tasks.get(one.problem)
        if task is None:
            left_out += 1
            unknown[one.problem] = None
            continue
        key = sample_key(
            benchmark=benchmark.name, prompt=task.messages[-1].content, model=model,
            params=params, problem=one.problem, index=one.index,
        )  # fmt: skip
        if key in found:
            msg = f"sample {one.index} of {one.problem} comes twice: {one.place}."
            raise InputError(f"{msg} Number them by `index`, or leave the numbers out.")
        reasoning, answer, is_program = _parts(one, (continues or {}).get(one.problem))
        found[key] = Sample(
            key, benchmark.name, one.problem, one.index, model, params.max_tokens, None,
            reasoning, answer, "length" if one.finish_reason in LENGTH_REASONS else "stop",
            one.prompt_tokens, one.completion_tokens, 0.0, is_program,
        )  # fmt: skip
    return Imported(tuple(found.values()), left_out, tuple(unknown)[:5])


def _numbered(recorded: list[Recorded]) -> Iterator[Recorded]:
    """With numbers from 0 for each problem: some files number their rows through."""
    most: dict[str, int] = {}
    count: dict[str, int] = {}
    for one in recorded:
        most[one.problem] = max(most.get(one.problem, 0), one.index)
        count[one.problem] = count.get(one.problem, 0) + 1
    given: dict[str, int] = {}
    for one in recorded:
        if most[one.problem] < count[one.problem]:
            yield one
        else:
            index = given.get(one.problem, 0)
            given[one.problem] = index + 1
            yield replace(one, index=index)


def _parts(one: Recorded, continued: tuple[str, str] | None) -> tuple[str, str, bool]:
    """Reasoning and answer of a recorded text, and whether the answer is a program as it is."""
    if one.is_program:
        return one.reasoning, one.text, True
    if continued is not None and not one.reasoning:
        prompt, name = continued
        chats = "```" in one.text or CLOSE in one.text
        if not chats or defines(prompt + one.text, name):
            return "", prompt + one.text, True
    if one.reasoning:
        return one.reasoning, one.text, False
    reasoning, closed, answer = one.text.rpartition(CLOSE)
    if closed:
        return reasoning.removeprefix(OPEN).strip("\n"), answer.lstrip("\n"), False
    if one.text.lstrip().startswith(OPEN):
        return one.text.lstrip().removeprefix(OPEN), "", False
    return "", one.text, False


def _texts(row: Mapping[str, Any], place: str) -> Iterator[tuple[str, bool]]:
    """What was written, and whether it is a program."""
    for keys, is_program in ((PROGRAM_KEYS, True), (TEXT_KEYS, False)):
        name = next((key for key in keys if row.get(key) is not None), None)
        if name is None:
            continue
        found = row[name]
        for text in found if isinstance(found, list) else [found]:
            if text is not None and not isinstance(text, str):
                msg = f"not a text at {place}: {name} has {type(text).__name__} (a string)."
                raise InputError(f"{msg} Mend the row.")
            yield text or "", is_program and bool(text)
        return
    if any(key in row for key in (*PROGRAM_KEYS, *TEXT_KEYS)):
        yield "", False  # a null: no answer
        return
    known = ", ".join((*TEXT_KEYS[:3], *PROGRAM_KEYS[:3]))
    raise InputError(f"nothing written at {place} ({known}, ...). Check the file.")


def _recorded(
    place: str, problem: str, index: int, text: str, row: Mapping[str, Any], *, is_program: bool
) -> Recorded:
    reasoning = row.get("reasoning") or row.get("reasoning_content") or ""
    reason, prompt, completion = (
        row.get(name) for name in ("finish_reason", "prompt_tokens", "completion_tokens")
    )
    return Recorded(
        place, problem, index, text, is_program,
        reasoning if isinstance(reasoning, str) else "",
        reason if isinstance(reason, str) else None,
        prompt if isinstance(prompt, int) else None,
        completion if isinstance(completion, int) else None,
    )  # fmt: skip


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list or of a JSONL file."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as raw:
            file = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape")
            head = file.read(64).lstrip()[:1]
            file.seek(0)
            rows = json.load(file) if head == "[" else (json.loads(x) for x in file if x.strip())
            for number, row in enumerate(rows, 1):
                if not isinstance(row, dict):
                    msg = f"not an object: {path}:{number} ({type(row).__name__}). Mend the file."
                    raise InputError(msg)
                yield row
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {path} ({reason}). Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON or JSONL: {path} ({error}). Mend the file.") from error
