"""What a run was asked to do, and the problems it was asked about, as `run.json` keeps them."""

from __future__ import annotations

from dataclasses import dataclass

RUN_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ProblemInfo:
    """What reports show of a problem; its tests are not kept here.

    Attributes:
        id: as in samples and verdicts.
        title: one line.
        difficulty: the data set's own word, and `platform`, `date`, `url`, where known.
        tests: how many tests judge it.
        prompt: the user message, whole.
        sample_graded: whether only the tests that the statement shows are known.
        contest: and `letter`, `points`: for a rating.
    """

    id: str
    title: str
    prompt: str
    tests: int
    difficulty: str | None = None
    platform: str | None = None
    date: str | None = None
    url: str | None = None
    sample_graded: bool = False
    contest: str | None = None
    letter: str | None = None
    points: float | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run was asked to do.

    Attributes:
        benchmark: name and version, such as `livecodebench:v5`.
        model: as the user named it, without keys or passwords.
        n: samples a problem.
        budgets: the token budgets it samples separately, smallest first.
        temperature: and `top_p`.
        seed: of the run; each sample's is drawn from its key.
        extraction: `strict`, `rllm` or `lcb`.
        created: ISO 8601, UTC.
        version: of deepcoder.
        source: where the problems came from: a path or a hub id.
        source_sha256: of the file, where it is one.
        window: first and last date of the problems, "" where there is none.
        refused: how many rows of the data set were refused, by kind.
        problems: all of them, in the benchmark's order.
    """

    benchmark: str
    model: str
    n: int
    budgets: tuple[int, ...]
    temperature: float
    top_p: float
    seed: int
    extraction: str
    created: str
    version: str
    source: str
    source_sha256: str = ""
    window: tuple[str, str] = ("", "")
    refused: tuple[tuple[str, int], ...] = ()
    problems: tuple[ProblemInfo, ...] = ()
