"""One measurement as a row, and the lines of the file that keeps them."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.sandbox.cpu import machine_busy_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import Any

    from benchmarks.sandbox.cpu import Meter


@dataclass(frozen=True, slots=True)
class Row:
    """One arm, once.

    Attributes:
        section: which table it belongs to.
        program: what ran.
        arm: by what means.
        round: rows of one program and round were taken one right after the other.
        runs: how many runs of the program it holds.
        wall_s: wall seconds, all runs together.
        cpu_s: CPU seconds of all processes that took part.
        others_s: CPU seconds that the rest of the machine used meanwhile, in steps of 10 ms:
            about nothing, or even less, means nothing for a short row.
    """

    section: str
    program: str
    arm: str
    round: int
    runs: int
    wall_s: float
    cpu_s: float
    others_s: float

    @property
    def wall_ms(self) -> float:
        """Wall milliseconds of one run."""
        return self.wall_s * 1000 / self.runs

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of one run."""
        return self.cpu_s * 1000 / self.runs


def timed(
    action: Callable[[], object], meter: Meter, *, section: str, program: str, arm: str,
    round_: int, runs: int,
) -> tuple[Row, Any]:  # fmt: skip
    """Do it once; its row, and what it returned."""
    busy, used, began = machine_busy_s(), meter.used_s(), time.perf_counter()
    returned = action()
    wall_s = time.perf_counter() - began
    cpu_s = meter.used_s() - used
    others_s = machine_busy_s() - busy - cpu_s
    return Row(section, program, arm, round_, runs, wall_s, cpu_s, others_s), returned


def write(path: Path, facts: dict[str, object], rows: Iterable[Row]) -> None:
    """The facts on the first line, then a row a line."""
    lines = [{"facts": facts}, *map(_rounded, rows)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def read(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """What `write` wrote."""
    first, *rest = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return first["facts"], [Row(**line) for line in rest]


def _rounded(row: Row) -> dict[str, object]:
    values = asdict(row).items()
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values}
