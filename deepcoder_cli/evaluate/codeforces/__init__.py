"""Codeforces rating and percentile of a run, from saved contests.

    snapshot.py     contests with their official standings, as a file
    convert.py      the public API's saved answers -> a snapshot
    rating.py       attempts -> score, rank, rating of a contest; the mean's interval
    percentile.py   a rating's place in a named table
    attempts.py     the verdicts of a run -> the attempts at each problem
    summary.py      attempts -> a rating, contest by contest; text.py prints it
    json_file.py    JSON from files, each field checked

`python -m deepcoder_cli.evaluate.codeforces --help` converts; docs/codeforces.md says the rest.
"""

from deepcoder_cli.evaluate.codeforces.percentile import RatingTable, read_table
from deepcoder_cli.evaluate.codeforces.snapshot import Contest, read_snapshot
from deepcoder_cli.evaluate.codeforces.summary import CodeforcesResult, codeforces_summary
from deepcoder_cli.evaluate.codeforces.text import lines

__all__ = [
    "CodeforcesResult",
    "Contest",
    "RatingTable",
    "codeforces_summary",
    "lines",
    "read_snapshot",
    "read_table",
]
