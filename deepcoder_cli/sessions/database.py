"""Opening the SQLite file of the sessions: schema, versions, permissions, and clear refusals.

Durability: write-ahead logging, so that several deepcoder processes can read and write at once
and a killed process loses no committed write. A user's message is committed with a sync to the
disk (it survives a power cut too); the flushes of a streaming answer are not synced.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from deepcoder_cli.errors import SessionError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another process's; the chat waits in a thread, never on screen."""

_SCHEMA = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    model TEXT NOT NULL,
    title TEXT NOT NULL
) STRICT;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    content TEXT NOT NULL,
    reasoning TEXT NOT NULL DEFAULT '',
    ending TEXT,
    created REAL NOT NULL,
    reasoning_s REAL NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_of_session ON messages (session_id, id);
CREATE INDEX sessions_by_use ON sessions (updated);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the store at `path`, made if it is not there (file 0600, a new folder 0700).

    Raises:
        SessionError: not a database, damaged, of a newer version, or not writable. The file is
            left as it is.
    """
    try:
        _prepare(path)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    try:
        _configure(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    except SessionError:
        connection.close()
        raise
    return connection


def unusable(path: Path, error: Exception) -> SessionError:
    """The error for a store that cannot be read or written."""
    return SessionError(
        f"cannot use the saved sessions: {path} ({error}). "
        "Move the file away, make it writable, or chat with --no-save."
    )


def _prepare(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def _configure(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > SCHEMA_VERSION:
        msg = (
            f"cannot use the saved sessions: {path} (written by a newer deepcoder, version "
            f"{version}; this one knows {SCHEMA_VERSION}). Update deepcoder, or use --no-save."
        )
        raise SessionError(msg)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    if version < SCHEMA_VERSION:
        _create(connection)


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables, once, however many processes open a new store at the same time."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) < SCHEMA_VERSION:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
