"""A report as data for scripts; the keys are stable within a schema version."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.evaluate.report.parts import Published
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import Summary


def report_data(
    info: RunInfo, summaries: Sequence[Summary], *, published: Published | None = None
) -> dict[str, object]:
    """What the run was asked (its problems left out), a summary for each checker, the card."""
    run = asdict(info)
    run["problems"] = len(info.problems)
    return {
        "run": run,
        "summaries": [asdict(summary) for summary in summaries],
        "published": None if published is None else asdict(published),
    }
