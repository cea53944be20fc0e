"""Where data comes from: files, folders, their forms, and the errors that say what to do."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets import files, open_dataset
from deepcoder_cli.problems.datasets.formats import FORMATS
from tests.problems.datasets import records as r

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[3]


def write(path: Path, rows: Sequence[object]) -> Path:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is needed to write Parquet files")
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    return path


def ids(source: object, **how: Any) -> list[str]:
    return [got.problem.id for got in open_dataset(str(source), **how)]


def error(source: object, **how: Any) -> str:
    with pytest.raises(InputError) as caught:
        list(open_dataset(str(source), **how))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_every_format_from_every_kind_of_file(tmp_path: Path, name: str, suffix: str) -> None:
    rows = r.BY_FORMAT[name]
    if suffix == ".parquet":  # a file a row: columns have one type, and these rows vary
        for number, row in enumerate(rows):
            write_parquet(tmp_path / f"{number}.parquet", [row])
    else:
        write(tmp_path / f"data{suffix}", rows)

    data = open_dataset(tmp_path)
    got = list(data)

    assert data.format == name
    assert data.refused == []
    assert got == [FORMATS[name].read(row) for row in rows]


def test_parquet_loads_only_the_columns_it_needs(tmp_path: Path) -> None:
    rows = [{**r.TACO_CODEWARS, "id": n, "embedding": "x" * 1000} for n in range(20)]
    path = write_parquet(tmp_path / "a.parquet", rows)
    seen: set[str] = set()

    assert len(ids(path, keep=lambda row: bool(seen.update(row) or True))) == 20
    assert "embedding" not in seen
    assert seen <= set(FORMATS["taco"].columns)


def test_dates_of_parquet_are_iso_8601(tmp_path: Path) -> None:
    row = {**r.LCB_ATCODER, "contest_date": datetime(2025, 1, 4, tzinfo=UTC)}

    (got,) = open_dataset(write_parquet(tmp_path / "a.parquet", [row]))

    assert got.date == "2025-01-04T00:00:00+00:00"


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    write(tmp_path / "test2.jsonl", [r.LCB_FUNCTIONAL])
    write(tmp_path / "test.jsonl", [r.LCB_STDIN])
    write(tmp_path / "test3.jsonl.gz", [r.LCB_ATCODER])
    (tmp_path / "README.md").write_text("# About")
    (tmp_path / ".cache").mkdir()
    write(tmp_path / ".cache" / "test9.jsonl", [r.OURS])

    assert ids(tmp_path) == ["1873_A", "3613", "abc387_c"]
    assert ids(tmp_path, files=["test3.jsonl.gz", "test.jsonl"]) == ["abc387_c", "1873_A"]
    assert "no test7.jsonl" in error(tmp_path, files=["test7.jsonl"])


def test_a_bad_row_is_counted_with_its_place_and_never_stops_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    lines = [
        b'\xef\xbb\xbf{"statement": "A", "id": "a", "tests": [{"input": "", "output": "1"}]}\r\n',
        b"\r\n", b"{broken\n", b'{"a": "\xff"}\n', b"[1]\n", b"[" * 100_000 + b"\n",
        b'{"statement": "B", "id": "b", "tests": []}\n', b'{"statement": "A", "id": "a", "tests": '
        b'[{"input": "", "output": "1"}]}\n',
        b'{"statement": "C", "id": "c", "tests": [{"input": "", "output": "1"}]}',
    ]  # fmt: skip
    path.write_bytes(b"".join(lines))

    data = open_dataset(path)

    assert [got.problem.id for got in data] == ["a", "c"]
    assert [(x.place, x.kind, x.id) for x in data.refused] == [
        ("p.jsonl:3", "not-json", None),
        ("p.jsonl:4", "not-utf8", None),
        ("p.jsonl:5", "not-an-object", None),
        ("p.jsonl:6", "too-large", None),
        ("p.jsonl:7", "no-tests", "b"),
        ("p.jsonl:8", "duplicate-id", "a"),
    ]
    assert data.describe() == (
        f"deepcoder-jsonl: 2 problems from {path}, 6 rows refused: 1 not-json, 1 not-utf8, "
        "1 not-an-object, 1 too-large, 1 no-tests, 1 duplicate-id"
    )
    assert len(list(data)) == 2  # a second pass reads and counts anew
    assert data.tally.by_kind.total() == 6


def test_refusals_are_kept_up_to_a_bound_and_counted_beyond(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [r.OURS, *([1] * 1500)])
    data = open_dataset(path)

    assert len(list(data)) == 1
    assert len(data.refused) == 1000
    assert data.refused_by_kind == (("not-an-object", 1500),)


def test_a_line_over_the_bound_is_skipped_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 1000)
    long = {**r.OURS, "id": "long", "statement": "x" * (3 << 20)}
    path = write(tmp_path / "p.jsonl", [r.OURS, long, {**r.OURS, "id": "after"}, long])
    data = open_dataset(path)

    assert [got.problem.id for got in data] == ["sum", "after"]
    assert [(x.place, x.kind) for x in data.refused] == [
        ("p.jsonl:2", "too-large"),
        ("p.jsonl:4", "too-large"),
    ]


def test_rows_that_are_not_kept_are_counted_and_not_decoded(tmp_path: Path) -> None:
    poisoned = {**r.LCB_STDIN, "contest_date": "2023-01-01", "private_test_cases": "*"}
    path = write(tmp_path / "p.jsonl", [poisoned, r.LCB_ATCODER])
    data = open_dataset(path, keep=lambda row: str(row["contest_date"]) >= "2024-08-01")

    assert [got.problem.id for got in data] == ["abc387_c"]
    assert (data.tally.left_out, data.refused) == (1, [])
    assert "1 left out" in data.describe()


def test_an_unknown_format_names_what_was_seen_and_what_is_known(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [{"task_id": "HumanEval/0", "entry_point": "f"}])
    parquet = write_parquet(tmp_path / "p.parquet", [{"text": "a"}])

    said = error(path)

    assert "of no known format" in said
    assert "fields: entry_point, task_id" in said
    for name in FORMATS:
        assert name in said
    assert "fields: text" in error(parquet)


def test_the_format_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [{"question": "?"}, r.TACO_STDIN])
    data = open_dataset(path, format="taco")

    assert len(list(data)) == 1
    assert data.refused_by_kind == (("no-tests", 1),)
    assert "unknown data set format: csv (known: livecodebench, taco" in error(path, format="csv")


def test_the_format_is_found_behind_rows_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("{\n[]\n{}\n" + json.dumps(r.TACO_STDIN) + "\n")

    assert open_dataset(path).format == "taco"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("none/test5.jsonl", "data set not found: none/test5.jsonl. Check the path."),
        ("code_generation_lite/test5.jsonl", "hf download livecodebench/code_generation_lite "
         "--repo-type dataset --include '*.jsonl' --local-dir code_generation_lite"),
        ("/data/TACO-verified.parquet", "likaixin/TACO-verified"),
        ("x/synthetic-1.jsonl", "PrimeIntellect/verifiable-coding-problems (10.8 GB)"),
        ("a\0b", "not found"),
        ("x" * 5000, "cannot be read"),
    ],
)  # fmt: skip
def test_a_missing_file_says_where_it_is_published_and_how_to_get_it(
    source: str, said: str
) -> None:
    assert said in error(source)


def test_a_named_format_says_where_its_data_is_published(tmp_path: Path) -> None:
    said = error(tmp_path / "none.jsonl", format="codeforces")

    assert "hf download Qwen/CodeElo --repo-type dataset --local-dir CodeElo" in said


def test_what_is_no_data_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "array.json").write_text('[\n{"statement": 1}]')
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(json.dumps(r.OURS).encode() * 99)[:-20])
    (tmp_path / "no.jsonl.gz").write_bytes(b"hello")
    (tmp_path / "no.parquet").write_bytes(b"hello")

    assert "holds no row" in error(tmp_path / "empty.jsonl")
    assert "Run: jq -c '.[]'" in error(tmp_path / "array.json")
    assert "no data in the folder" in error(tmp_path / "folder")
    assert "no regular file" in error(tmp_path / "pipe.jsonl")
    assert "get it again" in error(tmp_path / "cut.jsonl.gz")
    assert "get it again" in error(tmp_path / "no.jsonl.gz")
    assert "get it again" in error(tmp_path / "no.parquet")


def test_a_gzip_file_cut_in_the_middle_is_an_error_and_no_short_data_set(tmp_path: Path) -> None:
    rows = [{**r.OURS, "id": f"p{n}", "statement": os.urandom(300).hex()} for n in range(200)]
    path = write(tmp_path / "p.jsonl.gz", rows)
    path.write_bytes(path.read_bytes()[:-5000])
    data = open_dataset(path)

    with pytest.raises(InputError, match=r"after line \d+"):
        list(data)
    assert data.tally.given > 50


def test_a_damaged_parquet_page_is_an_error(tmp_path: Path) -> None:
    rows = [{**r.OURS, "id": f"p{n}", "statement": os.urandom(300).hex()} for n in range(50)]
    path = write_parquet(tmp_path / "p.parquet", [{**row, "limits": None} for row in rows])
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4000] = bytes(4000)
    path.write_bytes(whole)

    with pytest.raises(InputError, match="get it again"):
        list(open_dataset(path))


def test_zstd_is_read_where_python_can_and_otherwise_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl.zst"
    if sys.version_info >= (3, 14):
        from compression import zstd

        path.write_bytes(zstd.compress(json.dumps(r.OURS).encode()))
        assert ids(path) == ["sum"]
    else:
        path.write_bytes(b"(\xb5/\xfd")
        assert f"Run: zstd -d '{path}'" in error(path)


def test_a_folder_of_problem_files(tmp_path: Path) -> None:
    problem = "# {0}\n\nAdd.\n\n## Example\nInput\n```\n1 2\n```\nOutput\n```\n3\n```\n"
    (tmp_path / "README.md").write_text("# About")
    (tmp_path / "b.md").write_text(problem.format("B"))
    (tmp_path / "a.md").write_text(problem.format("A"))
    (tmp_path / "none.md").write_text("# No examples\n\nJust text.")
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "problem.md").write_text(problem.format(name))
    data = open_dataset(tmp_path)

    got = list(data)

    assert data.format == "problem-files"
    assert [(x.problem.id, x.problem.title) for x in got] == [
        ("a", "A"), ("b", "B"), ("one", "one"), ("two", "two"),
    ]  # fmt: skip
    assert sorted((x.place, x.kind) for x in data.refused) == [
        ("bad.md", "bad-problem"), ("none.md", "no-tests"),
    ]  # fmt: skip
    assert "not a folder of problem.md files" in error(tmp_path / "a.md", format="problem-files")


def test_the_hash_is_the_files_or_that_of_a_listing(tmp_path: Path) -> None:
    one, two = (write(tmp_path / f"{n}.jsonl", [{**r.OURS, "id": n}]) for n in ("one", "two"))
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, two)]
    listing = f"{digests[0]}  one.jsonl\n{digests[1]}  two.jsonl\n"

    assert open_dataset(one).sha256 == digests[0]
    assert open_dataset(tmp_path).sha256 == hashlib.sha256(listing.encode()).hexdigest()


def test_opening_jsonl_loads_no_heavy_library(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [r.OURS])
    program = (
        "import sys; from deepcoder_cli.problems.datasets import open_dataset; "
        f"list(open_dataset({str(path)!r})); "
        "print([m for m in ('pyarrow', 'huggingface_hub', 'httpx', 'numpy') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("module", "suffix"), [("pyarrow", ".parquet"), ("huggingface_hub", "")])
def test_a_missing_extra_prints_its_install_line(tmp_path: Path, module: str, suffix: str) -> None:
    source = tmp_path / f"p{suffix}" if suffix else "org/name"
    if suffix:
        source.write_bytes(b"PAR1")  # type: ignore[union-attr]
    program = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from deepcoder_cli.problems.datasets import open_dataset\n"
        f"open_dataset({str(source)!r})"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert "Run: pip install 'deepcoder-cli[eval]'" in done.stderr.splitlines()[-1]
