"""Completions that others recorded, as samples of a run: to be scored here without sampling.

Read are JSON lists and JSONL files, gzipped too, of objects that name a problem (`problem`,
`task_id`, `question_id`, `id`) and hold what was written for it, one or a list:

- whole completions: `completion`, `output`, `response`, `text`, `answer`; and lists of them,
  `outputs`, `completions`, `responses`, `output_list` (LiveCodeBench's own),
- programs: `solution`, `code`, `program`, `code_list` (LiveCodeBench's own), `solutions`.

A `reasoning` or `reasoning_content` beside a completion is its reasoning; else `</think>` in the
text ends it. `finish_reason`, `completion_tokens`, `prompt_tokens`, `index` are taken where given.
For HumanEval+ and MBPP+ a `completion` continues the prompt, as evalplus has it, unless it has a
fence or `</think>` in it. Not covered: logprobs, tool calls, several turns.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.records import Sample, sample_key
from deepcoder_cli.inference.reasoning import CLOSE, OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deepcoder_cli.evaluate.benchmark import Benchmark
    from deepcoder_cli.types import SamplingParams

PROBLEM_KEYS = ("problem", "task_id", "question_id", "problem_id", "id")
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


def read_recorded(path: Path) -> Iterator[Recorded]:
    """Every recorded answer in the file, in its order.

    Raises:
        InputError: a file that cannot be read, or an object that names no problem or holds nothing.
    """
    counts: dict[str, int] = {}
    for number, row in enumerate(_rows(path), 1):
        place = f"{path}:{number}"
        problem = _first(row, PROBLEM_KEYS)
        if problem is None:
            raise InputError(f"no problem named at {place} ({', '.join(PROBLEM_KEYS)}). Name it.")
        for text, is_program in _texts(row, place):
            index = row.get("index") if isinstance(row.get("index"), int) else None
            if index is None:
                index = counts.get(str(problem), 0)
            counts[str(problem)] = index + 1
            yield _recorded(place, str(problem), index, text, row, is_program=is_program)


def samples_of(
    recorded: Iterator[Recorded],
    benchmark: Benchmark,
    *,
    model: str,
    params: SamplingParams,
    continues_prompt: Mapping[str, str] | None = None,
) -> Iterator[Sample]:
    """The recorded answers as samples of `benchmark`.

    Args:
        recorded: what was read.
        benchmark: its problems are known by id, or by the part of an id after the last slash.
        model: as the run is to name it.
        params: as the run is to note them.
        continues_prompt: the prompt that a bare completion continues, by problem.

    Raises:
        InputError: a problem that the benchmark does not have, or a sample that comes twice.
    """
    tasks = {task.info.id: task for task in benchmark.tasks}
    seen: set[str] = set()
    for one in recorded:
        task = tasks.get(one.problem)
        if task is None:
            msg = f"unknown problem at {one.place}: {one.problem} ({benchmark.name} has "
            raise InputError(f"{msg}{len(tasks)} others). Check benchmark, window and --data.")
        key = sample_key(
            benchmark=benchmark.name, prompt=task.messages[-1].content, model=model,
            params=params, problem=one.problem, index=one.index,
        )  # fmt: skip
        if key in seen:
            msg = f"sample {one.index} of {one.problem} comes twice: {one.place}."
            raise InputError(f"{msg} Number them by `index`, or leave the numbers out.")
        seen.add(key)
        reasoning, answer = _parts(one, (continues_prompt or {}).get(one.problem))
        yield Sample(
            key, benchmark.name, one.problem, one.index, model, params.max_tokens, None,
            reasoning, answer, "length" if one.finish_reason in LENGTH_REASONS else "stop",
            one.prompt_tokens, one.completion_tokens, 0.0,
        )  # fmt: skip


def _parts(one: Recorded, prompt: str | None) -> tuple[str, str]:
    """Reasoning and answer of a recorded text."""
    if one.is_program:
        return one.reasoning, fenced(one.text)
    if one.reasoning:
        return one.reasoning, one.text
    reasoning, closed, answer = one.text.rpartition(CLOSE)
    if closed:
        return reasoning.removeprefix(OPEN).strip("\n"), answer.lstrip("\n")
    if one.text.lstrip().startswith(OPEN):
        return one.text.lstrip().removeprefix(OPEN), ""
    if prompt is not None and "```" not in one.text:
        return "", fenced(prompt + one.text)
    return "", one.text


def fenced(program: str) -> str:
    r"""`program` as a Markdown block that holds it whole.

    >>> fenced("print(1)")
    '```python\nprint(1)\n```\n'
    """
    runs = re.findall(r"`{3,}", program)
    fence = "`" * (max((len(run) for run in runs), default=2) + 1)
    body = program if program.endswith("\n") else program + "\n"
    return f"{fence}python\n{body}{fence}\n"


def _texts(row: Mapping[str, Any], place: str) -> Iterator[tuple[str, bool]]:
    """What was written, and whether it is a program."""
    for keys, is_program in ((TEXT_KEYS, False), (PROGRAM_KEYS, True)):
        found = _first(row, keys)
        if found is None:
            continue
        texts = found if isinstance(found, list) else [found]
        for text in texts:
            if not isinstance(text, str):
                msg = f"not a text at {place}: {type(text).__name__} (a string). Mend the row."
                raise InputError(msg)
            yield text, is_program
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


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - what JSON gives
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list or of a JSONL file."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(64).lstrip()[:1]
            file.seek(0)
            rows = json.load(file) if head == b"[" else (json.loads(x) for x in file if x.strip())
            for number, row in enumerate(rows, 1):
                if not isinstance(row, dict):
                    msg = f"not an object: {path}:{number} ({type(row).__name__}). Mend the file."
                    raise InputError(msg)
                yield row
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {path} ({reason}). Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON or JSONL: {path} ({error}). Mend the file.") from error
