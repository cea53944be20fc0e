"""Starts one program under resource limits, waits for its end and reports; executed as a script.

For runs without a sandbox and for macOS: nothing here isolates. POSIX only, standard library only.
Arguments: one JSON object with the command, the limits and the descriptor of the report.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """What to start, in which environment, and what it may use (bytes; 0 is no limit)."""

    command: list[str]
    environment: dict[str, str]
    cpu_s: int
    address_space: int
    file_size: int
    report: int


def limit(what: int, soft: int, hard: int) -> None:
    """Lower a limit; one that is lower already stays."""
    allowed = resource.getrlimit(what)[1]
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    try:
        resource.setrlimit(what, (soft, hard))
    except (OSError, ValueError):  # macOS knows some of them only by name
        return


def become(plan: Plan) -> None:
    """Take on the limits and become the program; 127 when it cannot be started."""
    limit(resource.RLIMIT_CPU, plan.cpu_s, plan.cpu_s + 1)
    limit(resource.RLIMIT_FSIZE, plan.file_size, plan.file_size)
    limit(resource.RLIMIT_CORE, 0, 0)
    if plan.address_space:
        limit(resource.RLIMIT_AS, plan.address_space, plan.address_space)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        os.execve(plan.command[0], plan.command, plan.environment)  # noqa: S606 - what this is for
    except OSError as error:
        os.write(2, f"{plan.command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def main() -> None:
    """Run the program of the plan in argv."""
    plan = Plan(**json.loads(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(plan.report, False)
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        become(plan)
    for number in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    _, status, used = os.wait4(child, 0)
    wall_us = int((time.monotonic() - started) * 1e6)
    cpu_us = int((used.ru_utime + used.ru_stime) * 1e6)
    peak_kib = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    over = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
    line = f"{'cpu' if over else '-'} {status} {cpu_us} {wall_us} {peak_kib}\n"
    os.write(plan.report, line.encode())


if __name__ == "__main__":
    main()
