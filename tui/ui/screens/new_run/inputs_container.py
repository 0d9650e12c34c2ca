"""The account's containers, to take inputs from: listed in the background, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from tui.core.records import ContainerRecord
from tui.core.units import local_date_time
from tui.ui.screens.new_run.remote_list import RemoteList
from tui.ui.services import Clock, RunBlocking
from tui.ui.text import joined, safe, toned

_NAME_WIDTH = 46


class ContainerList(RemoteList[ContainerRecord]):
    """A row a container: its name, and when it was changed last."""

    noun: ClassVar[str] = "container"
    empty_text: ClassVar[str] = "The account has no container yet; choose files of this machine."

    def id_of(self, item: ContainerRecord) -> str:
        return item.name

    def select(self, items: Iterable[ContainerRecord]) -> Iterable[ContainerRecord]:
        return sorted(items, key=lambda container: (-container.last_modified_s, container.name))

    def row(self, item: ContainerRecord) -> Content:
        name = Content(f"{safe(item.name):<{_NAME_WIDTH}}").truncate(_NAME_WIDTH, ellipsis=True)
        return joined([name, toned(local_date_time(item.last_modified_s)[:16], "muted")], "  ")


class ContainerPicker(ModalScreen[str | None]):
    """Dismissed with the container chosen, or None; the list may still be loading then."""

    CSS_PATH = "../../styles/new_run.tcss"
    DEFAULT_CSS = """
    ContainerPicker {
        & .dialog { width: 84; }
        & OptionList { height: auto; max-height: 16; border: none; padding: 0; background: transparent; }
        & .keys { color: $text-muted; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="container-picker.close", tooltip="Keep the container as it is"),
    ]

    def __init__(
        self,
        load: Callable[[], Sequence[ContainerRecord]],
        run_blocking: RunBlocking,
        clock: Clock,
        current: str,
    ) -> None:
        super().__init__()
        self._list = ContainerList(load, run_blocking, clock)
        self._current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "container to take inputs from"
            yield self._list.status
            yield self._list
            yield Static("enter chooses   r reads again   esc keeps the one there is", classes="keys")

    def on_mount(self) -> None:
        self._list.highlight(self._current)
        self._list.load_once()
        self._list.focus()

    @on(OptionList.OptionSelected)
    def _on_selected(self) -> None:
        if (container := self._list.chosen) is not None:
            self.dismiss(container.name)
