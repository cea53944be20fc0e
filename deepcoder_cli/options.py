"""Options that several verbs have, as typer reads them. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(slots=True)
class Invocation:
    """What must be known to render an error; `as_json` is None until --json has been parsed."""

    as_json: bool | None = None


def _json_asked(context: typer.Context, as_json: bool) -> bool:
    """Note it before any other option can fail."""
    if isinstance(context.obj, Invocation):
        context.obj.as_json = as_json
    return as_json


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="`nano` (built in), a .gguf file, http(s)://host:port/v1#model, or an endpoint of the "
        "settings file.",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", callback=_json_asked, is_eager=True, help="Print one JSON object for scripts."
    ),
]

Unsafe = Annotated[
    bool,
    typer.Option("--unsafe", help="Run programs WITHOUT a sandbox: they can do all you can."),
]
