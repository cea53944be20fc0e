"""The loss of a run as a picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WINDOW = 20


def plot_loss(log: Path, out: Path) -> None:
    """Draw loss against steps on a logarithmic axis: each step, and the mean of the last 20."""
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = [row["step"] for row in rows]
    losses = [row["loss"] for row in rows]
    parts = [losses[max(0, i - WINDOW + 1) : i + 1] for i in range(len(losses))]
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.semilogy(steps, losses, color="0.75", linewidth=0.8, label="each step")
    means = [sum(part) / len(part) for part in parts]
    axes.semilogy(steps, means, color="tab:blue", label=f"mean of {WINDOW} steps")
    axes.set(xlabel="step", ylabel="loss on completions (nats a token)", title="nano: training")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(out, dpi=120)
