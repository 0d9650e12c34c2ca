"""What every full screen shares: a title line, a footer of keys, `esc` back, and keys that read-only takes away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from tui.ui.bindings import dangerous_actions
from tui.ui.widgets.key_line import KeyLine
from tui.ui.widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.ui.services import AppServices

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Question:
    """A decision put to a person: what it is about, what follows, and the words on the two buttons."""

    title: str
    text: str
    confirm: str
    cancel: str = "Cancel"


Ask = Callable[[Question], Awaitable[bool]]
"""Puts a question to the person; True once it is confirmed."""


class Finishing(Screen[ResultT]):
    """A screen that ends when work of its own has: `finish` takes the place of `dismiss` there."""

    _outcome: tuple[ResultT] | None = None

    @on(events.ScreenResume)
    def _end_if_finished(self) -> None:
        if self._outcome is not None:
            self.finish(*self._outcome)

    def finish(self, result: ResultT) -> None:
        """Dismisses with `result` once nothing is on top: Textual would close that, and leave this screen open."""
        self._outcome = (result,)
        if self.is_active:
            self.dismiss(result)


class BatchScreen(Finishing[ResultT]):
    """A screen over the whole terminal; subclasses give `compose_body` and set `title_line`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, id="screen.back", tooltip="Back to where you came from"),
        Binding("tab", "app.focus_next", "Next", show=False, id="screen.next", tooltip="To the next panel or field"),
        Binding(
            "shift+tab", "app.focus_previous", "Previous", show=False, id="screen.previous", tooltip="To the one before"
        ),
    ]

    def __init__(self, services: AppServices, *, is_read_only: bool = False) -> None:
        super().__init__()
        self.services = services
        self.is_read_only = is_read_only
        self.title_line = TitleLine(services.account)
        self._dangerous = dangerous_actions(type(self))
        self._has_been_up = False
        self._marked_panel: DOMNode | None = None

    def compose(self) -> ComposeResult:
        self._take_size_classes()
        yield self.title_line
        yield from self.compose_body()
        yield KeyLine()

    def _take_size_classes(self) -> None:
        """The classes of the terminal's size, before anything is styled: added at the first resize, as Textual would,
        they make it style the whole screen once more before it is shown.
        """
        width, height = self.app.size
        horizontal, vertical = self.app.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS
        for size, breakpoints in ((width, horizontal), (height, vertical)):
            fitting = [name for least, name in breakpoints or () if least <= size]
            self.add_class(*fitting[-1:], update=False)

    @on(events.ScreenResume)
    def _is_up(self, event: events.ScreenResume) -> None:
        """As it comes up first it has just been styled, widget by widget: Textual would style it all once more."""
        event.refresh_styles = event.refresh_styles and self._has_been_up
        self._has_been_up = True

    def watch_focused(self, focused: Widget | None) -> None:
        """Marks the panel with the focus in it: `:focus-within` would style all inside it anew with each change."""
        around = () if focused is None else focused.ancestors_with_self
        panel = next((node for node in around if node.has_class("panel")), None)
        changed = [node for node in (self._marked_panel, panel) if node is not None]
        if panel is not self._marked_panel:
            self._marked_panel = panel
            for node in changed:
                node.set_class(node is panel, "-focused", update=False)
            self.app.stylesheet.update_nodes(changed, animate=True)

    def compose_body(self) -> Iterable[Widget]:
        """What stands between title and footer."""
        return ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A dangerous action does not exist while the program is read-only: no key, no footer, no help."""
        return not (self.is_read_only and action in self._dangerous)

    def action_back(self) -> None:
        """One step out: subclasses close what is open first."""
        if len(self.app.screen_stack) > 1 and self._outcome is None:
            self.dismiss()

    def palette_commands(self) -> Iterable[SystemCommand]:
        """What the palette offers beyond the keys, also while another screen is on top."""
        return ()

    def leaving_question(self) -> Question | None:
        """What must be decided before the program ends; None where nothing is lost."""
        return None

    async def may_leave(self, ask: Ask) -> bool:
        """Whether the program may end, as decided now; a screen that offers more than yes and no asks by itself."""
        question = self.leaving_question()
        return question is None or await ask(question)

    @property
    def exit_code(self) -> int:
        """What the program ends with when it is left from here."""
        return 0

    def leave(self) -> None:
        """The program ends: stop what runs on, without waiting for it."""
