"""What is no problem file is refused in one clear line; limits and front matter are read."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.markdown import load_problem, read_problem
from deepcoder_cli.problems.source import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path


def refusal(source: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        load_problem(str(source))
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"  \r\n\t\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"Add\0", "is binary"),
        (b"Add \xff\xfe", "is not UTF-8"),
        ("Add.".encode("utf-16"), "is UTF-16"),
        (b"a" * (MAX_BYTES + 1), "is too big"),
    ],
)
def test_files_that_are_no_problem(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(data)

    assert said in refusal(path)


def test_a_missing_file_a_directory_and_a_broken_path(tmp_path: Path) -> None:
    assert "not found" in refusal(tmp_path / "none.md")
    assert "is a directory" in refusal(tmp_path)
    assert "cannot be read" in refusal("a\0b")
    assert "cannot be read" in refusal("x" * 5000)


def test_an_unreadable_file(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every file: run as an ordinary user to test permissions")
    path = tmp_path / "p.md"
    path.write_text("Add.")
    path.chmod(0)

    assert "cannot be read" in refusal(path)


def test_a_50_mb_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    with path.open("wb") as file:
        file.truncate(50_000_000)  # sparse: NUL bytes, were it read it would be "binary"

    assert "too big" in refusal(path)
    assert "47.7 MiB" in refusal(path)


def test_a_pipe_that_nobody_writes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepcoder_cli.problems.source.WRITER_WAIT_S", 0.05)
    os.mkfifo(tmp_path / "pipe")

    assert "a pipe that nobody writes to" in refusal(tmp_path / "pipe")


class _Endless(io.RawIOBase):
    """Counts what is read from it."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "the whole stream was asked for"
        self.given += size
        return b"a" * size


def test_endless_stdin_is_refused_after_a_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = _Endless()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=endless))

    assert "stdin (1 MiB is allowed)" in refusal("-")
    assert endless.given == MAX_BYTES + 1


def test_stdin_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)

    assert "cannot be read from stdin" in refusal("-")


def test_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("Añade.".encode())))

    assert load_problem("-").statement == "Añade."


@pytest.mark.parametrize(
    ("words", "cpu_s", "memory_mib"),
    [
        ("time limit per test: 2 seconds\nmemory limit per test: 256 megabytes", 2, 256),
        ("time limit per test2.5 seconds\nmemory limit per test512 megabytes", 2.5, 512),
        ("Time Limit: 2 sec / Memory Limit: 1024 MiB", 2, 1024),
        ("**Time limit:** 500 ms, **Memory Limit:** 2 GB", 0.5, 2048),
        ("CPU Time limit\n1 second\n\nMemory limit\n1024 MB", 1, 1024),
        ("| Time limit | 3s |\n| Memory limit | 262144 KB |", 3, 256),
        ("The time limit is tight. Memory limit: 16 MB", 10, 128),
        (
            "Time Limit: 2000/1000 MS (Java/Others)    "
            "Memory Limit: 262144 / 131072 K (Java/Others)",
            2,
            256,
        ),
        ("time limit per test\n$2$ seconds\nmemory limit per test\n$512$ megabytes", 2, 512),
        ("Time limit: $1.5$ s\n\nMemory limit: $256$ MB", 1.5, 256),
        ("Nothing here: 2 seconds.", 10, 1024),
        ("time limit: 999999 seconds", 10, 1024),
    ],
)
def test_limits_in_the_text(words: str, cpu_s: float, memory_mib: int) -> None:
    limits = read_problem(f"# T\n\n{words}\n\nAdd.", "p").limits

    assert (cpu_s, memory_mib) == (limits.cpu_s, limits.memory_mib)


def test_front_matter_goes_before_the_text() -> None:
    text = (
        '---\ntitle: "A: sum"\nid: sum-1\ntime_limit: 1.5 s  # tight\n'
        "memory_limit: 300\nchecker: exact\n"
        "tags: [a, b]\nurl: https://example.org\n---\n\nTime limit: 9 seconds\n"
    )
    problem = read_problem(text, "p")

    assert (problem.title, problem.id, problem.checker) == ("A: sum", "sum-1", "exact")
    assert (problem.limits.cpu_s, problem.limits.memory_mib) == (1.5, 300)
    assert problem.statement == "\nTime limit: 9 seconds\n"


@pytest.mark.parametrize(
    "line", ["time_limit: soon", "time_limit: 0", "time_limit: -1", "memory_limit: 1 potato",
             "memory_limit: 999999999 GB", "interactive: perhaps"],
)  # fmt: skip
def test_a_bad_value_in_front_matter_is_named(line: str) -> None:
    with pytest.raises(InputError, match=f"front matter: {line.partition(':')[0]}: "):
        read_problem(f"---\n{line}\n---\nAdd.", "p")


@pytest.mark.parametrize(
    "text", ["---\n\nAdd.\n\n---\n", "---\nAdd these: now\nno key\n---\n", "---"]
)
def test_a_markdown_rule_is_no_front_matter(text: str) -> None:
    assert text == read_problem(text, "p").statement
