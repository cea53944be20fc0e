"""A run's folder keeps what it was given through kills, full disks and second processes."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.errors import InputError, OutputError
from deepcoder_cli.evaluate.records import Sample, SampleVerdict
from deepcoder_cli.evaluate.run_info import ProblemInfo, RunInfo
from deepcoder_cli.evaluate.store import SAMPLES, RunFolder

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = Sample(
    "k0", "generated:1", "p1", 0, "nano", 1024, 7, "why\u2028not", "```python\nprint(1)\n```",
    "stop", 10, 20, 1.5,
)  # fmt: skip
VERDICT = SampleVerdict("k0", "strict/1", "AC", "p1", 0, 3, 3, None, "", "print(1)\n", 0.01)
INFO = RunInfo(
    "generated:1", "nano", 2, (1024, 2048), 0.6, 0.95, 5, "strict", "2026-01-01T00:00:00+00:00",
    "0.1.0", "generated", window=("", ""), refused=(("no-tests", 2),),
    problems=(ProblemInfo("p1", "One", "Print 1.\ud800", 3, difficulty="easy"),),
)  # fmt: skip


def numbered(number: int) -> Sample:
    return replace(SAMPLE, key=f"k{number}", index=number, answer=f"{number} " * 50)


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.save_info(INFO)
    with folder.writing() as writer:
        writer.add(SAMPLE)
        writer.add(VERDICT)
        writer.add(replace(VERDICT, checker="lcb-compat/1", verdict="WA", first_failure=1))
        writer.add(replace(VERDICT, verdict="TLE"))

    assert folder.info() == INFO
    assert list(folder.samples()) == [SAMPLE]
    verdicts = folder.verdicts()
    assert {checker: found["k0"].verdict for checker, found in verdicts.items()} == {
        "strict/1": "TLE",  # the last one counts
        "lcb-compat/1": "WA",
    }


@given(text=st.text(st.characters(codec=None, categories=["L", "N", "Cs", "Cc", "Zl", "P"])))
def test_any_text_survives(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = RunFolder(tmp_path_factory.mktemp("any"))
    sample = replace(SAMPLE, reasoning=text, answer=text)
    with folder.writing() as writer:
        writer.add(sample)

    assert list(folder.samples()) == [sample]


def test_a_sample_that_was_written_twice_counts_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with folder.writing() as writer:
        writer.add(SAMPLE)
        writer.add(replace(SAMPLE, answer="another"))

    assert list(folder.samples()) == [SAMPLE]


@pytest.mark.parametrize("cut", [1, 10, 100, 200])
def test_a_torn_last_line_is_left_out_and_cut_off_at_the_next_writing(
    tmp_path: Path, cut: int
) -> None:
    folder = RunFolder(tmp_path)
    with folder.writing() as writer:
        for number in range(3):
            writer.add(numbered(number))
    file = tmp_path / SAMPLES
    os.truncate(file, file.stat().st_size - cut)

    assert [sample.key for sample in folder.samples()] == ["k0", "k1"]
    with folder.writing() as writer:
        writer.add(numbered(9))
    assert [sample.key for sample in folder.samples()] == ["k0", "k1", "k9"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with folder.writing() as writer:
        writer.add(SAMPLE)
    with (tmp_path / SAMPLES).open("a") as file:
        file.write('{"key": 1}\n')

    with pytest.raises(InputError, match=r"samples.jsonl:2.*Restore or remove"):
        list(folder.samples())


def test_two_processes_do_not_write_at_a_time(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with (
        folder.writing(),
        pytest.raises(InputError, match="another process works on this run"),
        RunFolder(tmp_path).writing(),
    ):
        pass
    with folder.writing() as writer:  # and the one that was refused took nothing away
        writer.add(SAMPLE)


FULL = """\
import resource, signal, sys
from pathlib import Path
from deepcoder_cli.errors import OutputError
from deepcoder_cli.evaluate.store import RunFolder
from tests.evaluate.test_store import numbered
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
kept = 0
with RunFolder(Path(sys.argv[1])).writing() as writer:
    try:
        for number in range(1000):
            writer.add(numbered(number))
            kept += 1
    except OutputError as error:
        print(kept, error)
"""


def test_on_a_full_disk_what_was_kept_stays_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    kept = int(done.stdout.split()[0])

    assert "cannot write" in done.stdout
    assert 0 < kept < 1000
    assert [sample.key for sample in RunFolder(tmp_path).samples()] == [
        f"k{n}" for n in range(kept)
    ]
    assert (tmp_path / SAMPLES).read_bytes().endswith(b"\n")


WRITER = """\
import sys
from pathlib import Path
from deepcoder_cli.evaluate.store import RunFolder
from tests.evaluate.test_store import numbered
folder = RunFolder(Path(sys.argv[1]))
have = {sample.key for sample in folder.samples()}
with folder.writing() as writer:
    for number in range(100_000):
        if f"k{number}" not in have:
            writer.add(numbered(number))
            print(number, flush=True)
"""


@pytest.mark.slow
def test_kills_at_random_points_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)
    told: list[int] = []
    for _ in range(30):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            told.append(int(process.stdout.readline()))
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            told += [int(line) for line in process.stdout if line.endswith("\n")]
    keys = [sample.key for sample in RunFolder(tmp_path).samples()]
    lines = (tmp_path / SAMPLES).read_text().splitlines()

    assert keys == [f"k{number}" for number in range(len(keys))]
    assert set(told) <= set(range(len(keys)))
    assert len({json.loads(line)["key"] for line in lines[: len(keys)]}) == len(keys)


def test_what_is_no_run_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run there"):
        RunFolder(tmp_path).info()
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="run cannot be read"):
        RunFolder(tmp_path).info()
    (tmp_path / "run.json").write_text('{"format": 99}')
    with pytest.raises(InputError, match="another format"):
        RunFolder(tmp_path).info()


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        RunFolder(tmp_path / "file" / "run").save_info(INFO)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
