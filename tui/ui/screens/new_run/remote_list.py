"""A list of what the service has, loaded in the background: it says that it loads, how old it is, and what went wrong.

Whoever leaves the list leaves the call to itself; what comes back later for nobody is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.core.errors import BatchTuiError
from tui.core.units import count_text, duration_text
from tui.ui.services import Clock, RunBlocking
from tui.ui.text import safe, toned

ItemT = TypeVar("ItemT")

_TICK_S = 1.0


class RemoteList(OptionList, Generic[ItemT]):
    """Subclasses say what a row shows and what it is called; `reload` reads, `shown` is what is on screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reload", "Read again", id="remote-list.reload", tooltip="Ask the service again")
    ]
    noun: ClassVar[str] = "item"
    empty_text: ClassVar[str] = "The account has none."
    retry_key: ClassVar[str] = "r"
    """The key that asks again, where a person who sees the error has the focus."""

    jumps_to_first: ClassVar[bool] = False
    """Whether the cursor goes to the first row where the wanted one is not shown."""

    @dataclass
    class Loaded(Message):
        remote_list: OptionList

    def __init__(
        self,
        load: Callable[[], Sequence[ItemT]],
        run_blocking: RunBlocking,
        clock: Clock,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes, compact=True, markup=False)
        self._load = load
        self._run_blocking = run_blocking
        self._clock = clock
        self._read_s: float | None = None
        self._error: BatchTuiError | None = None
        self._is_loading = False
        self._wanted = ""
        """The id to be highlighted once it is there."""
        self.status = Static("", classes="list-status", markup=False)
        """How many there are and how old the list is; whoever shows the list places it."""
        self.items: tuple[ItemT, ...] = ()
        self.shown: tuple[ItemT, ...] = ()

    # What subclasses say

    def id_of(self, item: ItemT) -> str:
        raise NotImplementedError

    def row(self, item: ItemT) -> Content:
        raise NotImplementedError

    def select(self, items: Iterable[ItemT]) -> Iterable[ItemT]:
        """Those to show, in their order."""
        return items

    # Verbs

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._show_age)
        self._show_rows()

    def load_once(self) -> None:
        """Reads unless it has been read, or is being."""
        if self._read_s is None and not self._is_loading:
            self.action_reload()

    def action_reload(self) -> None:
        if not self._is_loading:
            self._is_loading, self._error = True, None
            self._show_rows()
            self.run_worker(self._read(), group="remote list", exit_on_error=False)

    def highlight(self, wanted: str) -> None:
        """Puts the cursor on the item called `wanted`, now or once it is there."""
        self._wanted = wanted
        for index, item in enumerate(self.shown):
            if self.id_of(item) == wanted:
                self.highlighted = index

    def show_rows(self) -> None:
        """Shows the items anew, after what `select` goes by has changed."""
        self._show_rows()

    @property
    def chosen(self) -> ItemT | None:
        index = self.highlighted
        return self.shown[index] if index is not None and index < len(self.shown) else None

    # Reading and showing

    async def _read(self) -> None:
        try:
            items = await self._run_blocking(self._load)
        except BatchTuiError as error:
            self._error = error
        else:
            self.items, self._read_s = tuple(items), self._clock.now_s()
        finally:
            self._is_loading = False
        self._show_rows()
        self.post_message(self.Loaded(self))

    def _show_rows(self) -> None:
        chosen = self.chosen
        wanted = self._wanted if chosen is None else self.id_of(chosen)
        self.shown = tuple(self.select(self.items))
        self.clear_options()
        if self.shown:
            self.add_options([Option(self.row(item)) for item in self.shown])
            if not wanted or self.jumps_to_first:
                self.highlighted = 0
            self.highlight(wanted)
        else:
            self.add_options([Option(line, disabled=True) for line in self._instead()])
        self._show_age()

    def _instead(self) -> list[Content]:
        """What stands where the rows would."""
        if self._is_loading:
            return [toned(f"● asking the service for its {self.noun}s…", "running")]
        if self._error is not None:
            hint = [toned(safe(self._error.hint), "muted")] if self._error.hint else []
            return [
                toned(f"✗ {safe(str(self._error))}", "error"),
                *hint,
                toned(f"{self.retry_key} asks again", "muted"),
            ]
        if self.items:
            return [toned(f"No {self.noun} matches.", "muted")]
        return [toned(self.empty_text, "muted")]

    def _show_age(self) -> None:
        if self._is_loading:
            words = "asking…"
        elif self._read_s is None:
            words = ""
        else:
            age_s = max(0.0, self._clock.now_s() - self._read_s)
            number = f"{len(self.shown):,} of " if len(self.shown) < len(self.items) else ""
            words = f"{number}{count_text(len(self.items), self.noun)} · {duration_text(age_s)} ago"
            words += " · ✗ not read again" if self._error is not None else ""
        self.status.update(words)
