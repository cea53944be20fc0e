"""The Textual application around the chat's screen: themes, palette, signals, quitting."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType

from deepcoder_cli.tui.screen import ChatScreen
from deepcoder_cli.tui.terminal import TerminalDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.screen import Screen

    from deepcoder_cli.sandbox.runner import LiveRunner
    from deepcoder_cli.sessions.conversation import Conversation


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChatApp(App[None]):
    """The chat. The caller closes the conversation after the app has ended.

    Its `return_code` is then 0, or 128 + n after signal n; `crash` is what broke it, if it broke.
    """

    CSS_PATH = "chat.tcss"
    TITLE = "deepcoder"
    # Textual declares these two without ClassVar.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (50, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (10, "-short"), (18, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", priority=True, id="app.quit"),
    ]

    def __init__(self, conversation: Conversation, open_runner: Callable[[], LiveRunner]) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.chat = ChatScreen(conversation, open_runner)

    def on_mount(self) -> None:
        """Open the screen; a polite kill ends the chat as quitting does."""
        self.push_screen(self.chat)
        loop = asyncio.get_running_loop()
        for number in ENDING_SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)

    @property
    def crash(self) -> Exception | None:
        """The error that nobody caught and that ended the app."""
        return self._exception

    async def action_quit(self) -> None:
        """Stop what runs, save it, and leave."""
        await self._leave(0)

    def _signalled(self, number: int) -> None:
        if not self._exit:
            self.run_worker(self._leave(128 + number))

    async def _leave(self, return_code: int) -> None:
        await self.chat.stop_everything()
        self.exit(return_code=return_code)

    def _fatal_error(self) -> None:
        """Textual's, without its traceback on the terminal: the caller records `crash`."""
        self._close_messages_no_wait()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: Textual's own, and the chat's actions."""
        yield from super().get_system_commands(screen)
        chat = self.chat
        yield SystemCommand("New session", "Begin anew; this one stays saved", chat.action_new)
        yield SystemCommand("Sessions", "Open a saved session", chat.action_sessions)
        yield SystemCommand("Run", "Run the chosen code block", chat.action_run)
        yield SystemCommand("Run with input", "Give it input first", chat.action_run_with_input)
        yield SystemCommand("Copy block", "Copy the chosen code block", chat.action_copy_block)
        yield SystemCommand("Save block", "Save the chosen code block", chat.action_save_block)
        yield SystemCommand("Reasoning", "Show or hide the reasoning", chat.action_reasoning)
