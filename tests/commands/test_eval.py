"""`deepcoder eval` as a person runs it: with the built-in model and the real sandbox."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from deepcoder_cli.evaluate.generated import generated_problems
from deepcoder_cli.evaluate.store import RunFolder
from deepcoder_cli.problems.datasets import write_jsonl

ROOT = Path(__file__).parents[2]
RUN = ("run", "generated", "--model", "nano", "--budget", "256", "--limit", "4")


def deepcoder(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "deepcoder_cli.main", "eval", *words], cwd=folder, text=True,
        capture_output=True, check=False, timeout=280,
        env=os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder)} | environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run of four problems, two samples each."""
    folder = tmp_path_factory.mktemp("eval")
    done = deepcoder(*RUN, "-n", "2", "--out", "r", "--json", folder=folder)
    if done.returncode == 4:
        pytest.skip(f"needs a working sandbox: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_a_run_is_sampled_scored_and_reported(made: tuple[Path, dict[str, Any]]) -> None:
    folder, data = made
    run = RunFolder(folder / "r")
    samples = list(run.samples())
    strict = data["checkers"]["strict/1"]

    assert len(samples) == len({sample.key for sample in samples}) == 8
    assert {len(found) for found in run.verdicts().values()} == {8}
    assert strict["coverage"]["judged"] == 8
    estimate = strict["score"]["pass_at"]["1"]
    assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert sum(strict["verdicts"].values()) == 8


def test_the_same_command_again_makes_nothing(made: tuple[Path, dict[str, Any]]) -> None:
    folder, data = made
    before = (folder / "r" / "samples.jsonl").read_bytes()
    done = deepcoder(*RUN, "-n", "2", "--out", "r", "--json", folder=folder)

    assert (folder / "r" / "samples.jsonl").read_bytes() == before
    assert json.loads(done.stdout)["checkers"] == data["checkers"]
    assert "going on with r: 8 of 8 samples are there" in done.stderr


def test_more_samples_are_added_to_those_there_are(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    subprocess.run(["cp", "-r", "r", "more"], cwd=folder, check=True)
    done = deepcoder(*RUN, "-n", "3", "--out", "more", folder=folder)
    keys = [sample.key for sample in RunFolder(folder / "more").samples()]

    assert done.returncode == 0, done.stderr
    assert len(keys) == 12
    assert keys[:8] == [sample.key for sample in RunFolder(folder / "r").samples()]


def test_another_run_does_not_go_into_a_run_s_folder(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    done = deepcoder(*RUN, "--temperature", "0.1", "--out", "r", folder=folder)

    assert done.returncode == 2
    assert "another run is in r: its temperature is 0.6, not 0.1" in done.stderr


def test_scoring_again_gives_the_same_verdicts(made: tuple[Path, dict[str, Any]]) -> None:
    folder, data = made
    done = deepcoder("score", "r", "--again", "--json", folder=folder)

    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)["checkers"]
    assert {name: each["score"] for name, each in again.items()} == {
        name: each["score"] for name, each in data["checkers"].items()
    }


def test_another_extraction_has_verdicts_of_its_own(made: tuple[Path, dict[str, Any]]) -> None:
    folder, data = made
    subprocess.run(["cp", "-r", "r", "lcb"], cwd=folder, check=True)
    done = deepcoder(
        "score", "lcb", "--extract", "lcb", "--checkers", "strict", "--json", folder=folder
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["checkers"]

    assert found.keys() == {"strict/1", "lcb-compat/1", "strict/1 lcb"}
    assert found["strict/1"]["score"] == data["checkers"]["strict/1"]["score"]
    assert found["strict/1 lcb"]["coverage"]["judged"] == 8
    refused = deepcoder(*RUN, "--extract", "lcb", "--out", "lcb", folder=folder)
    assert refused.returncode == 2
    assert "its extraction is strict, not lcb" in refused.stderr


def test_a_run_may_grow_by_problems(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    subprocess.run(["cp", "-r", "r", "grown"], cwd=folder, check=True)
    done = deepcoder(*RUN[:-1], "5", "-n", "2", "--out", "grown", "--json", folder=folder)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["checkers"]["strict/1"]["coverage"]["judged"] == 10


def test_a_report_is_printed_and_written(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    done = deepcoder("report", "r", "--markdown", "--html", folder=folder)

    assert done.returncode == 0, done.stderr
    assert "pass@1" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "pass@1" in (folder / "r" / "report.md").read_text()
    assert (folder / "r" / "report.html").read_text().startswith("<!")
    pictures = list((folder / "r").glob("*.png"))
    assert pictures
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_two_runs_are_compared(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    greedy = deepcoder(*RUN, "--temperature", "0", "--out", "greedy", folder=folder)
    assert greedy.returncode == 0, greedy.stderr
    done = deepcoder("compare", "r", "greedy", folder=folder)

    assert done.returncode == 0, done.stderr
    assert "strict/1" in done.stdout


def test_a_smaller_budget_is_told_by_cutting(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    done = deepcoder("report", "r", "--budget", "64", "--json", folder=folder)
    points = json.loads(done.stdout)["checkers"]["strict/1"]["by_budget"]

    assert [(point["budget"], point["how"]) for point in points] == [
        (64, "truncated"), (256, "sampled"),
    ]  # fmt: skip


def test_recorded_programs_are_scored_verdict_by_verdict(
    made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, _ = made
    rows = list(generated_problems(6))
    write_jsonl(tmp_path / "problems.jsonl", rows)
    lines = []
    for number, row in enumerate(rows):
        right = row.solutions[0]
        lines.append({"task_id": row.problem.id, "solution": right})
        lines.append(
            {
                "task_id": row.problem.id,
                "completion": f"<think>\nx\n</think>\n```python\n{right}```",
            }
        )
        lines.append({"task_id": row.problem.id, "completion": "I do not know."})
        lines.append({"task_id": row.problem.id, "code": "print('no')" if number % 2 else "1 / 0"})
    (tmp_path / "recorded.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = deepcoder(
        "import", "problems.jsonl", "recorded.jsonl", "-m", "someone", "--out", "run",
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scored = deepcoder("score", "run", folder=tmp_path)
    assert scored.returncode == 0, scored.stderr
    verdicts = RunFolder(tmp_path / "run").verdicts()["strict/1"]
    samples = list(RunFolder(tmp_path / "run").samples())
    found = [
        [verdicts[s.key].verdict for s in samples if s.problem == row.problem.id] for row in rows
    ]

    assert found == [["AC", "AC", "NP", "WA" if n % 2 else "RE"] for n in range(6)]
    assert folder.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "livecodebnch"), "Did you mean livecodebench?"),
        (("run", "generated", "-n", "0"), "-n 0 (1 to 1000)"),
        (("run", "generated", "--limit", "0"), "--limit 0 (1 or more)"),
        (("run", "generated", "--limit", "100000"), "cannot generate 100000 problems"),
        (("run", "generated", "--budget", "16Q"), "not a token budget"),
        (("run", "generated", "--since", "yesterday"), "not a date: --since yesterday"),
        (("run", "generated", "--until", "2024-13-45"), "not a date: --until 2024-13-45"),
        (("run", "generated", "--extract", "mine"), "strict, rllm, lcb"),
        (("run", "generated", "--checkers", "kind"), "unknown checker: kind"),
        (("run", "nowhere.jsonl"), "unknown benchmark: nowhere.jsonl"),
        (("score", "nowhere"), "no run there: nowhere"),
        (("report", "nowhere"), "no run there: nowhere"),
        (("compare", "nowhere", "neither"), "no run there: nowhere"),
        (("import", "generated", "nowhere", "-m", "x"), "cannot be read: nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_and_exit_code_2(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = deepcoder(*words, folder=tmp_path)

    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_killed_thirty_times_a_run_loses_and_doubles_no_sample(tmp_path: Path) -> None:
    words = [*RUN[:-1], "8", "-n", "6", "--out", "r"]
    whole = deepcoder(*words[:-1], "whole", folder=tmp_path)
    if whole.returncode == 4:
        pytest.skip(f"needs a working sandbox: {whole.stderr}")
    chance, seen = random.Random(11), set[str]()
    file = tmp_path / "r" / "samples.jsonl"
    for _ in range(30):
        process = subprocess.Popen(
            [sys.executable, "-m", "deepcoder_cli.main", "eval", *words], cwd=tmp_path,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        )  # fmt: skip
        before, deadline = _lines(file), time.monotonic() + 20
        while _lines(file) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = {sample.key for sample in RunFolder(tmp_path / "r").samples()}
        assert seen <= now
        seen = now
    done = deepcoder(*words, folder=tmp_path)
    made = {sample.key: sample for sample in RunFolder(tmp_path / "r").samples()}
    unbroken = {sample.key: sample for sample in RunFolder(tmp_path / "whole").samples()}

    assert done.returncode == 0, done.stderr
    assert len(file.read_text().splitlines()) == len(made) == 48
    assert {key: made[key].answer for key in made} == {
        key: unbroken[key].answer for key in unbroken
    }
    assert RunFolder(tmp_path / "r").verdicts()["strict/1"].keys() == made.keys()


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0
