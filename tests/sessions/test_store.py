from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepcoder_cli.errors import SessionError
from deepcoder_cli.sessions.database import SCHEMA_VERSION
from deepcoder_cli.sessions.records import Session, StoredMessage, line_of, title_of
from deepcoder_cli.sessions.store import SessionStore
from deepcoder_cli.types import Usage

if TYPE_CHECKING:
    from pathlib import Path


def answer(content: str = "", **fields: object) -> StoredMessage:
    return replace(StoredMessage(0, "assistant", content, time.time()), **fields)  # type: ignore[arg-type]


def test_gives_back_what_was_saved(store: SessionStore) -> None:
    session, question = store.begin("nano", "# Sum\nadd a and b")
    begun = store.append(session.id, answer())
    done = replace(
        begun,
        content="```python\nprint(1)\n```",
        reasoning="think\x0c\u2028",
        ending="stop",
        reasoning_s=1.5,
        reasoning_tokens=7,
        usage=Usage(10, 20, 3),
    )
    store.update(done)

    assert store.messages(session.id) == (question, done)
    assert store.last().title == "Sum"
    assert store.last().messages == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_any_text_comes_back_as_it_was(store: SessionStore, text: str) -> None:
    session, _ = store.begin("nano", text)

    assert store.messages(session.id)[0].content == text


def test_a_lone_surrogate_is_saved_as_a_question_mark(store: SessionStore) -> None:
    session, _ = store.begin("nano", "a\ud800b")

    assert store.messages(session.id)[0].content == "a?b"


def test_a_models_path_that_is_not_utf_8_is_saved_all_the_same(store: SessionStore) -> None:
    store.begin("/models/\udcff.gguf", "q")

    assert store.last().model == "/models/?.gguf"


def test_a_list_line_is_one_line_that_cannot_drive_the_terminal() -> None:
    session = Session("ab", 0, 0, "/models/\x1b[2J.gguf", "a\x1b]0;b\u2028c")

    assert line_of(session).isprintable()
    assert ".gguf" in line_of(session)


def test_an_ended_answer_is_not_overwritten_by_a_late_flush(store: SessionStore) -> None:
    session, _ = store.begin("nano", "q")
    begun = store.append(session.id, answer())
    store.update(replace(begun, content="whole", ending="stop"))
    store.update(replace(begun, content="who"))

    assert store.messages(session.id)[1].content == "whole"


def test_lists_the_last_used_first(store: SessionStore) -> None:
    first, _ = store.begin("nano", "first")
    second, _ = store.begin("nano", "second")
    store.append(first.id, answer("late"))

    assert [s.id for s in store.sessions()] == [first.id, second.id]


def test_finds_by_prefix(store: SessionStore) -> None:
    session, _ = store.begin("nano", "q")

    assert store.find(session.id[:6]).id == session.id


@pytest.mark.parametrize("prefix", ["", "zz", "%", "_"])
def test_refuses_an_unknown_or_ambiguous_id(store: SessionStore, prefix: str) -> None:
    store.begin("nano", "one")
    store.begin("nano", "two")
    with pytest.raises(SessionError, match="--list"):
        store.find(prefix)


def test_no_session_to_resume_is_a_clear_error(store: SessionStore) -> None:
    with pytest.raises(SessionError, match="no session to resume"):
        store.last()


def test_the_file_is_private(store: SessionStore) -> None:
    store.begin("nano", "secret")
    for path in store.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(SessionError, match="newer deepcoder"):
        SessionStore(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0garbage"])
def test_a_damaged_file_is_refused_by_name_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.sqlite3"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=r"s\.sqlite3"):
        SessionStore(path)

    assert path.read_bytes() == content


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="--no-save"):
        SessionStore(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SessionError, match="writable"):
        SessionStore(tmp_path / "s.sqlite3")


def test_several_stores_write_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"

    def work(number: int) -> None:
        with SessionStore(path) as store:
            session, _ = store.begin("nano", f"session {number}")
            begun = store.append(session.id, answer())
            for step in range(20):
                store.update(replace(begun, content="x" * step))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with SessionStore(path) as store:
        assert len(store.sessions()) == 4
        assert all(s.messages == 2 for s in store.sessions())


def test_a_killed_process_loses_no_committed_write(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    script = (
        "import os, pathlib, signal, sys\n"
        "from deepcoder_cli.sessions.store import SessionStore\n"
        "store = SessionStore(pathlib.Path(sys.argv[1]))\n"
        "store.begin('nano', 'the question')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    with SessionStore(path) as store:
        assert store.messages(store.last().id)[0].content == "the question"


@pytest.mark.parametrize(
    ("text", "title"),
    [("", "untitled"), (" \n\n", "untitled"), ("a" * 70, "a" * 59 + "…"), ("  b \t c", "b c")],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text) == title
