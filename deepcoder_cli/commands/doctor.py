"""`deepcoder doctor`: what keeps programs in here, each layer tried, and what to do about the rest.

Exit code 0 for tiers A and B, 3 for C (programs run, with less between them and this machine),
4 where none can run.
"""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from deepcoder_cli.errors import EXIT_OK, SandboxUnavailable
from deepcoder_cli.result import CommandResult
from deepcoder_cli.sandbox.doctor import diagnose
from deepcoder_cli.sandbox.layers import (
    ALWAYS,
    CPP,
    JAVASCRIPT,
    LANDLOCK,
    NAMESPACES,
    NUMPY,
    SEATBELT,
)
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.doctor import Diagnosis
    from deepcoder_cli.sandbox.fixes import Fix
    from deepcoder_cli.sandbox.layers import Layer

EXIT_DEGRADED = 3
WIDTH = 80
NAME_WIDTH, RESULT_WIDTH = 19, 11
EXIT_CODES = {
    Tier.A: EXIT_OK,
    Tier.B: EXIT_OK,
    Tier.C: EXIT_DEGRADED,
    Tier.NONE: SandboxUnavailable.exit_code,
}
MEANING = {
    Tier.A: "Tier A: programs run in a sandbox. Every layer was tried and holds.",
    Tier.B: "Tier B: programs run in a sandbox. It holds, without the second wall of Landlock.",
    Tier.C: "Tier C, degraded: programs run behind Landlock and a call filter, without "
    "namespaces. Training does not take rewards from it unless told to.",
    Tier.NONE: "No sandbox: programs cannot be run here, and deepcoder will not run any.",
}
UNVERIFIED = (
    "macOS: programs run under sandbox-exec, which is not verified on real hardware. Nothing below "
    "was proved."
)
LAYERS = ALWAYS | NAMESPACES | {LANDLOCK, SEATBELT}


def doctor_command(*, as_json: bool = False) -> CommandResult:
    """Try every layer of the sandbox and say what was found; about two seconds.

    Raises:
        SandboxUnavailable: this is neither Linux nor a system with a sandbox of its own.
    """
    if not as_json and sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("trying each layer…\r")
    found = diagnose()
    return CommandResult(EXIT_CODES[found.tier], text(found), data(found))


def data(found: Diagnosis) -> dict[str, object]:
    """For scripts: JSON values under stable keys."""
    return {
        "command": "doctor",
        "tier": str(found.tier),
        "exit_code": EXIT_CODES[found.tier],
        "system": found.evidence.system.name,
        "kernel": found.evidence.system.kernel,
        "layers": [
            {
                "name": layer.name,
                "proved": layer.proved,
                "absent": layer.absent,
                "untried": layer.untried,
                "counts": layer.name in LAYERS,
                "how": layer.how,
                "detail": layer.detail,
            }
            for layer in found.layers
        ],
        "fixes": [
            {"problem": fix.problem, "advice": fix.advice, "commands": list(fix.commands)}
            for fix in found.fixes
        ],
    }


def text(found: Diagnosis) -> str:
    """For people, at 80 columns; only commands to be copied may be wider."""
    system = found.evidence.system
    unverified = found.tier is not Tier.NONE and found.layers[0].name == SEATBELT
    parts = [
        f"{system.name}, kernel {system.kernel}",
        _wrapped(UNVERIFIED if unverified else MEANING[found.tier]),
        _table(found.layers, counting=True),
        _table(found.layers, counting=False),
    ]
    if found.tier is not Tier.NONE and not unverified:
        parts.append(_wrapped(_abilities(found)))
    parts += map(_fix, found.fixes)
    return escaped("\n\n".join(filter(None, parts)), keep="\n")


def _table(layers: tuple[Layer, ...], *, counting: bool) -> str:
    chosen = [layer for layer in layers if (layer.name in LAYERS) == counting]
    head = ("layer", "result", "what was seen") if counting else ("beside them", "", "")
    if not chosen:
        return ""
    rows = [_row(*head)]
    rows += [_row(la.name, _result(la), la.detail) for la in chosen if not la.untried]
    if untried := [layer.name for layer in chosen if layer.untried]:
        rows.append(_row("the others", "not tried", ", ".join(untried)))
    return "\n".join(rows)


def _row(name: str, result: str, seen: str) -> str:
    """One row; what was seen goes on below itself where it is long."""
    margin = NAME_WIDTH + RESULT_WIDTH
    lines = textwrap.wrap(seen, WIDTH - margin) or [""]
    first = f"{name:<{NAME_WIDTH}}{result:<{RESULT_WIDTH}}{lines[0]}"
    return "\n".join([first.rstrip(), *(" " * margin + line for line in lines[1:])])


def _result(layer: Layer) -> str:
    if layer.proved:
        return "proved"
    return "not here" if layer.absent else "NOT PROVED"


def _abilities(found: Diagnosis) -> str:
    """What a program may do here, in plain words."""
    proved = {layer.name for layer in found.layers if layer.proved}
    written = ["Python", *(name for name in (CPP, JAVASCRIPT) if name in proved)]
    languages = " and ".join(filter(None, [", ".join(written[:-1]), written[-1]]))
    packages = ", with numpy" if NUMPY in proved else ""
    return (
        f"A program here may be written in {languages}{packages}. It computes, reads what it is "
        "given and prints; it reaches no file, process or network of this machine, and ends at "
        "its limits of time, memory and output."
    )


def _fix(fix: Fix) -> str:
    problem = _wrapped(f"{fix.problem[0].upper()}{fix.problem[1:]}. {fix.advice}")
    return "\n".join([problem, *(f"    {command}" for command in fix.commands)])


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)
