"""Which benchmarks there are, and how the problems of one are opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import InputError
from deepcoder_cli.evaluate.benchmark import Benchmark, Task
from deepcoder_cli.evaluate.run_info import ProblemInfo
from deepcoder_cli.evaluate.tests_judge import TestsJudge
from deepcoder_cli.prompts import messages

if TYPE_CHECKING:
    from deepcoder_cli.problems.datasets.row import DatasetProblem

V5_WINDOW = ("2024-08-01", "2025-02-01")
V5_FILES = ("test.jsonl", *(f"test{number}.jsonl" for number in range(2, 6)))
GENERATED_COUNT = 400


@dataclass(frozen=True, slots=True)
class Offer:
    """A benchmark that can be named on the command line.

    Attributes:
        name: as it is named.
        title: one line.
        data: format of its data set's rows; "" where it needs none.
        hub: where it is published.
        window: the dates that count when none are given.
    """

    name: str
    title: str
    data: str = ""
    hub: str = ""
    window: tuple[str, str] = ("", "")


OFFERS = (
    Offer("livecodebench", "contest problems; the window of the model card (v5)",
          "livecodebench", "livecodebench/code_generation_lite", V5_WINDOW),
    Offer("codeforces", "contests, in CodeElo's form; with a snapshot, a rating", "codeforces",
          "Qwen/CodeElo"),
    Offer("humaneval+", "164 functions with many tests (EvalPlus)", "humaneval+",
          "github.com/evalplus/humanevalplus_release"),
    Offer("mbpp+", "378 functions with many tests (EvalPlus)", "mbpp+", "evalplus/mbppplus"),
    Offer("generated", "small problems made on the spot; always there"),
)  # fmt: skip
_BY_NAME = {offer.name: offer for offer in OFFERS}


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a benchmark is wanted.

    Attributes:
        name: of an offer, or the path of a file of problems.
        data: a file, folder or hub id in place of the usual one.
        since: and `until`: first and last date of contests (ISO); None is the offer's own window,
            "" is no bound.
        limit: only the first so many problems.
        only: only the problems of these ids, as a run has them.
    """

    name: str
    data: str | None = None
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    only: frozenset[str] | None = None


def offer_named(name: str) -> Offer:
    """The offer of that name, its version left out, or one for a file of problems.

    Raises:
        InputError: neither.
    """
    plain = name.partition(":")[0].lower()
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    if Path(name).exists():
        return Offer(Path(name).name, f"problems of {name}", "any", name)
    near = get_close_matches(plain, _BY_NAME, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    known = ", ".join(_BY_NAME)
    msg = f"unknown benchmark: {name} ({known}, or a file of problems)."
    raise InputError(msg + (meant or " Name one of these."))


def open_benchmark(choice: Choice) -> Benchmark:
    """Read a benchmark's problems.

    Raises:
        InputError: an unknown name, data that is not there or cannot be read, or no problem left.
    """
    offer = offer_named(choice.name)
    if offer.name == "generated":
        benchmark = _generated(choice)
    elif offer.data in {"humaneval+", "mbpp+"}:
        from deepcoder_cli.evaluate.evalplus.benchmark import open_evalplus

        benchmark = open_evalplus(offer.data, choice.data)
    else:
        benchmark = _by_tests(offer, choice)
    tasks = benchmark.tasks
    if choice.only is not None:
        tasks = tuple(task for task in tasks if task.info.id in choice.only)
    if choice.limit is not None:
        tasks = tasks[: choice.limit]
    if not tasks:
        why = f"window {'..'.join(benchmark.window)}, " if any(benchmark.window) else ""
        refused = sum(count for _, count in benchmark.refused)
        msg = f"no problem left in {benchmark.name}: {benchmark.source} ({why}{refused} refused)."
        raise InputError(f"{msg} Check --data, --since and --until.")
    return replace(benchmark, tasks=tasks)


def _generated(choice: Choice) -> Benchmark:
    """The seed and the number of problems are in the source: `generated:SEED:COUNT`."""
    from deepcoder_cli.evaluate.generated import SEED, benchmark_name, generated_problems

    seed, count = SEED, max(choice.limit or 0, GENERATED_COUNT)  # a limit takes the first ones
    if choice.data is not None:
        try:
            _, seed_text, count_text = choice.data.split(":")
            seed, count = int(seed_text), int(count_text)
        except ValueError as error:
            msg = f"not a set of generated problems: {choice.data} (generated:SEED:COUNT)."
            raise InputError(f"{msg} Mend it.") from error
    rows = tuple(generated_problems(count, seed))
    return Benchmark(
        benchmark_name(seed), _tasks(rows), _judge(rows),
        f"generated:{seed}:{count}",
    )  # fmt: skip


def _by_tests(offer: Offer, choice: Choice) -> Benchmark:
    """A benchmark whose problems come with tests."""
    from deepcoder_cli.problems.datasets import open_dataset

    source = choice.data or offer.hub
    if Path(source).exists():
        source = str(Path(source).resolve())  # the run is scored from any folder
    window = (
        offer.window[0] if choice.since is None else choice.since,
        offer.window[1] if choice.until is None else choice.until,
    )
    dataset = open_dataset(
        source, format=None if offer.data == "any" else offer.data,
        files=V5_FILES if offer.name == "livecodebench" and source == offer.hub else None,
        keep=lambda row: _is_within(row.get("contest_date"), window),
    )  # fmt: skip
    rows = tuple(row for row in dataset if _is_within(row.date, window))
    version = ":v5" if offer.name == "livecodebench" and window == V5_WINDOW else ""
    return Benchmark(
        f"{offer.name}{version}", _tasks(rows), _judge(rows), source,
        source_sha256=dataset.sha256 if Path(source).is_file() else "", window=window,
        refused=dataset.refused_by_kind,
    )  # fmt: skip


def _is_within(date: object, window: tuple[str, str]) -> bool:
    """Whether a contest was between the first and the last date, both included, or is undated."""
    day = date[:10] if isinstance(date, str) else ""
    since, until = window
    return not day or ((not since or day >= since) and (not until or day <= until))


def _tasks(rows: tuple[DatasetProblem, ...]) -> tuple[Task, ...]:
    found = []
    for row in rows:
        problem = row.problem
        prompt = messages(problem)
        info = ProblemInfo(
            problem.id, problem.title, prompt[-1].content,
            len(problem.examples) + len(problem.tests),
            difficulty=row.difficulty, platform=row.platform, date=row.date, url=row.url,
            sample_graded=not problem.tests, contest=row.contest, letter=row.letter,
        )  # fmt: skip
        found.append(Task(info, prompt))
    return tuple(found)


def _judge(rows: tuple[DatasetProblem, ...]) -> TestsJudge:
    return TestsJudge({row.problem.id: row.problem for row in rows})
