"""Writes a conversation to the store as far as that is possible now, and the rest later.

The turns live in memory; the journal remembers of each what the store has. `flush` writes the
difference, so it may be called at any time, from any thread, and again after it failed: a
locked or full disk delays the saving and loses nothing while the process lives.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepcoder_cli.sessions.records import Session, StoredMessage
    from deepcoder_cli.sessions.store import SessionStore


class Turn:
    """One turn as it is now (`record`), and as the store has it."""

    def __init__(self, record: StoredMessage, *, saved: bool = False) -> None:
        self.record = record
        self.id = record.id
        self.saved: StoredMessage | None = record if saved else None


class Journal:
    """Saves one session; `session` is None until its first message is saved.

    `turns` is the caller's list: what is appended to it, and what replaces a turn's record, is
    written by the next `flush`.
    """

    def __init__(
        self, store: SessionStore, model: str, session: Session | None, turns: Sequence[Turn]
    ) -> None:
        self.session = session
        self._turns = turns
        self._store = store
        self._model = model
        self._flushing = threading.Lock()

    @property
    def is_behind(self) -> bool:
        """Whether the store lacks something."""
        return any(turn.saved is not turn.record for turn in self._turns)

    def flush(self) -> None:
        """Write what the store lacks, in order.

        Raises:
            SessionError: it cannot be written now. What was written stays so.
        """
        with self._flushing:
            for turn in list(self._turns):
                record = turn.record  # the one that is written, whatever replaces it meanwhile
                if turn.saved is not record:
                    self._write(turn, record)
                    turn.saved = record

    def _write(self, turn: Turn, record: StoredMessage) -> None:
        if self.session is None:
            self.session, message = self._store.begin(self._model, record.content)
            turn.id = message.id
        elif not turn.id:
            turn.id = self._store.append(self.session.id, record).id
        if record.role == "assistant":
            self._store.update(replace(record, id=turn.id))
