"""Take the README's picture of the chat: the real app, the real engine, nano, the real sandbox.

.venv/bin/python tools/screenshot.py docs/images/chat.svg
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.inference.open import open_backend
from deepcoder_cli.models.resolve import resolve
from deepcoder_cli.sandbox.probe import default_runner
from deepcoder_cli.sessions.conversation import Conversation, Engine
from deepcoder_cli.sessions.store import SessionStore
from deepcoder_cli.tui.app import ChatApp
from deepcoder_cli.types import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

ROOT = Path(__file__).parent.parent
PROBLEM = ROOT / "examples" / "atcoder.md"
SIZE = (100, 44)
WAIT_S = 60


async def take(out: Path, folder: Path) -> None:
    """Ask, wait for the answer, run its program on the problem's example, export the screen."""
    model = resolve("nano")
    store = SessionStore(folder / "sessions.sqlite3")
    engine = Engine(partial(open_backend, model))
    conversation = Conversation(model, engine, SamplingParams(seed=1), store)
    app = ChatApp(conversation, default_runner)
    async with app.run_test(size=SIZE) as pilot:
        app.chat.query_one("#composer").load_text(PROBLEM.read_text())  # type: ignore[attr-defined]
        await pilot.press("enter")
        await _until(
            pilot, lambda: app.chat.progress.state == "ready" and app.chat.transcript.chosen
        )
        await pilot.press("ctrl+g")
        await pilot.pause(0.3)
        await pilot.press("ctrl+r")
        await _until(pilot, lambda: app.chat.running is None)
        await pilot.pause(0.5)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(app.export_screenshot(title="deepcoder chat"))
    await conversation.aclose()


async def _until(pilot: Pilot[None], ready: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not ready():
            await pilot.pause(0.05)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        asyncio.run(take(Path(sys.argv[1]), Path(folder)))
