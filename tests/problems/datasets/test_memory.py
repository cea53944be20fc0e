"""What streams: peak memory while far more than that goes through."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.problems.datasets import records as r

ROOT = Path(__file__).resolve().parents[3]
ROW_BYTES, ROWS = 1 << 20, 200
PROGRAM = """
import resource, sys
from deepcoder_cli.problems.datasets import open_dataset
import pyarrow.parquet
data = open_dataset(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = sum(len(t.input) for got in data for t in got.problem.tests)
print(size, data.tally.given, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
pytestmark = pytest.mark.slow


def big_row(number: int) -> r.Row:
    tests = [{"input": chr(97 + number % 26) * ROW_BYTES, "output": "1", "testtype": "stdin"}]
    return {**r.LCB_STDIN, "question_id": f"q{number}", "private_test_cases": json.dumps(tests)}


def peak_mib(path: Path) -> float:
    """How far peak memory grew while 200 MB of tests were read from `path`."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    size, given, grown_kib = map(int, done.stdout.split())
    assert given == ROWS
    assert size >= ROWS * ROW_BYTES
    return grown_kib / 1024


def test_200_mb_of_jsonl_go_through_in_a_tenth_of_that(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(ROWS):
            file.write(json.dumps(big_row(number)) + "\n")

    assert peak_mib(path) < 20


def test_200_mb_of_one_parquet_row_group_go_through_in_less_than_that(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is needed to write Parquet files")
    import pyarrow.parquet as pq

    path = tmp_path / "big.parquet"
    table = pa.Table.from_pylist([big_row(number) for number in range(ROWS)])
    pq.write_table(table, path, compression="none", use_dictionary=False, row_group_size=ROWS)

    assert peak_mib(path) < 100
