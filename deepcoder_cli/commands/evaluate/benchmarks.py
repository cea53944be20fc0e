"""`deepcoder eval list`: which benchmarks there are, and where their problems are published."""

from __future__ import annotations

from deepcoder_cli.errors import EXIT_OK
from deepcoder_cli.evaluate.catalogue import OFFERS
from deepcoder_cli.result import CommandResult


def list_command() -> CommandResult:
    """The benchmarks, a line each."""
    lines = [f"{offer.name:<14} {offer.title}" for offer in OFFERS]
    lines += [
        f"{'FILE':<14} any JSONL, Parquet or folder of problems (docs/datasets.md)",
        "",
        "Where the problems are published; --data names a file of your own instead:",
    ]
    lines += [f"{offer.name:<14} {offer.hub}" for offer in OFFERS if offer.hub]
    data = [
        {"name": offer.name, "title": offer.title, "hub": offer.hub, "window": list(offer.window)}
        for offer in OFFERS
    ]
    return CommandResult(EXIT_OK, "\n".join(lines), {"benchmarks": data})
