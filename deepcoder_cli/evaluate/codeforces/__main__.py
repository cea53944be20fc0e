"""`python -m deepcoder_cli.evaluate.codeforces`: the public API's saved answers to our files.

convert api/ --out contests.jsonl.gz    standings-ID.json and ratings-ID.json to a snapshot
table rated.json --name NAME --date DATE --source WHERE --out table.json
                                        user.ratedList (or any list of ratings) to a rating table
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.errors import DeepcoderError, OutputError
from deepcoder_cli.evaluate.codeforces.convert import NotConverted, convert_folder
from deepcoder_cli.evaluate.codeforces.percentile import read_table
from deepcoder_cli.evaluate.codeforces.snapshot import write_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepcoder_cli.evaluate.codeforces.percentile import RatingTable
    from deepcoder_cli.evaluate.codeforces.snapshot import Contest


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 0, 1 when no contest could be converted, or the error's code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "convert":
            return _convert(arguments.folder, arguments.out)
        _table(arguments)
    except DeepcoderError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deepcoder_cli.evaluate.codeforces",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    convert = commands.add_parser("convert", help="a folder of API answers to a snapshot")
    convert.add_argument("folder", type=Path)
    convert.add_argument("--out", type=Path, required=True, help="ends in .jsonl or .jsonl.gz")
    table = commands.add_parser("table", help="ratings of users to a rating table")
    table.add_argument("file", type=Path)
    table.add_argument("--out", type=Path, required=True)
    for option in ("--name", "--date", "--source"):
        table.add_argument(option, required=True)
    return parser


def _convert(folder: Path, out: Path) -> int:
    def contests() -> Iterator[Contest]:
        for made in convert_folder(folder):
            if isinstance(made, NotConverted):
                sys.stderr.write(f"contest {made.id} left out: {made.reason}\n")
                continue
            sys.stdout.write(
                f"contest {made.contest.id}: {len(made.contest.rated)} rated of "
                f"{len(made.contest.rows)} official rows; {made.unofficial} others left out; "
                f"{made.without_row} rating changes without a row\n"
            )
            yield made.contest

    count = write_snapshot(contests(), out)
    sys.stdout.write(f"wrote {count} contests to {out}\n" if count else "nothing written\n")
    return 0 if count else 1


def _table(arguments: argparse.Namespace) -> None:
    table = read_table(arguments.file)
    ends = [*table.below[1:], table.users]
    counts = zip(table.ratings, ends, table.below, strict=True)
    value = {
        "name": arguments.name, "date": arguments.date, "source": arguments.source,
        "counts": [[rating, end - below] for rating, end, below in counts],
    }  # fmt: skip
    try:
        arguments.out.write_text(json.dumps(value) + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"rating table cannot be written: {arguments.out} ({error.strerror})."
        raise OutputError(f"{msg} Choose another place.") from error
    written: RatingTable = read_table(arguments.out)
    sys.stdout.write(f"wrote {written.title} to {arguments.out}\n")


if __name__ == "__main__":
    sys.exit(main())
