"""A finished race as one value: what to say to people, to scripts, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcoder_cli.errors import EXIT_NONE_PASSES, EXIT_OK, EXIT_UNTESTED, SandboxUnavailable
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.solve.outcome import choose, verdict_label
from deepcoder_cli.solve.report import explain, failure, table
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.errors import DeepcoderError, OutputError
    from deepcoder_cli.solve.outcome import Outcome
    from deepcoder_cli.types import Problem

WEAK = {Tier.C: "; in a degraded sandbox (tier C)", Tier.NONE: "; run WITHOUT a sandbox (--unsafe)"}
_CUT = {"interrupted": "interrupted", "engine-crashed": "the engine died"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a problem.

    Attributes:
        problem: that was to be solved.
        model: its name.
        seed: of the first candidate.
        outcomes: of the candidates that were done with.
        cut_short: Ctrl-C, or the engine's end, as the error it would be with nothing found.
        path: the program was written to; None when none was.
        notes: on the problem file.
        error: why a program could not be written.
        tier: the isolation programs ran in; None when none was run.

    A race that was cut short and not won ends with that error's exit code.
    """

    problem: Problem
    model: str
    seed: int
    outcomes: tuple[Outcome, ...]
    cut_short: DeepcoderError | None = None
    path: Path | None = None
    notes: tuple[str, ...] = ()
    error: OutputError | None = None
    tier: Tier | None = None

    @property
    def chosen(self) -> Outcome | None:
        """The candidate to keep or to show."""
        return choose(self.outcomes)

    @property
    def status(self) -> str:
        """`passes`, `untested`, `fails`, `no-program` or `not-judged`."""
        chosen = self.chosen
        if chosen is None:
            return "no-program"
        if chosen.judgement is None:
            return "not-judged" if chosen.stopped else "untested"
        if chosen.passes:
            return "passes"
        judged = [o.judgement.verdict for o in self.outcomes if o.judgement]
        return "not-judged" if set(judged) == {Verdict.IE} else "fails"

    @property
    def exit_code(self) -> int:
        """See docs/exit-codes.md."""
        if self.error is not None:
            return self.error.exit_code
        codes = {"passes": EXIT_OK, "untested": EXIT_UNTESTED}
        if self.status in codes:
            return codes[self.status]
        if self.cut_short is not None:
            return self.cut_short.exit_code
        failed = self.status == "not-judged"
        return SandboxUnavailable.exit_code if failed else EXIT_NONE_PASSES


def text(summary: Summary) -> str:
    """For people: the table, the first failure, the program, and what was written."""
    total = len(summary.problem.examples)
    chosen = summary.chosen
    head = f"{summary.problem.title} ({summary.model}, seed {summary.seed})"
    parts = [f"{_printable(head)}\n{table(summary.outcomes, total)}"]
    if chosen is not None:
        if summary.status == "fails":
            parts.append(failure(chosen))
        parts.append(f"program of candidate {chosen.candidate.index + 1}:")
        parts.append(_printable((chosen.candidate.program or "").rstrip("\n")))
    parts.append(_last_line(summary, total))
    return "\n\n".join(parts)


def data(summary: Summary) -> dict[str, object]:
    """For scripts: JSON values under stable keys."""
    chosen = summary.chosen
    found: dict[str, object] = {
        "command": "solve",
        "status": summary.status,
        "exit_code": summary.exit_code,
        "problem": {
            "id": summary.problem.id,
            "title": summary.problem.title,
            "examples": len(summary.problem.examples),
            "function": summary.problem.function,
            "time_limit_s": summary.problem.limits.cpu_s,
            "memory_limit_mib": summary.problem.limits.memory_mib,
        },
        "model": summary.model,
        "seed": summary.seed,
        "interrupted": summary.cut_short is not None,
        "candidates": [_candidate(o, len(summary.problem.examples)) for o in summary.outcomes],
        "chosen": chosen.candidate.index if chosen else None,
        "program": chosen.candidate.program if chosen else None,
        "path": str(summary.path) if summary.path else None,
        "tier": str(summary.tier) if summary.tier else None,
        "notes": list(summary.notes),
    }
    error = summary.error or summary.cut_short
    if error is not None and summary.exit_code == error.exit_code:
        found["error"] = {"code": error.code, "message": str(error)}
    return found


def _candidate(outcome: Outcome, total: int) -> dict[str, object]:
    completion = outcome.candidate.completion
    bad = outcome.judgement.first_failure if outcome.judgement else None
    return {
        "index": outcome.candidate.index,
        "seed": outcome.seed,
        "verdict": verdict_label(outcome),
        "detail": explain(bad) if bad else None,
        "passed": outcome.passed if outcome.judgement else None,
        "total": total,
        "same_as": outcome.same_as,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.usage.prompt_tokens,
        "completion_tokens": completion.usage.completion_tokens,
        "sample_s": round(outcome.sample_s, 3),
        "program": outcome.candidate.program,
    }


def _last_line(summary: Summary, total: int) -> str:
    of_how_many = f"none of {len(summary.outcomes)} candidates"
    meaning = {
        "passes": f"passes {total} of {total} examples",
        "untested": "untested: the problem has no examples",
        "fails": f"{of_how_many} passes the examples",
        "no-program": f"{of_how_many} holds a program",
        "not-judged": "the sandbox failed on every candidate: no verdict on any program",
    }[summary.status]
    if summary.status == "not-judged" and summary.cut_short is not None:
        meaning = "stopped before any verdict"
    cut = f"; {_CUT.get(summary.cut_short.code, '')}" if summary.cut_short else ""
    cut += WEAK.get(summary.tier, "") if summary.tier else ""
    if summary.path is not None:
        return f"wrote {_printable(str(summary.path))}: {meaning}{cut}"
    return f"{meaning}; nothing was written{cut}"


def _printable(text: str) -> str:
    return escaped(text, keep="\n\t")
