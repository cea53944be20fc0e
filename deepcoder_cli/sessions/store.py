"""The saved sessions: create, append, update while an answer streams, list, find, load."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from deepcoder_cli.errors import SessionError
from deepcoder_cli.sessions.database import open_database, unusable
from deepcoder_cli.sessions.records import Session, StoredMessage, title_of
from deepcoder_cli.types import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SESSION = (
    "SELECT id, created, updated, model, title,"
    " (SELECT count(*) FROM messages WHERE session_id = sessions.id) FROM sessions"
)
_MESSAGES = (
    "SELECT id, role, content, created, reasoning, ending, reasoning_s, reasoning_tokens,"
    " prompt_tokens, completion_tokens, cached_tokens FROM messages"
    " WHERE session_id = ? ORDER BY id"
)


class SessionStore:
    """The sessions of one SQLite file; safe to use from several threads and processes.

    Every method raises `SessionError` when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection = open_database(path)
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._lock:
            self._connection.close()

    def begin(self, model: str, first_message: str) -> tuple[Session, StoredMessage]:
        """Save a new session together with the user's message that opens it."""
        now = time.time()
        session = Session(secrets.token_hex(4), now, now, model, title_of(first_message), 1)
        with self._transaction(durable=True) as db:
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
                (session.id, now, now, _storable(model), _storable(session.title)),
            )
            message = _insert(db, session.id, StoredMessage(0, "user", first_message, now))
        return session, message

    def append(self, session_id: str, message: StoredMessage) -> StoredMessage:
        """Save a further message; a user's message is on the disk when this returns."""
        with self._transaction(durable=message.role == "user") as db:
            saved = _insert(db, session_id, message)
            db.execute("UPDATE sessions SET updated = ? WHERE id = ?", (time.time(), session_id))
        return saved

    def update(self, message: StoredMessage) -> None:
        """Save how far a streaming answer has come; one that has ended is not touched again."""
        with self._transaction(durable=message.ending is not None) as db:
            usage = message.usage
            db.execute(
                "UPDATE messages SET content = ?, reasoning = ?, ending = ?, reasoning_s = ?,"
                " reasoning_tokens = ?, prompt_tokens = ?, completion_tokens = ?,"
                " cached_tokens = ? WHERE id = ? AND ending IS NULL",
                (
                    _storable(message.content),
                    _storable(message.reasoning),
                    message.ending,
                    message.reasoning_s,
                    message.reasoning_tokens,
                    usage.prompt_tokens,
                    usage.completion_tokens,
                    usage.cached_tokens,
                    message.id,
                ),
            )

    def sessions(self, limit: int = 200) -> tuple[Session, ...]:
        """The sessions, the last used first."""
        return self._sessions("ORDER BY updated DESC LIMIT ?", limit)

    def last(self) -> Session:
        """The session used last.

        Raises:
            SessionError: there is none.
        """
        found = self.sessions(limit=1)
        if not found:
            msg = f"no session to resume: {self.path} holds none. Start one with `deepcoder chat`."
            raise SessionError(msg)
        return found[0]

    def find(self, prefix: str) -> Session:
        """The session whose id begins with `prefix`.

        Raises:
            SessionError: none does, or several do.
        """
        found = self._sessions("WHERE substr(id, 1, ?) = ? LIMIT 2", len(prefix), prefix)
        if len(found) == 1 and prefix:
            return found[0]
        count = "several sessions begin" if len(found) > 1 else "no session begins"
        msg = f"cannot open the session: {prefix!r} ({count} so). See `deepcoder chat --list`."
        raise SessionError(msg)

    def messages(self, session_id: str) -> tuple[StoredMessage, ...]:
        """The messages of a session, the oldest first."""
        with self._reading() as db:
            return tuple(_message(row) for row in db.execute(_MESSAGES, (session_id,)))

    def _sessions(self, clause: str, *values: object) -> tuple[Session, ...]:
        with self._reading() as db:
            return tuple(Session(*row) for row in db.execute(f"{_SESSION} {clause}", values))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except (sqlite3.Error, UnicodeError) as error:
                raise unusable(self.path, error) from error

    @contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """One write; `durable` syncs it to the disk before returning."""
        with self._reading() as db:
            db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise


def _insert(db: sqlite3.Connection, session_id: str, message: StoredMessage) -> StoredMessage:
    row = db.execute(
        "INSERT INTO messages (session_id, role, content, created) VALUES (?, ?, ?, ?)",
        (session_id, message.role, _storable(message.content), message.created),
    )
    return StoredMessage(row.lastrowid or 0, message.role, message.content, message.created)


def _message(row: sqlite3.Row) -> StoredMessage:
    fields = dict(row)
    usage = Usage(
        fields.pop("prompt_tokens"), fields.pop("completion_tokens"), fields.pop("cached_tokens")
    )
    return StoredMessage(**fields, usage=usage)


def _storable(text: str) -> str:
    """SQLite's text is UTF-8: a lone surrogate, which is not, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
