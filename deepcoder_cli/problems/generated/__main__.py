"""`python -m deepcoder_cli.problems.generated`: write problem files, or make the catalogue again.

write --split heldout --count 40 --out problems/     problem.md files, with all tests as JSON
build                                                the catalogue, about three minutes
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from deepcoder_cli.errors import OutputError
from deepcoder_cli.problems.generated import catalogue
from deepcoder_cli.problems.generated.compose import parse
from deepcoder_cli.problems.generated.markdown import to_markdown
from deepcoder_cli.problems.generated.render import generate

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 0, or the exit code of the error."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "build":
            _build()
        else:
            _write(arguments.split, arguments.count, arguments.seed, arguments.out)
    except OutputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m deepcoder_cli.problems.generated",
        description=__doc__,
        formatter_class=form,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="make the catalogue file again")
    write = commands.add_parser("write", help="write problem files")
    write.add_argument("--split", choices=("train", "heldout"), default="heldout")
    write.add_argument("--count", type=int, default=10)
    write.add_argument("--seed", type=int, default=1)
    write.add_argument("--out", type=Path, default=Path("problems"))
    return parser


def _write(split: catalogue.Split, count: int, seed: int, out: Path) -> None:
    """`<id>.md` for `deepcoder solve`, `<id>.json` with all ten tests beside it."""
    keys = catalogue.keys(split)
    chosen = Random(f"write/{seed}").sample(keys, min(count, len(keys)))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for key in chosen:
            problem = generate(parse(key), seed).problem
            text = json.dumps({"key": key, **asdict(problem)}, indent=1, ensure_ascii=False)
            (out / f"{problem.id}.md").write_text(to_markdown(problem), encoding="utf-8")
            (out / f"{problem.id}.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write problems: {error}. Choose another --out.") from error
    sys.stdout.write(f"wrote {len(chosen)} {split} problems to {out}\n")


def _build() -> None:
    def report(domain: str, done: int, quota: int) -> None:
        sys.stderr.write(f"\r{domain}: {done} of at most {quota}   ")

    found = catalogue.build(report)
    catalogue.write(found)
    sys.stderr.write(f"\nwrote {len(found)} compositions to {catalogue.CATALOGUE}\n")


if __name__ == "__main__":
    sys.exit(main())
