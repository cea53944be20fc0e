"""The small questions: a program's input, a file's name, which session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from deepcoder_cli.errors import OutputError
from deepcoder_cli.sessions.records import Session, line_of
from deepcoder_cli.tui.display import displayable
from deepcoder_cli.tui.saving import FileExists, save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult


class InputDialog(ModalScreen[str | None]):
    """Asks for the program's input; answers None when dismissed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "accept", "Run", priority=True, id="input.run"),
        Binding("escape", "cancel", "Cancel", id="input.cancel"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The input given last, to be changed."""
        with Vertical(classes="dialog"):
            yield Static("Input of the program (^r runs, Esc cancels)", markup=False)
            yield TextArea(self._text, id="stdin")

    def action_accept(self) -> None:
        """Run with this input."""
        text = self.query_one("#stdin", TextArea).text
        self.dismiss(text if text.endswith("\n") or not text else text + "\n")

    def action_cancel(self) -> None:
        """Run nothing."""
        self.dismiss(None)


class SaveDialog(ModalScreen[Path | None]):
    """Asks where to save; stays, with what was typed, until it worked or was dismissed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "overwrite", "Overwrite", priority=True, id="save.overwrite"),
        Binding("escape", "cancel", "Cancel", id="save.cancel"),
    ]

    def __init__(self, text: str, name: str) -> None:
        super().__init__()
        self._text = text
        self._suggested = name
        self._existing: str | None = None

    def compose(self) -> ComposeResult:
        """A name, and what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Static("Save to (Enter saves, Esc cancels)", markup=False)
            yield Input(self._suggested, id="path", select_on_focus=False)
            yield Static("", id="save-error")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._save(overwrite=False)

    def action_overwrite(self) -> None:
        """Overwrite, where the file was shown to exist under this very name."""
        if self._existing is not None and self._existing == self._typed:
            self._save(overwrite=True)

    def action_cancel(self) -> None:
        """Save nothing."""
        self.dismiss(None)

    @property
    def _typed(self) -> str:
        return self.query_one("#path", Input).value

    def _save(self, *, overwrite: bool) -> None:
        try:
            path = save(self._text, self._typed, overwrite=overwrite)
        except OutputError as error:
            self._existing = self._typed if isinstance(error, FileExists) else None
            self.query_one("#save-error", Static).update(Content(displayable(str(error))))
        else:
            self.dismiss(path)


class SessionPicker(ModalScreen[Session | None]):
    """Lists the saved sessions, the last used first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="sessions.cancel"),
    ]

    def __init__(self, sessions: Sequence[Session]) -> None:
        super().__init__()
        self._sessions = sessions

    def compose(self) -> ComposeResult:
        """One line a session."""
        with Vertical(classes="dialog -tall"):
            yield Static("Sessions (Enter opens, Esc cancels)", markup=False)
            if self._sessions:
                yield OptionList(*(Option(Content(line_of(s))) for s in self._sessions))
            else:
                yield Static("No session is saved yet.", markup=False)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._sessions[event.option_index])

    def action_cancel(self) -> None:
        """Open none."""
        self.dismiss(None)


class KeysDialog(ModalScreen[None]):
    """Lists the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,enter", "dismiss", "Close", id="keys.close"),
    ]

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._keys = {"Send": ["enter"], "New line": ["^j", "shift+enter"], **keys}

    def compose(self) -> ComposeResult:
        """One line a key."""
        with VerticalScroll(classes="dialog"):
            yield Static("Keys (Esc closes)\n", markup=False)
            lines = (f"{', '.join(keys):>16}  {what}" for what, keys in self._keys.items())
            yield Static(Content("\n".join(lines)))
